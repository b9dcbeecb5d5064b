import type { Model, Resize, StoredRange, Tensor } from '../../types.js'
import { dataTypes } from '../values/dataTypes.js'
import { storedUnits } from '../values/readValues.js'
import { changedTensor } from '../read/storedTensor.js'

/**
 * A tensor with another size of an axis, whose values are those of the old one again and again along it, but that of `kept` ones: ranges of
 * the input's bytes, which can be read like any tensor's until it is written. Of types below 8 bits, whose entries share bytes, all values come
 * again in their order.
 */
export function resizedTensor(model: Model, tensor: Tensor, axis: number, size: number, kept: Resize['kept'] = []): Tensor {
  const { dims, elements, dataType } = tensor
  const before = dims[axis] ?? 1
  const resized = dims.map((d, i) => (i === axis ? size : d))
  const inner = dims.slice(axis + 1).reduce((n, d) => n * d, 1)
  const outer = dims.slice(0, axis).reduce((n, d) => n * d, 1)
  const after = changedTensor(tensor, { dims: resized, elementCount: outer * size * inner })
  if (elements.kind !== 'stored') return after
  const width = bits.get(dataType) ?? 8
  const byteLength = Math.max(1, width / 8)
  const isSingle = elements.ranges.length > 1 && elements.ranges.every((r) => r.end - r.start === byteLength)
  const cut: Cut = elements.varints
    ? varintCut(model, elements.ranges)
    : isSingle
      ? (from, to) => elements.ranges.slice(from, to)
      : fixedCut(elements.ranges, byteLength)
  const ranges: StoredRange[] = []
  if (width < 8) {
    const [had, need] = [storedUnits(tensor).count, storedUnits(after).count]
    for (let done = 0; done < need; done += had) ranges.push(...cut(0, Math.min(had, need - done)))
  } else {
    const runs = runsOf(before, size, kept)
    for (let o = 0; o < outer; o++)
      for (const [from, to] of runs) ranges.push(...cut((o * before + from) * inner, (o * before + to) * inner))
  }
  return { ...after, elements: { ...elements, ranges } }
}

/** The old indices of each new one, in runs. */
function runsOf(before: number, size: number, kept: Resize['kept']): [from: number, to: number][] {
  const sources = new Map(kept)
  const runs: [number, number][] = []
  for (let i = 0; i < size; i++) {
    const from = sources.get(i) ?? i % before
    const last = runs.at(-1)
    if (last?.[1] === from) last[1]++
    else runs.push([from, from + 1])
  }
  return runs
}

const bits = new Map(Object.values(dataTypes))

/** Where units [from, to) are: elements, or bytes that hold several. */
type Cut = (from: number, to: number) => StoredRange[]

const fixedCut =
  (ranges: readonly StoredRange[], byteLength: number): Cut =>
  (from, to) => {
    const found: StoredRange[] = []
    let [start, end] = [from * byteLength, to * byteLength]
    for (const { file, start: at, end: stop } of ranges) {
      const length = stop - at
      if (start < length && end > 0) found.push({ file, start: at + Math.max(0, start), end: at + Math.min(length, end), frame: null })
      start -= length
      end -= length
    }
    return found
  }

/** Varints have any length: each is looked for. */
function varintCut(model: Model, ranges: readonly StoredRange[]): Cut {
  const each: StoredRange[] = []
  for (const { file, start, end } of ranges) {
    const bytes = model.open(file).read(start, end)
    let from = start
    bytes.forEach((b, i) => {
      if (b > 127) return
      each.push({ file, start: from, end: start + i + 1, frame: null })
      from = start + i + 1
    })
  }
  return (from, to) => joined(each.slice(from, to))
}

function joined(ranges: readonly StoredRange[]): StoredRange[] {
  const found: StoredRange[] = []
  for (const range of ranges) {
    const last = found.at(-1)
    if (last && last.file === range.file && last.end === range.start) found[found.length - 1] = { ...last, end: range.end }
    else found.push(range)
  }
  return found
}
