// How unlikely what was measured is, where the output was drawn without a look at the input.

/**
 * P(|r| > x) of the correlation of n independent pairs, one side of them normal: I₁₋ₓ²((n−2)/2, ½), exact at any n (Student's t). n may be
 * a fraction; below 3 nothing is unlikely.
 */
export function correlationTail(x: number, n: number): number {
  if (!(n > 3)) return 1
  const y = 1 - x * x
  return y <= 0 ? 0 : betaBelow(y, (n - 2) / 2, 0.5)
}

/** P(χ² > x) with 2m degrees of freedom: e^(−x/2) Σ_{k<m} (x/2)ᵏ/k!. */
export function chiSquareTail(x: number, m: number): number {
  const half = x / 2
  let logTerm = -half
  let sum = 0
  for (let k = 0; k < m; k++) {
    sum += Math.exp(logTerm)
    logTerm += Math.log(half) - Math.log(k + 1)
  }
  return Math.min(1, sum)
}

/** The regularized incomplete beta function, by its continued fraction (Lentz; Numerical Recipes §6.4). */
function betaBelow(x: number, a: number, b: number): number {
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x))
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b
}

function fraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let h = d
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    h *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    const step = d * c
    h *= step
    if (Math.abs(step - 1) < 1e-12) break
  }
  return h
}

const nonZero = (v: number) => (Math.abs(v) < 1e-300 ? 1e-300 : v)

/** Lanczos' approximation, g = 7. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const t = x + 6.5
  const series = LANCZOS.reduce((sum, coefficient, i) => (i === 0 ? sum : sum + coefficient / (x - 1 + i)), LANCZOS[0] as number)
  return Math.log(2 * Math.PI) / 2 + (x - 0.5) * Math.log(t) - t + Math.log(series)
}
