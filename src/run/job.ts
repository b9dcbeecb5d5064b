// What the stage and its child process say to each other. The child is plain JavaScript: Node runs it as it is, from src/ and from dist/.

import type { RunOutput, RunValue } from '../types.js'

/** How an input's values are made; `random`: normals for floats, 0 and 1 for integers. */
export type Fill = 'zeros' | 'ones' | 'random' | 'positive'

/** Values of an input that the user gave: a fill, or `byteLength` bytes of a .npy file from `start` on. */
export type GivenInput =
  | { readonly kind: 'fill'; readonly fill: 'zeros' | 'ones' | 'random' }
  | { readonly kind: 'file'; readonly path: string; readonly start: number; readonly byteLength: number; readonly shape: readonly number[] }

/** Run a model with the attempts [first, last) of the table of attempts, up to one that is `until`. */
export interface Job {
  readonly path: string
  readonly inputs: Readonly<Record<string, GivenInput>>
  /** Sizes of named dimensions. */
  readonly dims: Readonly<Record<string, number>>
  /** Inputs whose rank the model does not declare: the runtime shows them as scalars. */
  readonly unranked: readonly string[]
  /** Outputs that are looked at for their own sake: their bytes are hashed, and what they are is no problem. */
  readonly probed?: readonly string[]
  readonly first: number
  readonly last: number
  /** `runs`: the first that the runtime accepts; `agrees`: and whose outputs are finite and of the declared shapes. */
  readonly until: 'runs' | 'agrees'
  /** No further attempt is begun after this time. */
  readonly milliseconds: number
}

/** One run that the runtime went through with. */
export interface Ran {
  readonly kind: 'ran'
  readonly attempt: number
  readonly inputs: readonly RunValue[]
  readonly outputs: readonly RanOutput[]
  /** What is wrong with the outputs, in words; null: finite, and of the declared shapes. */
  readonly problem: string | null
  /** What could not be looked at, in words. */
  readonly note: string | null
}

/** `sha256`: of the bytes of a probed one that has any. */
export interface RanOutput extends RunOutput {
  readonly sha256?: string
}

/** The child's messages: every run as it comes, or why there is none; then `done`. */
export type Message =
  | Ran
  | { readonly kind: 'error'; readonly message: string; readonly inputs: readonly RunValue[] }
  | { readonly kind: 'unsupported'; readonly message: string }
  | { readonly kind: 'unloadable'; readonly message: string }
  | { readonly kind: 'done' }
