// What was proven, and how two models compare.

import type { Check, Moments } from './fills.js'

/** Per fill of the plan, in its order; `before` null where the input's values can't be read. */
export interface VerifiedFill {
  readonly before: Moments | null
  readonly after: Moments
  /** Of the bytes as written; null: not asked for. */
  readonly sha256: string | null
  readonly checks: readonly Check[]
  /** The values read back equal a second draw. */
  readonly redrawn: boolean
  /** Of integers: the share that was saturated. */
  readonly saturated?: number
}
export interface Verification {
  readonly identicalOutside: boolean
  /** First difference outside the drawn values, in words; null where there is none. */
  readonly difference: string | null
  /** Empty where there is a difference. */
  readonly fills: readonly VerifiedFill[]
}
