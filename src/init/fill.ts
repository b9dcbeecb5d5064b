import type { Distribution, Filler, InitializerSpec } from '../types.js'
import type { Structure } from './structure.js'

/** How a tensor's values are made. */
export interface Fill {
  /** What was really used: auto and the framework defaults come down to a concrete one. */
  readonly initializer: InitializerSpec
  readonly gain: number | null
  readonly distribution: Distribution
  /** What is true of the values beyond the distribution; statistics check it. */
  readonly structure: Structure | null
  readonly filler: Filler
  /** In words, where the initializer was chosen rather than asked for. */
  readonly why: string | null
}
