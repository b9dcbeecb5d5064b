import type { Values } from '../types.js'
import type { Facts } from './facts.js'
import { type Open, pieces } from './heldNumbers.js'

/**
 * A tensor's values without their order, scale and shift: standardized by their mean and deviation; up to SORTED values sorted, of more how
 * many fall into each of BINS bins: sixteen an octave and sign, from 2⁻⁸ to 2⁸ deviations.
 */
export type Multiset =
  | { readonly kind: 'sorted'; readonly values: Float32Array }
  | { readonly kind: 'counted'; readonly counts: Uint32Array }

export const SORTED = 4096
/** Of fewer, scale and shift leave too little to compare. */
export const FEWEST_VALUES = 8
const BINS = 512
/** Of single precision's bits: the exponent and four bits of the mantissa, less those of 2⁻⁸. */
const SHIFT = 19
const LOWEST = (127 - 8) << 4

/** Ends of what is standardized; nearer than this, to their size, they may be those of one set that was rounded to a half type. */
const NEAR_ENDS = 0.02

/** Whether two sets can agree at all: their ends do, in deviations, as they are or mirrored. */
export function mayAgree({ moments: a }: Facts, { moments: b }: Facts): boolean {
  const [least, greatest] = [(a.min - a.mean) / a.std, (a.max - a.mean) / a.std]
  const [low, high] = [(b.min - b.mean) / b.std, (b.max - b.mean) / b.std]
  const isNear = (x: number, y: number) => Math.abs(x - y) <= NEAR_ENDS * Math.max(Math.abs(x), Math.abs(y))
  return (isNear(least, low) && isNear(greatest, high)) || (isNear(least, -high) && isNear(greatest, -low))
}

export function multisetOf({ tensor, moments }: Facts, open: Open): Multiset {
  const isSorted = tensor.elementCount <= SORTED
  const out = isSorted ? new Float32Array(tensor.elementCount) : new Uint32Array(BINS)
  const factor = 1 / moments.std
  for (const { start, values } of pieces(tensor, open)) {
    if (out instanceof Float32Array)
      for (let i = 0; i < values.length; i++) out[start + i] = ((values[i] as number) - moments.mean) * factor
    else count(values, moments.mean, factor, out)
  }
  return out instanceof Float32Array ? { kind: 'sorted', values: out.sort() } : { kind: 'counted', counts: out }
}

function count(values: Values, mean: number, factor: number, counts: Uint32Array): void {
  const half = BINS / 2
  const floats = new Float32Array(1)
  const words = new Uint32Array(floats.buffer)
  for (let i = 0; i < values.length; i++) {
    floats[0] = ((values[i] as number) - mean) * factor
    const word = words[0] as number
    const size = ((word & 0x7fffffff) >>> SHIFT) - LOWEST
    const distance = size < 0 ? 0 : size >= half ? half - 1 : size
    const bin = word >= 0x80000000 ? half - 1 - distance : half + distance
    counts[bin] = (counts[bin] as number) + 1
  }
}

/**
 * Whether two multisets agree better than samples of one distribution do but for one case in 1/p. Sorted: n times the mean squared distance
 * of n standardized order statistics has n − 2 dimensions; it was below 0.2·p^(2/(n−2)) in a share of p of 10⁶ pairs of normal, uniform and
 * Laplace samples or fewer, n from 8 to 4,096, p ≥ 10⁻⁵; beyond, for large n it falls as e^(−2.75/x): 0.05 leaves room to 10⁻²⁰. Counted:
 * Σ(a−b)²/(a+b) is χ² with as many degrees as bins hold something; below 0.3 of them, of 100 or more, is a case in 10¹².
 */
export function agree(a: Multiset, b: Multiset, p: number): 'same' | 'mirrored' | null {
  if (a.kind === 'sorted' && b.kind === 'sorted') {
    const n = a.values.length
    const limit = 0.05 * p ** (2 / (n - 2))
    if (distance(a.values, b.values, 1, limit) < limit) return 'same'
    return distance(a.values, b.values, -1, limit) < limit ? 'mirrored' : null
  }
  if (a.kind !== 'counted' || b.kind !== 'counted') return null
  return isClose(a.counts, b.counts, false) ? 'same' : isClose(a.counts, b.counts, true) ? 'mirrored' : null
}

function distance(a: Float32Array, b: Float32Array, sign: 1 | -1, enough: number): number {
  let sum = 0
  const last = b.length - 1
  for (let i = 0; i < a.length && sum < enough; i++) {
    const d = (a[i] as number) - sign * (b[sign === 1 ? i : last - i] as number)
    sum += d * d
  }
  return sum
}

const FEWEST_BINS = 100

function isClose(a: Uint32Array, b: Uint32Array, isMirrored: boolean): boolean {
  let [chi, bins] = [0, 0]
  for (let i = 0; i < BINS; i++) {
    const x = a[i] as number
    const y = b[isMirrored ? BINS - 1 - i : i] as number
    if (x + y === 0) continue
    bins++
    chi += ((x - y) * (x - y)) / (x + y)
  }
  return bins >= FEWEST_BINS && chi < 0.3 * bins
}
