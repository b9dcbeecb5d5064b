import { usage } from '../errors.js'
import type { Filler, FillTarget } from '../types.js'
import type { Matrices } from './frameworkOrder.js'

/** Places of the ones of torch.nn.init.eye_: the diagonal of each matrix. */
export function eyePlaces({ rows, columns, bases, rowOffsets, columnOffsets }: Matrices): number[] {
  const diagonal = Array.from({ length: Math.min(rows, columns) }, (_, i) => (rowOffsets[i] as number) + (columnOffsets[i] as number))
  return bases.flatMap((base) => diagonal.map((offset) => base + offset))
}

/**
 * Places of the ones of torch.nn.init.dirac_: in each of `groups` runs of the first axis, channel d to channel d at the kernel's centre k//2.
 * @throws ReinitError `usage` unless the tensor has 3 to 5 axes and the first divides into the groups.
 */
export function diracPlaces({ dims, name }: FillTarget, groups: number): number[] {
  if (dims.length < 3 || dims.length > 5)
    throw usage(`dirac needs a convolution's 3 to 5 axes, but tensor ${JSON.stringify(name)} is [${dims.join(', ')}].`)
  const [outer, inner, ...kernel] = dims as [number, number, ...number[]]
  if (outer % groups !== 0) throw usage(`dirac: ${outer} channels of tensor ${JSON.stringify(name)} don't divide into ${groups} groups.`)
  const perGroup = outer / groups
  const places: number[] = []
  for (let g = 0; g < groups; g++)
    for (let d = 0; d < Math.min(perGroup, inner); d++)
      places.push(kernel.reduce((at, size) => at * size + Math.floor(size / 2), (g * perGroup + d) * inner + d))
  return places
}

/** `value` at the places, which ascend or not, and zero elsewhere. */
export function placed(places: readonly number[], value: number): Filler {
  const sorted = Float64Array.from(places).sort()
  return {
    access: 'random',
    fill: (out, start) => {
      out.fill(0)
      for (let k = firstFrom(sorted, start); k < sorted.length && (sorted[k] as number) < start + out.length; k++)
        out[(sorted[k] as number) - start] = value
    },
  }
}

function firstFrom(sorted: Float64Array, start: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) < start) low = middle + 1
    else high = middle
  }
  return low
}
