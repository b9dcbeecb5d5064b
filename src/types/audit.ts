// What is left of one model in another.

import type { DataType, Tensor } from './model.js'
import type { Weight } from './weights.js'

/** What the scramble, or whoever asks, says of the output before it is judged. */
export interface AuditClaims {
  /** findWeights of the input: tensors of fewer than eight values are judged where they are parameters. */
  readonly weights: readonly Weight[]
  /** Tensors of the input that may keep their values, by where their message starts, each with its reason. */
  readonly stays?: readonly { readonly tensor: Pick<Tensor, 'at'>; readonly reason: string }[]
  /** Whether what the input says about itself (doc strings, producer, domain, metadata) must be gone; default true. */
  readonly strings?: boolean
  /** Of that, what may stay. */
  readonly keptStrings?: readonly string[]
  /** Names that were replaced and must be gone. */
  readonly renamed?: readonly string[]
}

/**
 * equal: all values, in their place. run: consecutive values, anywhere. shuffled: the same values in another order. correlated: made from the
 * old values. extremes, moments: too near to the old ones. string: text. unread: can't be judged.
 */
export type AuditLeakKind = 'equal' | 'run' | 'shuffled' | 'correlated' | 'extremes' | 'moments' | 'string' | 'unread'

export interface AuditLeak {
  readonly kind: AuditLeakKind
  /** Of the input's tensor; of text, the text. */
  readonly name: string
  readonly scope: string
  /** One line: how it shows. */
  readonly what: string
  /** Where in the output: '' the model, else the data file; null where no place can be named. */
  readonly file: string | null
  readonly byte: number | null
  /** Values that survive, or characters. */
  readonly elementCount: number
}

export interface AuditStay {
  readonly name: string
  readonly scope: string
  readonly dataType: DataType
  readonly shape: readonly number[]
  readonly elementCount: number
  readonly reason: string
}

export interface Audit {
  /** Nothing that was learned survives. */
  readonly clean: boolean
  readonly leaks: readonly AuditLeak[]
  readonly stays: readonly AuditStay[]
  readonly judged: { readonly tensors: number; readonly elements: number }
  readonly searched: {
    readonly files: number
    readonly bytes: number
    /** Pieces of text that were looked for. */
    readonly strings: number
    /** Bits that equal values have to say to be no chance. */
    readonly bits: number
    /** Comparisons of two tensors, or rows of two. */
    readonly comparisons: number
  }
}
