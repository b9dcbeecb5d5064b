import type { AuditLeak, Tensor } from '../types.js'
import { RUN } from './blocks.js'
import { compareInPlace, rowLength } from './compareInPlace.js'
import { isUnlikely } from './correlate.js'
import { jointChance, nearness } from './extremes.js'
import { type Facts, factsOf, type InputFacts, isVaried } from './facts.js'
import { comparisonsOf, type Group, groupLikes, type Like, shownCorrelation } from './groupLikes.js'
import type { Open } from './heldNumbers.js'
import { CHANCE_BITS } from './judge.js'

/** A leak of one tensor of the input. */
export interface TensorLeak extends Omit<AuditLeak, 'name' | 'scope'> {
  readonly tensor: Tensor
}

export interface Comparison {
  readonly leaks: readonly TensorLeak[]
  /** Of all tensors together. */
  readonly joint: readonly Omit<AuditLeak, 'name' | 'scope'>[]
  readonly comparisons: number
}

/** Compares the tensors that were learned with those of the output of their size; each gives one leak at most, the plainest. */
export async function compareAll(
  learned: readonly InputFacts[],
  output: readonly Tensor[],
  places: ReadonlyMap<Tensor, Tensor>,
  opens: readonly [Open, Open],
  pace: (bytes: number) => Promise<void>,
): Promise<Comparison> {
  const sizes = new Set(learned.map((f) => f.tensor.elementCount))
  const news: Facts[] = []
  for (const tensor of output) {
    if (!sizes.has(tensor.elementCount)) continue
    news.push(factsOf(tensor, opens[1]))
    await pace(4 * tensor.elementCount)
  }
  const groups = groupsOf(learned, news)
  const long = groups.filter(({ before }) => (before[0] as Facts).tensor.elementCount >= RUN)
  const rows = learned.reduce((sum, { tensor }) => sum + Math.ceil(tensor.elementCount / rowLength(tensor)) + 1, 0)
  const comparisons = rows + long.reduce((sum, group) => sum + comparisonsOf(group), 0)
  const p = 2 ** -CHANCE_BITS / Math.max(1, comparisons)
  const factsByTensor = new Map(news.map((f) => [f.tensor, f]))
  const leaks = new Map<Tensor, TensorLeak>()
  const placeOf = (old: Facts) => factsByTensor.get(places.get(old.tensor) as Tensor)
  for (const old of learned) {
    const after = placeOf(old)
    const leak = after ? inPlace(old, after, opens, p) : null
    if (leak) leaks.set(old.tensor, leak)
    await pace(4 * old.tensor.elementCount)
  }
  const needed = CHANCE_BITS + Math.log2(Math.max(1, comparisons))
  for (const group of groups) {
    const likes = long.includes(group) ? groupLikes(group, places, opens, p, needed) : shortLikes(group, places, needed)
    for (const { before, after, kind, what } of likes) {
      if (leaks.has(before.tensor)) continue
      const where = places.get(before.tensor) === after.tensor ? '' : `, as tensor ${JSON.stringify(after.tensor.name)}`
      leaks.set(before.tensor, { ...leakOf(before, after, kind), what: what + where })
    }
    await pace(0)
  }
  const near: Near = { extremes: 0, moments: 0, tensors: 0 }
  for (const old of learned) {
    const after = placeOf(old)
    if (!after || leaks.has(old.tensor) || old.tensor.elementCount < RUN || !isVaried(after)) continue
    const leak = nearLeak(old, after, learned.length, near)
    if (leak) leaks.set(old.tensor, leak)
  }
  return { leaks: [...leaks.values()], joint: jointLeaks(near), comparisons }
}

function groupsOf(before: readonly InputFacts[], after: readonly Facts[]): Group[] {
  const groups = new Map<number, { before: InputFacts[]; after: Facts[] }>()
  for (const facts of before) {
    const { elementCount } = facts.tensor
    const group = groups.get(elementCount) ?? { before: [], after: [] }
    groups.set(elementCount, group)
    group.before.push(facts)
  }
  for (const facts of after) groups.get(facts.tensor.elementCount)?.after.push(facts)
  return [...groups.values()]
}

function leakOf(old: Facts, after: Facts, kind: AuditLeak['kind']): Omit<TensorLeak, 'what'> {
  const { elements } = after.tensor
  const first = elements.kind === 'stored' ? elements.ranges[0] : undefined
  return { tensor: old.tensor, kind, file: first?.file ?? null, byte: first?.start ?? null, elementCount: old.tensor.elementCount }
}

/** What a tensor has in common with the one in its place. */
function inPlace(old: InputFacts, after: Facts, opens: readonly [Open, Open], p: number): TensorLeak | null {
  const { equal, whole, rows } = compareInPlace(old, after, opens, p)
  if (equal === old.tensor.elementCount) return { ...leakOf(old, after, 'equal'), what: 'all values are as they were' }
  if (old.tensor.elementCount < RUN || !isVaried(after)) return null
  if (isUnlikely(whole, p)) return { ...leakOf(old, after, 'correlated'), what: `${shownCorrelation(whole.r)} with the old values` }
  if (!rows) return null
  const { start, length, count, r } = rows
  const what = `values ${start} to ${start + length - 1}: ${shownCorrelation(r)} with the old ones${count > 1 ? `, and ${count - 1} more rows` : ''}`
  return { ...leakOf(old, after, 'correlated'), what, elementCount: count * length }
}

interface Near {
  extremes: number
  moments: number
  tensors: number
}

/** Extremes or moments that are too near; those of which one tensor alone can't tell add up in `near`. */
function nearLeak(old: Facts, after: Facts, tensors: number, near: Near): TensorLeak | null {
  const { extremes, moments } = nearness(old, after)
  const p = 2 ** -CHANCE_BITS / tensors
  if (jointChance(extremes, 1) < p)
    return { ...leakOf(old, after, 'extremes'), what: 'the least and the greatest value are nearly those of before', elementCount: 2 }
  if (jointChance(moments, 1) < p)
    return { ...leakOf(old, after, 'moments'), what: 'mean and deviation are nearly those of before', elementCount: 2 }
  near.tensors++
  near.extremes += extremes
  near.moments += moments
  return null
}

/** What no tensor shows alone, and all together do. */
function jointLeaks(near: Near): Comparison['joint'] {
  const named = { extremes: 'the least and the greatest values', moments: 'means and deviations' } as const
  return (['extremes', 'moments'] as const).flatMap((kind) => {
    if (near.tensors < 2 || jointChance(near[kind], near.tensors) >= 2 ** -CHANCE_BITS) return []
    const what = `${named[kind]} of ${near.tensors} tensors, taken together, are nearer to the old ones than chance brings them`
    return [{ kind, what, file: null, byte: null, elementCount: 2 * near.tensors }]
  })
}

/** Lists shorter than a run: the same values, in any order. */
function shortLikes({ before, after }: Group, places: ReadonlyMap<Tensor, Tensor>, needed: number): Like[] {
  return before.flatMap((old) => {
    const same = after.filter((f) => f.sum === old.sum)
    const like = same.find((f) => f.tensor === places.get(old.tensor)) ?? (old.bits >= needed ? same[0] : undefined)
    return like ? [{ before: old, after: like, kind: 'shuffled' as const, what: 'the same values in another order' }] : []
  })
}
