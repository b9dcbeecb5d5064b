import type { Filler, FillTarget, InitializerSpec, Values } from '../../types.js'
import { makeFill } from '../makeFill.js'
import type { Generator } from './generator.js'

/** A tensor [2, …] of an operator that runs both ways, and its rule. */
export interface BothWays {
  readonly target: FillTarget
  readonly initializer: InitializerSpec
}

/**
 * Fillers of an operator that runs both ways, in torch's sequence: all parameters of one direction, then all of the other. The first that is
 * used draws for all, and each is used once.
 */
export function bothWays(members: readonly BothWays[], seed: bigint, generator: Generator): (target: FillTarget) => Filler {
  let drawn: Map<FillTarget, Values> | null = null
  return (target) => ({
    access: 'whole',
    fill: (out) => {
      drawn ??= drawAll(members, seed, generator)
      out.set(drawn.get(target) ?? [])
      drawn.delete(target)
    },
  })
}

function drawAll(members: readonly BothWays[], seed: bigint, generator: Generator): Map<FillTarget, Values> {
  const drawn = new Map<FillTarget, Values>()
  for (const { target } of members)
    drawn.set(target, target.dataType === 'DOUBLE' ? new Float64Array(target.elementCount) : new Float32Array(target.elementCount))
  for (const direction of [0, 1])
    for (const { target, initializer } of members) {
      const elementCount = target.elementCount / 2
      const { filler } = makeFill(initializer, { ...target, dims: [1, ...target.dims.slice(1)], elementCount }, seed, { generator })
      const values = drawn.get(target)?.subarray(direction * elementCount, (direction + 1) * elementCount) as Values
      if (filler.access === 'random') filler.fill(values, 0)
      else if (filler.access === 'sequential') filler.next(values)
      else filler.fill(values)
    }
  return drawn
}
