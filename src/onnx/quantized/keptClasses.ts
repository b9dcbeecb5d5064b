import { scaleCount } from '../../init/quantize.js'
import type { Codes, Quantization, Values } from '../../types.js'
import { codeReader, dequantizedReader, type Open, packingOf, readScales, readZeros } from './steps.js'

/** Whether kept classes have scales in common with others: then all of these stay. */
export const sharesScales = ({ kept }: Quantization): boolean =>
  kept !== undefined && Math.ceil((kept.of.dims[kept.axis] ?? 1) / (kept.of.blocks[kept.axis] ?? 1)) === 1

/** Puts old values in the place of those that were drawn for kept classes, and old codes in the place of theirs; null: none is kept. */
export function keptCodes(quantization: Quantization, open: Open) {
  const { kept, dims } = quantization
  if (!kept) return null
  const codes = codeReader(kept.tensor, packingOf(kept.tensor, kept.of), open)
  const values = dequantizedReader(kept.tensor, kept.of, open)
  const runs = (start: number, length: number) => keptRuns(dims, kept.of.dims[kept.axis] ?? 1, kept, start, length)
  return {
    /** `start`: of the chunk. A new list: what is drawn stays. */
    values(start: number, drawn: Values): Values {
      const out = drawn.slice()
      for (const { at, from, length } of runs(start, out.length)) out.set(values(from, from + length), at - start)
      return out
    },
    codes(start: number, out: Int32Array): void {
      for (const { at, from, length } of runs(start, out.length)) out.set(codes(from, from + length), at - start)
    },
  }
}

/** New scales, with those of kept classes as they were. */
export function keptScales(quantization: Quantization, scales: Float64Array, open: Open): Float64Array {
  const { kept } = quantization
  if (!kept || kept.of.scales.length === 0 || sharesScales(quantization)) return scales
  return restored(quantization, scales, readScales(kept.of, open))
}

/** New zero points, with those of kept classes as they were; one for all where it is so. */
export function keptZeros(quantization: Quantization, zeros: Float64Array, open: Open): Float64Array {
  const { kept } = quantization
  const old = kept ? readZeros(kept.of, kept.of.zeroPoints[0], open) : zeros
  return old.length === 1 || !kept ? zeros : restored(quantization, zeros, old)
}

/** Why one zero point for all, or one a class, can't move; `movable` where nothing is kept. */
export function movableKept({ quantization }: Codes, movable: true | string, open: Open): true | string {
  const { kept } = quantization
  const isOne = kept && readZeros(kept.of, kept.of.zeroPoints[0], open).length === 1
  return isOne && movable === true ? 'classes that are kept have it too' : movable
}

function restored({ dims, blocks, kept }: Quantization, numbers: Float64Array, old: Float64Array): Float64Array {
  const out = new Float64Array(scaleCount({ dims, blocks }))
  if (numbers.length === 1) out.fill(numbers[0] as number)
  else out.set(numbers)
  if (!kept) return out
  const gridOf = (list: readonly number[], sizes: readonly number[]) => list.map((d, i) => Math.ceil(d / (sizes[i] as number)))
  const before = gridOf(kept.of.dims, kept.of.blocks)[kept.axis] ?? 1
  for (const { at, from, length } of keptRuns(gridOf(dims, blocks), before, kept, 0, out.length))
    out.set(old.subarray(from, from + length), at)
  return out
}

/**
 * What of the entries [start, start + length) of a row-major array of `dims` is of a kept index of the axis: runs from `at` on, which were
 * from `from` on when the axis had `before` entries.
 */
function* keptRuns(
  dims: readonly number[],
  before: number,
  { axis, pairs }: NonNullable<Quantization['kept']>,
  start: number,
  length: number,
): Generator<{ readonly at: number; readonly from: number; readonly length: number }> {
  const inner = dims.slice(axis + 1).reduce((n, d) => n * d, 1)
  const size = dims[axis] ?? 1
  const sources = new Map(pairs)
  const end = start + length
  for (let row = Math.floor(start / inner); row * inner < end; row++) {
    const source = sources.get(row % size)
    if (source === undefined) continue
    const [at, stop] = [Math.max(start, row * inner), Math.min(end, (row + 1) * inner)]
    const from = (Math.floor(row / size) * before + source) * inner + at - row * inner
    yield { at, from, length: stop - at }
  }
}
