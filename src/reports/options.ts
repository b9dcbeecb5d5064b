// What is asked for.

import type { FanKind, InitializerSpec, Role, RunOptions } from '../types.js'

/** The values that options with a fixed list take: the command line's choices come from here. */
export const choices = {
  fan: ['graph', 'torch', 'effective'],
  bias: ['zeros', 'keep', 'torch'],
  rng: ['philox', 'torch'],
  shared: ['refuse', 'rewrite', 'fork'],
  data: ['copy', 'reference', 'inline'],
  roles: [
    'weight',
    'recurrent',
    'bias',
    'scale',
    'shift',
    'mean',
    'variance',
    'slope',
    'embedding',
    'position',
    'quant_scale',
    'quant_zero_point',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>> & { readonly roles: readonly Role[] }

/** Called now and then in long work; `done` and `total` count bytes, or whatever the stage counts. */
export type OnProgress = (stage: string, done: number, total: number) => void
/** Called while a model is read, whenever twice as much has come, and at the end: how many nodes and stored tensors it has so far. */
export type OnRead = (count: number) => void

export interface SelectionOptions {
  readonly layers?: readonly string[]
  readonly head?: boolean
  readonly all?: boolean
  readonly opTypes?: readonly string[]
  readonly roles?: readonly string[]
  readonly exclude?: readonly string[]
}

export interface InspectOptions extends SelectionOptions {
  readonly stats?: boolean
  readonly fan?: FanKind
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  readonly onRead?: OnRead
}

/** A selection, and what it becomes. */
export interface RuleOptions extends SelectionOptions {
  /** Canonical or alias name, or NAME:key=value,…; default none: it must be given. */
  readonly init?: string | InitializerSpec
  readonly gain?: number | string
  readonly mode?: string
  readonly nonlinearity?: string
  readonly negativeSlope?: number
  /** zeros (default; with auto and the framework defaults, their own), keep, torch (what torch resets biases to) or a number. */
  readonly bias?: (typeof choices.bias)[number] | number
}

/** One of several. */
export interface Rule extends RuleOptions {
  /** Where it matches nothing it is passed over, otherwise that is an error. */
  readonly optional?: boolean
  /** Where it stands, for messages: "recipe.yaml:12"; default its number. */
  readonly where?: string
}

export interface ReinitOptions extends RuleOptions, RunOptions {
  /** In order: the last rule that matches a tensor wins whole. What stands beside them as in RuleOptions is one more, the last. */
  readonly rules?: readonly Rule[]
  readonly fan?: FanKind
  /** 0 … 2^64−1; default 0. */
  readonly seed?: bigint | number | string
  /** The random stream; default philox. */
  readonly rng?: (typeof choices.rng)[number]
  readonly shared?: (typeof choices.shared)[number]
  /** The selected head gets this many classes. */
  readonly numClasses?: number
  /** The selected head is cut off, and what enters it is the output; nothing is drawn. */
  readonly featureExtractor?: boolean
  /** Names of the new classes, in their order. */
  readonly labels?: readonly string[]
  /** Old classes, counted from 0, that the first new ones are copies of. */
  readonly keepClasses?: readonly (number | string)[]
  readonly output?: string
  readonly inPlace?: boolean
  readonly overwrite?: boolean
  readonly dryRun?: boolean
  readonly data?: (typeof choices.data)[number]
  /** Copies of data files hold only what tensors use. */
  readonly compact?: boolean
  readonly verify?: boolean
  /** Whether the report has the SHA-256 of what was written (with `verify`); default true. It is a third of the proof's time. */
  readonly digests?: boolean
  readonly run?: boolean
  readonly strict?: boolean
  /** Aborting removes what was staged; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  readonly onRead?: OnRead
}

/** What a recipe says (readRecipe). */
export type Recipe = SelectionOptions &
  Pick<
    ReinitOptions,
    'rules' | 'featureExtractor' | 'seed' | 'rng' | 'fan' | 'shared' | 'numClasses' | 'labels' | 'keepClasses' | 'verify' | 'run' | 'strict'
  >
