// What the library takes and gives: the options, and the reports that are the JSON of the command line (docs in README).

import type {
  Audit,
  AxisRole,
  Check,
  DataType,
  FanKind,
  InitializerSpec,
  Moments,
  Owner,
  Rng,
  Role,
  RunOptions,
  RunResult,
} from './types.js'

// ---- options ----

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
}

/** What a recipe says (readRecipe). */
export type Recipe = SelectionOptions &
  Pick<
    ReinitOptions,
    'rules' | 'featureExtractor' | 'seed' | 'rng' | 'fan' | 'shared' | 'numClasses' | 'labels' | 'keepClasses' | 'verify' | 'run' | 'strict'
  >

// ---- reports ----

export interface ReportUse {
  readonly node: string
  readonly opType: string
  readonly domain: string
  readonly input: number
  readonly layer: string
  readonly layout: readonly AxisRole[]
  readonly fanIn: number | null
  readonly fanOut: number | null
}
export interface ReportParameter {
  readonly name: string
  readonly layer: string
  readonly scope: string
  readonly role: Role
  readonly owner: Owner
  readonly storage: string
  readonly dataType: DataType
  readonly shape: readonly number[]
  readonly elementCount: number
  readonly fanIn: number | null
  readonly fanOut: number | null
  readonly activation: string | null
  readonly uses: readonly ReportUse[]
  readonly shared: boolean
  readonly selected: boolean
  readonly stats?: Moments
  /** Why it looks made rather than learned: a fixed basis, a table. */
  readonly hint?: string
}
export interface ReportSkipped {
  readonly name: string
  readonly reason: string
  readonly detail: string
  readonly elementCount: number
}
export interface InspectReport {
  readonly schema: 1
  readonly tool: string
  readonly model: {
    readonly path: string
    readonly byteLength: number
    readonly irVersion: number
    readonly opsets: Readonly<Record<string, number>>
    readonly producer: string
    readonly externalFiles: readonly { readonly location: string; readonly byteLength: number }[]
  }
  readonly parameters: readonly ReportParameter[]
  readonly skipped: readonly ReportSkipped[]
  readonly notes: readonly string[]
  /** Under --head. */
  readonly head?: ReportHead
}
/** The same with its parameters described anew in every pass over them: a hundred thousand are never held at once. */
export interface InspectPasses extends Omit<InspectReport, 'parameters'> {
  readonly parameters: Iterable<ReportParameter>
}
/** What a report says of integers. */
export interface ReportQuantization {
  /** Of the codes: UINT4 where a tensor of bytes holds two each. */
  readonly dataType: string
  /** Tensors of scales and zero points; null: it has none of its own. */
  readonly scale: string | null
  readonly zeroPoint: string | null
  /** The zero point; null: one a block. */
  readonly zero: number | null
  /** Elements along each axis that have a scale in common. */
  readonly blocks: readonly number[]
  /** The least and the greatest code that is used. */
  readonly range: readonly [number, number]
  /** Share of the values that did not fit; null before it is proven. */
  readonly saturated: number | null
}
/** A head and what its number of classes rests on. */
export interface ReportHead {
  readonly layers: readonly string[]
  readonly opTypes: readonly string[]
  readonly fanIn: number | null
  readonly fanOut: number | null
  /** null: not known, since it is refused. */
  readonly classes: number | null
  /** What it becomes; null: it is not asked to. */
  readonly newClasses: number | null
  /** Operators behind it, in the order of the computation. */
  readonly behind: readonly string[]
  /** What another number of classes changes: a tensor, node or value, and what of it. */
  readonly changes: readonly { readonly name: string; readonly what: string }[]
  /** Why the number can't change; null: it can. */
  readonly refused: string | null
}
export interface ReportChange {
  readonly name: string
  readonly layer: string
  readonly scope: string
  readonly role: Role
  readonly dataType: DataType
  readonly shape: readonly number[]
  readonly fanIn: number | null
  readonly fanOut: number | null
  readonly initializer: string
  readonly gain: number | null
  /** The initializer's other parameters, where it has any. */
  readonly parameters?: Readonly<Record<string, number | string | boolean>>
  /** In words, where the initializer was chosen rather than asked for. */
  readonly why?: string | null
  /** Means and deviations are null where nothing is expected: scales and zero points follow their weight. */
  readonly expected: { readonly mean: number | null; readonly std: number | null; readonly min: number | null; readonly max: number | null }
  /** Of integers; `before` and `after` are of the values that they stand for. */
  readonly quantization?: ReportQuantization
  readonly before: Moments | null
  readonly after: Moments | null
  readonly sha256: string | null
  readonly checks: readonly Check[]
}
export interface ReinitReport {
  readonly schema: 1
  readonly tool: string
  readonly input: string
  /** null under --dry-run. */
  readonly output: string | null
  readonly model: InspectReport['model'] & { readonly parameterCount: number; readonly layerCount: number }
  readonly seed: string
  readonly rng: Rng
  readonly recipe: Readonly<Record<string, unknown>>
  readonly changed: readonly ReportChange[]
  readonly skipped: readonly ReportSkipped[]
  readonly kept: readonly ReportSkipped[]
  readonly notes: readonly string[]
  /** Where the number of classes is another now. */
  readonly head?: ReportHead
  /** null where not verified. */
  readonly bytes: { readonly changed: number; readonly total: number; readonly identicalOutside: boolean | null }
  readonly run: RunResult
  /** Files written, the model last. */
  readonly written: readonly string[]
  readonly milliseconds: { readonly read: number; readonly write: number; readonly verify: number; readonly run: number }
}
export interface DiffOptions {
  /** Patterns (as --layers) of tensors that may differ. */
  readonly only?: readonly string[]
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
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

// ---- scramble ----

export interface ScrambleOptions extends RunOptions {
  /** 0 … 2^64−1; default 0. */
  readonly seed?: bigint | number | string
  /** Magnitudes: what `auto` chooses for each weight (default), or each tensor's own mean and deviation, moved and rounded. */
  readonly like?: 'auto' | 'moments'
  /** Layer by layer, by runs of the input and the result: to the input's activations' deviation, or to 1. */
  readonly calibrate?: 'original' | 'unit'
  /** Neutral names: of everything but the model's inputs, outputs and their dimensions (inner), or of those too (all); default none. */
  readonly rename?: 'none' | 'inner' | 'all'
  /** Default `<stem>.scrambled.onnx` beside the input. */
  readonly output?: string
  readonly overwrite?: boolean
  readonly dryRun?: boolean
  /** copy (default): data files hold what tensors use, and nothing else. */
  readonly data?: 'copy' | 'inline'
  readonly verify?: boolean
  readonly run?: boolean
  readonly audit?: boolean
  readonly strict?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}
export interface ReportKept {
  readonly name: string
  readonly scope: string
  readonly what: 'tensor' | 'attribute'
  readonly dataType: DataType
  readonly reason: string
  readonly detail: string
  readonly elementCount: number
  readonly byteLength: number
}
/** An output of the model and of the scrambled one, with the same inputs. */
export interface ReportDeviation {
  readonly name: string
  readonly before: number | null
  readonly after: number | null
  /** after / before; null where either is none, or 0. */
  readonly ratio: number | null
}
export interface ReportCalibration {
  readonly to: 'original' | 'unit'
  readonly passes: number
  /** Layers whose deviation is within `tolerance` of its target in the end, of those that could be looked at. */
  readonly met: number
  readonly layers: number
  /** By tensor: what its draw was multiplied by. */
  readonly factors: readonly { readonly name: string; readonly scope: string; readonly factor: number }[]
  /** Why it came to nothing; null: it did not. */
  readonly message: string | null
}
export interface ScrambleReport {
  readonly schema: 1
  readonly tool: string
  readonly input: string
  /** null under dryRun, and where the result is not kept. */
  readonly output: string | null
  readonly model: InspectReport['model'] & { readonly parameterCount: number; readonly layerCount: number }
  readonly seed: string
  readonly like: 'auto' | 'moments'
  readonly rename: 'none' | 'inner' | 'all'
  readonly changed: readonly ReportChange[]
  /** Lists of learned numbers in attributes that are new. */
  readonly attributes: readonly { readonly name: string; readonly elementCount: number }[]
  readonly kept: readonly ReportKept[]
  /** How many fields of each kind are gone: doc strings, metadata, producer, …. */
  readonly dropped: Readonly<Record<string, number>>
  /** How many names of each kind are others now. */
  readonly renamed: Readonly<Record<string, number>>
  readonly calibration: ReportCalibration | null
  readonly notes: readonly string[]
  /** null where not verified. */
  readonly bytes: { readonly changed: number; readonly total: number; readonly identicalOutside: boolean | null }
  /** What of the input survives in the result; null: not audited. Anything: the result is not kept. */
  readonly audit: Audit | null
  readonly run: RunResult
  readonly deviations: readonly ReportDeviation[]
  readonly written: readonly string[]
  readonly milliseconds: { readonly read: number; readonly write: number; readonly verify: number; readonly run: number }
}

// ---- skeletons ----

export interface StripOptions extends RunOptions, Pick<ScrambleOptions, 'seed' | 'like' | 'rename' | 'calibrate'> {
  /** Tensors of fewer bytes have their new values in the skeleton, where a recipe would be as long; default 128. */
  readonly leastBytes?: number
  readonly audit?: boolean
  readonly output?: string
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}
export interface StripReport {
  readonly schema: 1
  readonly tool: string
  readonly input: string
  /** null where learned values survive. */
  readonly output: string | null
  readonly seed: string
  /** With its data files, and of the skeleton. */
  readonly inputByteLength: number
  readonly byteLength: number
  /** What the skeleton becomes. */
  readonly materialized: { readonly byteLength: number; readonly sha256: string }
  /** Tensors without values. */
  readonly leftOut: { readonly tensors: number; readonly elementCount: number }
  /** Learned, but with their new values in the skeleton, and why. */
  readonly drawn: readonly { readonly name: string; readonly scope: string; readonly reason: string; readonly byteLength: number }[]
  /** Not learned: they stay as they are. */
  readonly kept: readonly ReportKept[]
  /** How many fields of each kind are gone. */
  readonly dropped: Readonly<Record<string, number>>
  readonly renamed: Readonly<Record<string, number>>
  readonly calibration: ReportCalibration | null
  /** What of the input survives in the skeleton; null: not audited. */
  readonly audit: Audit | null
  readonly notes: readonly string[]
  readonly written: readonly string[]
  readonly milliseconds: number
}
export interface MaterializeOptions {
  readonly output?: string
  readonly overwrite?: boolean
  /** In the model (default), or large values in a data file beside it. */
  readonly data?: (typeof skeletonChoices.data)[number]
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}
export const skeletonChoices = { data: ['inline', 'external'] } as const
export interface MaterializeReport {
  readonly schema: 1
  readonly tool: string
  readonly input: string
  readonly output: string
  readonly seed: string
  /** What wrote the skeleton. */
  readonly by: string
  /** How many tensors were drawn. */
  readonly tensors: number
  /** Of the model with all values in it, as the skeleton has it too. */
  readonly byteLength: number
  readonly sha256: string
  readonly data: (typeof skeletonChoices.data)[number]
  readonly files: readonly { readonly name: string; readonly byteLength: number }[]
  readonly notes: readonly string[]
  readonly written: readonly string[]
  readonly milliseconds: number
}

// ---- audit ----

export interface AuditOptions {
  /** Patterns (as --layers) of tensors that may keep their values. */
  readonly keep?: readonly string[]
  /** Whether what the input says about itself (doc strings, producer, domain, metadata) must be gone; default true. */
  readonly strings?: boolean
  /** Names of nodes, values and tensors must be gone too, but for the model's inputs and outputs. */
  readonly renamed?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}
export interface AuditReport extends Audit {
  readonly schema: 1
  readonly tool: string
  readonly before: string
  readonly after: string
}
