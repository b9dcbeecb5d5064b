import type { Check, Distribution, FloatType, Moments, Values } from '../types.js'
import { check } from './check.js'
import type { Bins } from './kernel/compiledMeasure.js'
import { measure } from './measure.js'
import { chiSquareLimits, normalBelow, normalLimit } from './quantiles.js'
import { roundTo } from './roundTo.js'

export interface Accumulator {
  /** The next values, in any chunks. */
  add(this: void, values: Values): void
  /** Once, in the end. */
  finish(this: void): { readonly moments: Moments; readonly checks: readonly Check[] }
}

/** Error rate of a test: four of them make one false alarm in 10⁶ tensors. */
const ALPHA = 2.5e-7
/** √(2·ln(2/α)), Hoeffding's bound, which holds at any n for each of the distributions. */
const MEAN_LIMIT = 5.64
/** P(|N(0,1)| > 5.16) = α. */
const VARIANCE_LIMIT = 5.16
/** √(ln(2/α)/2): Massart 1990's constant of the Dvoretzky–Kiefer–Wolfowitz inequality. */
const SHAPE_LIMIT = 2.819
/** Fewer values say nothing of the variance of what is not normal. */
const FEWEST = 30
/** Half types put many draws on one value: the largest share of a distribution that falls on one (Kolmogorov–Smirnov's D grows by it). */
const ATOM: Readonly<Record<FloatType, number>> = { FLOAT: 0, DOUBLE: 0, FLOAT16: 2 ** -11, BFLOAT16: 2 ** -8 }
/** Relative rounding error. */
const EPSILON: Readonly<Record<FloatType, number>> = { FLOAT: 2 ** -24, DOUBLE: 2 ** -24, FLOAT16: 2 ** -11, BFLOAT16: 2 ** -8 }
/** torch's uniform replaces b by a, which rounding to a half type makes frequent: shift of the mean in deviations. */
const REPLACED: Readonly<Record<FloatType, number>> = {
  FLOAT: 0,
  DOUBLE: 0,
  FLOAT16: 2 * Math.sqrt(3) * 2 ** -12,
  BFLOAT16: 2 * Math.sqrt(3) * 2 ** -9,
}
/** Distance of neighbours: to their size, and at least. */
const SPACING: Readonly<Record<FloatType, readonly [relative: number, least: number]>> = {
  FLOAT: [2 ** -23, 2 ** -149],
  DOUBLE: [2 ** -23, 2 ** -149],
  FLOAT16: [2 ** -10, 2 ** -24],
  BFLOAT16: [2 ** -7, 2 ** -133],
}
/** Roundings this fine, in deviations, don't shift a mean: what they take on one side they give on the other. */
const FINE = 0.5
/** The highest density of each distribution of deviation 1, or more. */
const PEAK: Readonly<Record<string, number>> = { normal: 0.4, uniform: 0.29, truncated_normal: 1 }

/** The four tests of what is drawn from a distribution that spreads. `expected`: how many values come; null where only they tell. */
export function testRandom(distribution: Distribution, dataType: FloatType, expected: number | null): Accumulator {
  const bins = binsOf(distribution)
  const all = measure(bins)
  let n = 0
  return {
    add: (values) => {
      n += values.length
      all.add(values)
    },
    finish: () => {
      const moments = all.finish()
      const count = expected ?? n
      const checks = count === 0 ? [] : test(distribution, dataType, count, moments, bins.counts)
      spare = bins.counts
      return { moments, checks }
    },
  }
}

function test(d: Distribution, dataType: FloatType, n: number, { mean, std, min, max }: Moments, counts: Uint32Array): Check[] {
  const root = Math.sqrt(n)
  const x = (mean - d.mean) / d.std
  // what the type's spacing adds where it is no small part of the deviation: far from zero, or among subnormals
  const [relative, least] = SPACING[dataType]
  const step = (relative * Math.abs(d.mean) + least) / d.std
  const shift = step < FINE ? 0 : step
  const replaced = d.family === 'uniform' ? REPLACED[dataType] : 0
  const checks = [check('mean', Math.abs(x) * root, MEAN_LIMIT + (replaced + shift) * root)]
  const second = (std / d.std) ** 2 + x * x
  const rounding = (step * step) / 12 + shift
  if (d.family === 'normal') {
    const { low, high } = chiSquareLimits(n, ALPHA)
    const scale = Math.sqrt(n / 2)
    checks.push(check('variance', Math.abs(second - 1) * scale, ((second < 1 ? 1 - low : high - 1) + rounding) * scale))
  } else if (n >= FEWEST) {
    const scale = Math.sqrt(n / (kurtosis(d) - 1))
    checks.push(check('variance', Math.abs(second - 1) * scale, VARIANCE_LIMIT * (1 + 3 / root) + rounding * scale))
  }
  const atom = ATOM[dataType] + step * (PEAK[d.family] ?? 1)
  checks.push(check('shape', largestDistance(d, counts, n), SHAPE_LIMIT / root + atom))
  checks.push(range(d, dataType, n, min, max, step))
  return checks
}

