// How two models differ.

import type { DataType, Moments } from '../types.js'
import type { OnProgress, OnRead } from './options.js'

export interface DiffOptions {
  /** Patterns (as --layers) of tensors that may differ. */
  readonly only?: readonly string[]
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  readonly onRead?: OnRead
}
/** A tensor whose values, shape or type differ. */
export interface ReportDifference {
  readonly name: string
  readonly layer: string
  readonly scope: string
  /** In words: values, shape [10] → [20], FLOAT → FLOAT16. */
  readonly what: string
  /** No pattern of `only` names the tensor; always true without `only`. */
  readonly outsideOnly: boolean
  /** Of the model after. */
  readonly dataType: DataType
  readonly shape: readonly number[]
  readonly elementCount: number
  /** Elements whose bytes differ; null where shape or type do. */
  readonly differing: number | null
  /** Largest |after − before|; null where a type has no numbers. Pairs with a NaN are left out. */
  readonly maxDifference: number | null
  readonly before: Moments | null
  readonly after: Moments | null
}
export interface DiffReport {
  readonly schema: 1
  readonly tool: string
  readonly before: string
  readonly after: string
  /** The patterns given; null without any. */
  readonly only: readonly string[] | null
  /** Tensors whose values, shape or type differ. */
  readonly changed: readonly ReportDifference[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Tensors with the same values in another field or data file, or at another offset of one. */
  readonly moved: readonly { readonly name: string; readonly before: string; readonly after: string }[]
  /** Whether everything that is no tensor's values is equal to the byte. */
  readonly restEqual: boolean
  /** First difference outside tensors, in words; null where there is none. */
  readonly rest: string | null
  readonly tensorCount: number
  /** How many tensors changed, were added or removed that `only` does not name. */
  readonly outside: number
  /** Nothing differs, or with `only` nothing outside it. */
  readonly equal: boolean
}
