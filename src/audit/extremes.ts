import type { Facts } from './facts.js'
import { chiSquareTail } from './tails.js'

/** How unlikely it is that what was drawn has extremes, or moments, so near to the old ones: the logarithms of two chances. */
export interface Nearness {
  readonly extremes: number
  readonly moments: number
}

/** No two chances below this are told apart. */
const LEAST = -700
/** Extremes of a draw of n values lie no denser than this around a place, in the draw's deviations: 2/σ for normals of n up to 10⁹. */
const DENSEST = 2
/** Ends as far from zero as each other, to this share of the range, are those of a formula (±√(6/fan)), or of codes; so are a few ÷ n. */
const MIRRORED = 1e-3
const ENDS = 16

/**
 * How near a draw's extremes and moments are to the old ones. Only single and double precision: the steps of narrower types fall together by
 * chance. A chance of 1 (logarithm 0) where nothing can be said.
 */
export function nearness(before: Facts, after: Facts): Nearness {
  const n = before.tensor.elementCount
  const [old, drawn] = [before.moments, after.moments]
  if (!isWide(before) || !isWide(after) || !(old.std > 0 && drawn.std > 0)) return { extremes: 0, moments: 0 }
  const within = (distance: number, density: number) => Math.max(LEAST, Math.min(0, Math.log(2 * density * Math.abs(distance))))
  const range = old.max - old.min
  const isFormula = Math.abs(old.max + old.min) < range * Math.max(MIRRORED, ENDS / n)
  // an end at zero is the edge of what is never negative: variances, leaves
  const isEdge = old.min === 0 || old.max === 0
  const density = DENSEST / drawn.std
  return {
    extremes: isFormula || isEdge ? 0 : within(old.min - drawn.min, density) + within(old.max - drawn.max, density),
    // a mean of n values has deviation σ/√n; the deviation's own is never below 0.44·σ/√n (uniform)
    moments: within(old.mean - drawn.mean, Math.sqrt(n) / drawn.std / 2) + within(old.std - drawn.std, Math.sqrt(n) / drawn.std),
  }
}

const isWide = ({ tensor }: Facts) => tensor.dataType === 'FLOAT' || tensor.dataType === 'DOUBLE'

/** Fisher's method: the chance of two independent chances for each of `tensors` tensors being together as small as e^logarithm. */
export const jointChance = (logarithm: number, tensors: number): number =>
  logarithm === 0 ? 1 : chiSquareTail(-2 * logarithm, 2 * tensors)
