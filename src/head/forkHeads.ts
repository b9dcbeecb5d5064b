import { type Forked, forkWeight } from '../ops/forkWeight.js'
import type { Model, Weight } from '../types.js'

/**
 * Weights of heads that share their tensor with other layers or nodes, each with one of its own.
 * @throws ReinitError `conflict` as forkWeight does.
 */
export function forkHeads(model: Model, weights: Iterable<Weight>): ReadonlyMap<Weight, Forked> {
  const forks = new Map<Weight, Forked>()
  for (const weight of weights) {
    const heads = weight.uses.filter((u) => u.head && u.fan)
    const isShared = weight.readers.length > 0 || weight.uses.some((u) => u.node !== heads[0]?.node)
    if (heads.length > 0 && isShared) forks.set(weight, forkWeight(model, weight, new Set(heads.map((u) => u.layer))))
  }
  return forks
}
