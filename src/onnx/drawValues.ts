import { encodeVarints } from '../bytes/varints.js'
import type { Fill } from '../init/fill.js'
import { makeFill } from '../init/makeFill.js'
import { bothWays } from '../init/torch/bothWays.js'
import { Generator as TorchGenerator } from '../init/torch/generator.js'
import type { Filler, FillTarget, Model, PlannedFill, Tensor, Values } from '../types.js'
import { codecs } from './values/dataTypes.js'
import { keepValues } from './keepValues.js'
import type { Place } from './placesOf.js'
import { oldValuesOf } from './oldValuesOf.js'
import { readValues, storedUnits } from './values/readValues.js'

/** 256 KiB of float32. */
export const CHUNK_ELEMENTS = 1 << 16

/**
 * One pass over fills in the order of the plan: each is made again from its initializer and seed, and has the values that it has in every
 * pass. Rules that go by a tensor's old values read the input's.
 */
export function drawPass(model: Model): (fill: PlannedFill) => Fill {
  let generator: TorchGenerator | null = null
  const twoWays = new Map<PlannedFill['bothWays'], ReturnType<typeof bothWays>>()
  return ({ initializer, target, seed, rng, weight, change, part, bothWays: members }) => {
    const old = change?.from ?? weight.tensor
    const values = oldValuesOf(model, initializer, old, weight.quantization)
    if (rng === 'torch') generator ??= new TorchGenerator(BigInt(seed))
    const fill = makeFill(initializer, target, BigInt(seed), rng === 'torch' && generator ? { values, generator } : { values })
    if (members && generator) {
      const fillerOf = twoWays.get(members) ?? bothWays(members, BigInt(seed), generator)
      twoWays.set(members, fillerOf)
      return { ...fill, filler: fillerOf(target) }
    }
    // of integers the codes are kept, not what is drawn for them
    return change?.kind === 'resize' && change.kept.length > 0 && part === undefined
      ? keepValues(fill, change, target.dims, (start, end) => readValues(model, old, start, end))
      : fill
  }
}

/** All values of a fill, in order, in chunks that are good until the next. Only a filler that needs the whole tensor holds it in memory. */
export function* drawValues(filler: Filler, { dataType, elementCount: count }: FillTarget): Generator<Values> {
  const { newValues } = codecs[dataType]
  if (filler.access === 'whole') {
    const all = newValues(count)
    if (count > 0) filler.fill(all)
    for (let at = 0; at < count; at += CHUNK_ELEMENTS) yield all.subarray(at, at + CHUNK_ELEMENTS)
    return
  }
  const buffer = buffers.get(newValues)?.pop() ?? newValues(CHUNK_ELEMENTS)
  try {
    for (let at = 0; at < count; at += CHUNK_ELEMENTS) {
      const values = buffer.subarray(0, count - at)
      if (filler.access === 'random') filler.fill(values, at)
      else filler.next(values)
      yield values
    }
  } finally {
    buffers.set(newValues, [buffer])
  }
}

/** The buffer of a draw that is over serves the next: a hundred thousand small tensors leave no garbage. */
const buffers = new Map<unknown, Values[]>()

/** A piece of a fill's new bytes: they go to `at` of plan.files[file]. */
export interface DrawnBytes {
  readonly file: number
  readonly at: number
  readonly bytes: Uint8Array
}

/** New units of a tensor (drawUnits.ts) for its places, in their order; good until the next. */
export function* drawBytes(units: Iterable<Uint8Array>, tensor: Tensor, places: readonly Place[]): Generator<DrawnBytes> {
  const { byteLength: width, isSigned } = storedUnits(tensor)
  let [element, next, done] = [0, 0, 0]
  for (const fixed of units) {
    const count = fixed.length / width
    for (let from = 0; from < count; ) {
      const { file, at, content } = places[next] as Place
      const to = Math.min(count, content.element + content.elementCount - element)
      const bytes =
        content.encoding === 'varint' ? encodeVarints(fixed, width, from, to, isSigned) : fixed.subarray(from * width, to * width)
      yield { file, at: at + done, bytes }
      done += bytes.length
      from = to
      if (element + to === content.element + content.elementCount) [next, done] = [next + 1, 0]
    }
    element += count
  }
}
