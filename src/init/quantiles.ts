// Limits of the statistical tests: quantiles at the error rate that each test may have.

import { erf } from './erf.js'

/** z with P(|N(0,1)| > z) = p, for p up to 0.1: Newton on ln of the two-sided tail, by its continued fraction (Abramowitz & Stegun 26.2.14). */
export function normalLimit(p: number): number {
  let z = Math.sqrt(-2 * Math.log(p))
  for (let step = 1; Math.abs(step) > 1e-12; ) {
    let fraction = z
    for (let k = 200; k > 0; k--) fraction = z + k / fraction
    // two-sided tail = √(2/π)·e^(−z²/2) ÷ fraction; the logarithm's slope is −fraction
    const logTail = Math.log(Math.sqrt(2 / Math.PI) / fraction) - (z * z) / 2
    step = (logTail - Math.log(p)) / fraction
    z += step
  }
  return z
}

/** χ² over n at which each tail has p/2: exact below 30 degrees of freedom, then Wilson & Hilferty 1931, which is the more cautious side. */
export function chiSquareLimits(n: number, p: number): Limits {
  const key = `${n} ${p}`
  const limits = known.get(key) ?? computeLimits(n, p)
  known.set(key, limits)
  return limits
}

interface Limits {
  readonly low: number
  readonly high: number
}

/** The tensors of a model have few sizes. */
const known = new Map<string, Limits>()

function computeLimits(n: number, p: number): Limits {
  if (n < 30) return { low: quantile(n, p / 2) / n, high: quantile(n, 1 - p / 2) / n }
  const cube = (z: number) => (1 - 2 / (9 * n) + z * Math.sqrt(2 / (9 * n))) ** 3
  const z = normalLimit(p)
  return { low: cube(-z), high: cube(z) }
}

/** χ²ₙ's p-quantile by bisection, for the few degrees of freedom that it is asked for. */
function quantile(n: number, p: number): number {
  let low = 0
  let high = 1000
  for (let i = 0; i < 200; i++) {
    const middle = i < 120 && low === 0 ? high / 4 : (low + high) / 2
    if (chiSquareBelow(n, middle) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(χ²ₙ < x): x^a·e^−x/Γ(a+1) · Σ xᵏ/((a+1)…(a+k)) at a = n/2 and x/2, all terms positive. */
function chiSquareBelow(n: number, x: number): number {
  const a = n / 2
  let gamma = n % 2 === 0 ? 1 : Math.sqrt(Math.PI)
  for (let k = n % 2 === 0 ? 1 : 0.5; k <= a; k++) gamma *= k
  let term = 1
  let sum = 1
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= x / 2 / (a + k)
    sum += term
  }
  return ((x / 2) ** a * Math.exp(-x / 2) * sum) / gamma
}

/** P(N(0,1) < z). */
export const normalBelow = (z: number) => (1 + erf(z / Math.SQRT2)) / 2
