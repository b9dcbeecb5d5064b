import { correlate, isUnlikely } from './correlate.js'
import { type Facts, type InputFacts, isVaried } from './facts.js'
import type { Open } from './heldNumbers.js'
import { agree, FEWEST_VALUES, mayAgree, type Multiset, multisetOf } from './multiset.js'
import { orderCount, positions, type Sample, samplesOf } from './samples.js'
import type { Tensor } from '../types.js'

/** A tensor of the output that was made from one of the input, and how that shows. */
export interface Like {
  readonly before: InputFacts
  readonly after: Facts
  readonly kind: 'shuffled' | 'correlated'
  readonly what: string
}

/** Numbers of each tensor that go into a comparison with all others, and products in all of one group's: a second or two. */
const MOST_SAMPLED = 4096
const FEWEST_SAMPLED = 256
const MOST_PRODUCTS = 1e9
/** Of more pairs, each tensor is compared with those that stand nearest in the file. */
const MOST_PAIRS = 1e6
const NEAREST = 32

/** Tensors of one size, of the input and of the output, each with its place in the file among them. */
export interface Group {
  readonly before: readonly InputFacts[]
  readonly after: readonly Facts[]
}

/** The comparisons that a group takes. */
export function comparisonsOf({ before, after }: Group): number {
  const others = pairsOf(before.length, after.length)
  return before.reduce((sum, { tensor }) => sum + others * (2 + orderCount(tensor.dims)), 0)
}

const pairsOf = (before: number, after: number) => (before * after > MOST_PAIRS ? Math.min(after, 2 * NEAREST + 1) : after)

/**
 * Compares every tensor of the input with every one of the output of its size, wherever it is: the same numbers in another order, also scaled,
 * shifted or negated, and a copy scaled, shifted, negated or with its axes in another order. `places`: the one in its own place, whose
 * elements were compared already. `p`: the chance that one comparison may have. `needed`: bits that an order-less set has to say.
 */
export function groupLikes(
  { before, after }: Group,
  places: ReadonlyMap<Tensor, Tensor>,
  opens: readonly [Open, Open],
  p: number,
  needed: number,
): Like[] {
  const spread = (f: Facts) => f.moments.std > 0 && Number.isFinite(f.moments.std) && f.tensor.elementCount >= FEWEST_VALUES
  const olds = before.filter(spread)
  const news = after.filter((f) => spread(f) && isVaried(f))
  const likes: Like[] = []
  if (olds.length === 0 || news.length === 0) return likes
  const { elementCount } = (olds[0] as Facts).tensor
  const pairs = olds.length * pairsOf(olds.length, news.length)
  const orders = Math.max(...olds.map(({ tensor }) => orderCount(tensor.dims)))
  const sampled = Math.max(FEWEST_SAMPLED, Math.min(MOST_SAMPLED, Math.floor(MOST_PRODUCTS / (pairs * orders))))
  const at = positions(elementCount, sampled)
  const make = (facts: Facts): Drawn => ({
    facts,
    multiset: once(() => multisetOf(facts, opens[1])),
    sample: samplesOf(facts.tensor, at, opens[1], false)[0] as Sample,
  })
  const isAll = pairs === olds.length * news.length
  const drawn = new Map<number, Drawn>()
  olds.forEach((old, i) => {
    const near = Math.floor((i * news.length) / olds.length)
    const [first, end] = isAll ? [0, news.length] : [Math.max(0, near - NEAREST), Math.min(news.length, near + NEAREST + 1)]
    drawn.delete(first - 1)
    const multiset = once(() => multisetOf(old, opens[0]))
    const samples = samplesOf(old.tensor, at, opens[0], true)
    for (let k = first; k < end; k++) {
      const other = drawn.get(k) ?? make(news[k] as Facts)
      drawn.set(k, other)
      const found = likeness(old, multiset, samples, other, places.get(old.tensor) === other.facts.tensor, p, needed)
      if (found) likes.push({ before: old, after: other.facts, ...found })
    }
  })
  return likes
}

interface Drawn {
  readonly facts: Facts
  readonly multiset: () => Multiset
  readonly sample: Sample
}

function likeness(
  old: InputFacts,
  multiset: () => Multiset,
  samples: readonly Sample[],
  { facts: drawn, multiset: other, sample }: Drawn,
  isInPlace: boolean,
  p: number,
  needed: number,
): Pick<Like, 'kind' | 'what'> | null {
  for (const { order, values } of samples) {
    if (isInPlace && order === '') continue
    const own = correlate(values, sample.values)
    if (isUnlikely(own, p)) return { kind: 'correlated', what: `${order === '' ? '' : `${order}: `}${shownCorrelation(own.r)}` }
  }
  if (old.unordered !== null && old.unordered < needed) return null
  if (old.sum === drawn.sum) return { kind: 'shuffled', what: 'the same values in another order' }
  const agreed = mayAgree(old, drawn) ? agree(multiset(), other(), p) : null
  if (agreed === null) return null
  return {
    kind: 'shuffled',
    what: `the same values in another order, ${agreed === 'same' ? 'scaled or shifted' : 'negated, perhaps scaled or shifted'}`,
  }
}

export const shownCorrelation = (r: number) => `correlation ${r < 0 ? '−' : ''}${Math.abs(r).toFixed(Math.abs(r) < 0.1 ? 4 : 3)}`

/** Made when it is asked for, and kept. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
