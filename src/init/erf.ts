/**
 * erf(x) to double precision by + − × ÷ alone, so that every engine gives the same bits: 2x/√π · Σ (2x²)ⁿ/(2n+1)!! ÷ Σ x²ⁿ/n!, whose terms
 * are all positive (Abramowitz & Stegun 7.1.6, with e^x² as its series).
 */
export function erf(x: number): number {
  if (!(Math.abs(x) < SATURATED)) return Math.sign(x)
  const square = x * x
  let term = 1
  let sum = 1
  let power = 1
  let exponential = 1
  for (let n = 1; power > exponential * 2 ** -60 || term > sum * 2 ** -60; n++) {
    term *= (2 * square) / (2 * n + 1)
    sum += term
    power *= square / n
    exponential += power
  }
  return Math.max(-1, Math.min(1, (TWO_OVER_ROOT_PI * x * sum) / exponential))
}

const TWO_OVER_ROOT_PI = 1.1283791670955126
/** 1 − erf(6) is below double precision. */
const SATURATED = 6
