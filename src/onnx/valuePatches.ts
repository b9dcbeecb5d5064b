import { varintsLength } from '../bytes/varints.js'
import type { FramedPatch, Model, PlannedFill } from '../types.js'
import { codecs } from './dataTypes.js'
import { drawPass, drawValues } from './drawValues.js'
import type { ValuePatch } from './placeData.js'
import { elementCounts } from './readValues.js'

/**
 * The new values of a plan's fill `index`, one patch a range of its tensor.
 * @throws ReinitError `invalid` where the tensor has not the values that its dims ask for.
 */
export function valuePatches(model: Model, fill: PlannedFill, index: number): ValuePatch[] {
  const { tensor } = fill.weight
  if (tensor.elements.kind !== 'stored') return []
  const { ranges, varints } = tensor.elements
  const counts = elementCounts(tensor, (file) => model.open(file))
  const lengths = varints ? varintLengths(model, fill, counts) : ranges.map((r) => r.end - r.start)
  let next = 0
  return ranges.flatMap(({ file, start, end, frame }, i) => {
    const elementCount = counts[i] as number
    const element = next
    next += elementCount
    if (elementCount === 0) return []
    const content = { kind: 'values', fill: index, element, elementCount, encoding: varints ? 'varint' : 'fixed' } as const
    const patch: FramedPatch = { start, end, byteLength: lengths[i] as number, content, frame }
    return [{ tensor, file, patch }]
  })
}

/** Bytes that each range's new values take as varints: they are drawn to know. */
function varintLengths(model: Model, fill: PlannedFill, counts: readonly number[]): number[] {
  const { byteLength: width, encode } = codecs[fill.target.dataType]
  const lengths = counts.map(() => 0)
  let range = 0
  let left = counts[0] ?? 0
  for (const values of drawValues(drawPass(model)(fill).filler, fill.target)) {
    const fixed = encode(values)
    for (let from = 0; from < values.length; ) {
      while (left === 0) left = counts[++range] as number
      const to = Math.min(values.length, from + left)
      lengths[range] = (lengths[range] as number) + varintsLength(fixed, width, from, to)
      left -= to - from
      from = to
    }
  }
  return lengths
}
