import { varintsLength } from '../bytes/varints.js'
import type { FramedPatch, Model, PlannedFill, TensorChange, ValueEncoding } from '../types.js'
import { unitsPass } from './drawUnits.js'
import { insertTensor } from './edit/insertTensor.js'
import type { ValuePatch } from './edit/valuePatch.js'
import { elementCounts, storedUnits } from './values/readValues.js'
import { rewriteTensor } from './edit/rewriteTensor.js'

/**
 * The new values of a plan's fills, one patch a range of each tensor. Where values are stored as varints their lengths tell only when they
 * are drawn; PyTorch's sequence then takes all fills in their order. `keepsFrames`: the patches may get another length yet.
 * @throws ReinitError `invalid` where a tensor has not the values that its dims ask for.
 */
export function valuePatches(model: Model, fills: readonly PlannedFill[], keepsFrames = false): ValuePatch[] {
  const units = unitsPass(model)
  const isInOrder = fills.some((fill) => fill.rng === 'torch') && fills.some(isVarints)
  return fills.flatMap((fill, i) => {
    if (isInOrder && !isVarints(fill)) drawOver(units(fill))
    return patchesOf(model, fill, i, units, keepsFrames)
  })
}

const isVarints = ({ change, weight: { tensor } }: PlannedFill) => !change && tensor.elements.kind === 'stored' && tensor.elements.varints

function drawOver(units: Iterable<Uint8Array>): void {
  const iterator = units[Symbol.iterator]()
  while (!iterator.next().done);
}

type Units = ReturnType<typeof unitsPass>

function patchesOf(model: Model, fill: PlannedFill, index: number, units: Units, keepsFrames: boolean): ValuePatch[] {
  const { tensor } = fill.weight
  if (fill.change) return changePatches(model, fill, fill.change, index)
  if (tensor.elements.kind !== 'stored') return []
  const { ranges, varints } = tensor.elements
  const counts = elementCounts(tensor, (file) => model.open(file))
  const lengths = varints ? varintLengths(fill, counts, units) : ranges.map((r) => r.end - r.start)
  let next = 0
  return ranges.flatMap(({ file, start, end, frame }, i) => {
    const elementCount = counts[i] as number
    const element = next
    next += elementCount
    if (elementCount === 0) return []
    const byteLength = lengths[i] as number
    const inPlace = new ValuesInPlace(start, end, index, element, elementCount, varints ? 'varint' : 'fixed')
    const isInPlace = file === '' && byteLength === end - start && !keepsFrames
    return [{ tensor, file, patch: isInPlace ? inPlace : { start, end, byteLength, content: inPlace.content, frame } }]
  })
}

/** A patch of the model that keeps its length, so that no message around it changes: small, as most are of this kind. Not to be spread. */
class ValuesInPlace implements FramedPatch {
  constructor(
    readonly start: number,
    readonly end: number,
    private readonly fill: number,
    private readonly element: number,
    private readonly elementCount: number,
    private readonly encoding: ValueEncoding,
  ) {}
  get byteLength() {
    return this.end - this.start
  }
  get content() {
    const { fill, element, elementCount, encoding } = this
    return { kind: 'values' as const, fill, element, elementCount, encoding }
  }
  get frame() {
    return null
  }
}

/** All values of a tensor that is new, or gets another size, as raw_data has them. */
function changePatches(model: Model, fill: PlannedFill, change: TensorChange, index: number): ValuePatch[] {
  const { byteLength: width, count: elementCount } = storedUnits(fill.weight.tensor)
  const byteLength = elementCount * width
  const content = { kind: 'values', fill: index, element: 0, elementCount, encoding: 'fixed' } as const
  if (change.kind === 'resize') return rewriteTensor(model, change.from, fill.weight.tensor.dims, [{ byteLength, content }])
  return insertTensor(model, fill, change, { byteLength, content }).map((patch) => ({ tensor: change.from, file: '', patch }))
}

/** Bytes that each range's new values take as varints: they are drawn to know. */
function varintLengths(fill: PlannedFill, counts: readonly number[], units: Units): number[] {
  const { byteLength: width, isSigned } = storedUnits(fill.weight.tensor)
  const lengths = counts.map(() => 0)
  let range = 0
  let left = counts[0] ?? 0
  for (const fixed of units(fill)) {
    const count = fixed.length / width
    for (let from = 0; from < count; ) {
      while (left === 0) left = counts[++range] as number
      const to = Math.min(count, from + left)
      lengths[range] = (lengths[range] as number) + varintsLength(fixed, width, from, to, isSigned)
      left -= to - from
      from = to
    }
  }
  return lengths
}
