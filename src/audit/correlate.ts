import type { Values } from '../types.js'
import { correlationTail } from './tails.js'

/** A correlation and how many independent pairs it is worth. */
export interface Correlation {
  readonly r: number
  readonly pairs: number
}

/**
 * Of two standardized lists. Where large values of both meet often (a few outliers, the same zeros), it has the chance of fewer pairs:
 * Σx²·Σy² ÷ Σx²y², as many as there are where sizes don't depend on each other.
 */
export function correlate(a: Float32Array, b: Float32Array): Correlation {
  let [both, squares, x2, y2] = [0, 0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number
    const y = b[i] as number
    const product = x * y
    both += product
    squares += product * product
    x2 += x * x
    y2 += y * y
  }
  return squares > 0 ? { r: both / Math.sqrt(x2 * y2), pairs: Math.min(a.length, (x2 * y2) / squares) } : { r: 0, pairs: 0 }
}

/** From here on a correlation is worth its exact chance: |r|·√n of a normal beyond 4 is one in 16,000; of few pairs, one near 1. */
const SUSPECT = 16
const NEAR_ONE = 0.9

/** Whether chance gives such a correlation in less than a share of p. */
export const isUnlikely = ({ r, pairs }: Correlation, p: number): boolean =>
  (r * r * pairs > SUSPECT || Math.abs(r) > NEAR_ONE) && correlationTail(Math.min(1, Math.abs(r)), pairs) < p

/** Pairs of numbers that come in chunks, moved to means near zero; pairs of two zeros (pruned, padding, leaves) and of what is not finite don't count. */
export class PairSums {
  n = 0
  private x = 0
  private y = 0
  private xx = 0
  private yy = 0
  private xy = 0
  private xxyy = 0

  constructor(
    private readonly xMean: number,
    private readonly yMean: number,
  ) {}

  add(xs: Values, ys: Values, from: number, to: number): void {
    const { xMean, yMean } = this
    let [n, x, y, xx, yy, xy, xxyy] = [0, 0, 0, 0, 0, 0, 0]
    for (let i = from; i < to; i++) {
      const p = xs[i] as number
      const q = ys[i] as number
      if (p === 0 && q === 0) continue
      const u = p - xMean
      const v = q - yMean
      const uv = u * v
      // not finite: NaN in the sum of one is NaN in all
      if (uv - uv !== 0) continue
      n++
      x += u
      y += v
      xx += u * u
      yy += v * v
      xy += uv
      xxyy += uv * uv
    }
    this.n += n
    this.x += x
    this.y += y
    this.xx += xx
    this.yy += yy
    this.xy += xy
    this.xxyy += xxyy
  }

  /** Takes what another has, whose means are the same. */
  merge(other: PairSums): void {
    this.n += other.n
    this.x += other.x
    this.y += other.y
    this.xx += other.xx
    this.yy += other.yy
    this.xy += other.xy
    this.xxyy += other.xxyy
  }

  correlation(): Correlation {
    const { n, x, y } = this
    const x2 = this.xx - (x * x) / n
    const y2 = this.yy - (y * y) / n
    // what rounding leaves of equal values
    if (!(x2 > 1e-9 * this.xx && y2 > 1e-9 * this.yy)) return { r: 0, pairs: 0 }
    return { r: (this.xy - (x * y) / n) / Math.sqrt(x2 * y2), pairs: Math.min(n, (this.xx * this.yy) / this.xxyy) }
  }
}