/** The farthest value from the middle; a bound counts as the type rounds it, a cut one with two roundings of float32 on top. */
function range(d: Distribution, dataType: FloatType, n: number, min: number, max: number, step: number): Check {
  if (d.min === null || d.max === null) {
    const farthest = Math.max(max - d.mean, d.mean - min) / d.std
    return check('range', farthest, normalLimit(ALPHA / n) * (1 + EPSILON[dataType]) + step)
  }
  const bound = (value: number, outward: number) => {
    const slack = d.family === 'uniform' ? 0 : Math.abs(value) * 2 ** -22
    const widest = outward * Math.max(outward * Math.fround(value + outward * slack), outward * value)
    return roundTo(dataType, widest)
  }
  const middle = (d.min + d.max) / 2
  return check('range', Math.max(max - middle, middle - min), Math.max(bound(d.max, 1) - middle, middle - bound(d.min, -1)))
}

/** E(x−µ)⁴/σ⁴. */
function kurtosis(d: Distribution): number {
  if (d.family === 'uniform') return 1.8
  const { parent, low, high, mass } = cutOf(d)
  const density = (z: number) => (Number.isFinite(z) ? Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) : 0)
  // raw moments of the cut standard normal: mₖ = (k−1)·mₖ₋₂ − (bᵏ⁻¹φ(b) − aᵏ⁻¹φ(a))/mass
  const m = [1, -(density(high) - density(low)) / mass]
  for (let k = 2; k <= 4; k++)
    m.push((k - 1) * (m[k - 2] as number) - (high ** (k - 1) * density(high) - low ** (k - 1) * density(low)) / mass)
  const [, m1 = 0, m2 = 0, m3 = 0, m4 = 0] = m
  const variance = (d.std / parent.std) ** 2
  return (m4 - 4 * m1 * m3 + 6 * m1 * m1 * m2 - 3 * m1 ** 4) / variance ** 2
}

/** A truncated normal in its parent's deviations. */
function cutOf(d: Distribution) {
  const parent = d.parent ?? { mean: d.mean, std: d.std }
  const low = ((d.min ?? -Infinity) - parent.mean) / parent.std
  const high = ((d.max ?? Infinity) - parent.mean) / parent.std
  return { parent, low, high, mass: normalBelow(high) - normalBelow(low) }
}

/** Bin edges of the Kolmogorov–Smirnov test, at equal distances; D on them is never above the exact D. */
const EDGES = 4096
/** Deviations of a normal that the edges span. */
const SPAN = 6

/** The counts of a test that is over serve the next: 16 KiB a tensor would be garbage, of a hundred thousand tensors 1.6 GB. */
let spare: Uint32Array | null = null

function binsOf(d: Distribution): Bins {
  const counts = spare?.fill(0) ?? new Uint32Array(EDGES + 1)
  spare = null
  if (d.family === 'uniform' && d.min !== null && d.max !== null) return { first: d.min, perUnit: (EDGES - 1) / (d.max - d.min), counts }
  const { mean, std } = d.parent ?? d
  return { first: mean - SPAN * std, perUnit: (EDGES - 1) / (2 * SPAN * std), counts }
}

/** max |Fₙ − F| over the edges. */
function largestDistance(d: Distribution, counts: Uint32Array, n: number): number {
  const below = d.family === 'uniform' ? (k: number) => k / (EDGES - 1) : cutBelow(d)
  let seen = 0
  let largest = 0
  for (let k = 0; k < EDGES; k++) {
    seen += counts[k] as number
    largest = Math.max(largest, Math.abs(seen / n - below(k)))
  }
  return largest
}

let table: Float64Array | undefined
/** P(value < edge k) of a normal, cut or not. */
function cutBelow(d: Distribution): (k: number) => number {
  table ??= Float64Array.from({ length: EDGES }, (_, k) => normalBelow(SPAN * ((2 * k) / (EDGES - 1) - 1)))
  const standard = table
  if (d.family === 'normal') return (k) => standard[k] as number
  const { low, mass } = cutOf(d)
  const start = normalBelow(low)
  return (k) => Math.min(1, Math.max(0, ((standard[k] as number) - start) / mass))
}
