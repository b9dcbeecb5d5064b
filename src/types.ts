// The nouns that pass between stages, in pipeline order.

// ---- bytes ----

/** Bytes [start, end) of one file; `file` is '' for the model itself, else relative to its folder, as ONNX `location` is. */
export interface ByteRange {
  readonly file: string
  readonly start: number
  readonly end: number
}

/** Something that bytes are read from; `read` returns exactly end − start bytes (a view that the next read may overwrite). */
export interface ByteSource {
  readonly byteLength: number
  read(start: number, end: number): Uint8Array
}

/** A length-delimited message on the wire: body [start, end), its length varint [lengthStart, start). A splice fixes these. */
export interface Frame {
  readonly parent: Frame | null
  readonly lengthStart: number
  readonly start: number
  readonly end: number
}

// ---- model ----

/** Names of TensorProto.DataType. */
export type DataType = string
export type FloatType = 'FLOAT' | 'DOUBLE' | 'FLOAT16' | 'BFLOAT16'
export type StorageField =
  | 'raw_data'
  | 'float_data'
  | 'double_data'
  | 'int32_data'
  | 'int64_data'
  | 'uint64_data'
  | 'string_data'
  | 'external_data'
  | 'value_float'
  | 'value_floats'
export type Owner = 'initializer' | 'constant' | 'sparse_initializer'

/** Where a tensor's values are, or why they can't be replaced. */
export type Elements =
  | { readonly kind: 'stored'; readonly field: StorageField; readonly ranges: readonly ByteRange[]; readonly varints: boolean }
  | { readonly kind: 'unwritable'; readonly field: string; readonly reason: string }

/** A stored constant. */
export interface Tensor {
  /** Its own name; for a Constant node, its output's. */
  readonly name: string
  readonly graph: Graph
  readonly owner: Owner
  readonly dataType: DataType
  readonly dims: readonly number[]
  readonly elementCount: number
  readonly elements: Elements
  /** The TensorProto's frame (the AttributeProto's for value_float and value_floats). */
  readonly frame: Frame
  /** The external_data entries' location, offset and length as found. */
  readonly external: External | null
  /** For sparse initializers: the dense shape. */
  readonly denseDims: readonly number[] | null
  /** Position in the file: tensors sort by it. */
  readonly at: number
}

export interface External {
  readonly location: string
  readonly offset: number
  readonly byteLength: number
}

export interface Attribute {
  readonly name: string
  readonly type: number
  readonly f?: number
  readonly i?: number
  readonly s?: string
  readonly floats?: readonly number[]
  readonly ints?: readonly number[]
  readonly strings?: readonly string[]
  readonly refAttrName?: string
  readonly tensor?: Tensor
  readonly graphs?: readonly Graph[]
}

export interface Node {
  readonly graph: Graph
  /** Index in its graph. */
  readonly index: number
  readonly name: string
  readonly opType: string
  /** "ai.onnx" for the default domain. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
  readonly metadata: ReadonlyMap<string, string>
  readonly frame: Frame
}

export interface Value {
  readonly name: string
  /** TensorProto.DataType code, 0 where unknown. */
  readonly elemType: number
  /** null: unknown rank; an axis is a number, a name, or null (unknown). */
  readonly shape: readonly (number | string | null)[] | null
  readonly metadata: ReadonlyMap<string, string>
}

/** The main graph, a subgraph (`parent`, `owner` set) or a local function's body. */
export interface Graph {
  /** "" main graph; "If_3/then_branch", "function:domain::name". */
  readonly scope: string
  readonly parent: Graph | null
  /** The If, Loop or Scan node that holds this subgraph. */
  readonly owner: Node | null
  readonly attribute: string
  readonly nodes: Node[]
  readonly tensors: Tensor[]
  readonly inputs: Value[]
  readonly outputs: Value[]
  /** Metadata of `value_info` entries that have any. */
  readonly valueMetadata: Map<string, ReadonlyMap<string, string>>
  readonly valueTypes: Map<string, Value>
  readonly tensorOf: Map<string, Tensor>
  readonly producerOf: Map<string, Node>
}

export interface LocalFunction {
  readonly domain: string
  readonly name: string
  readonly overload: string
  readonly body: Graph
  readonly attributes: ReadonlyMap<string, Attribute>
}

export interface ExternalFile {
  readonly location: string
  readonly path: string
  readonly byteLength: number
}

export interface Model {
  readonly path: string
  readonly byteLength: number
  readonly irVersion: number
  readonly opsets: ReadonlyMap<string, number>
  readonly producer: string
  readonly metadata: ReadonlyMap<string, string>
  readonly graph: Graph
  readonly functions: readonly LocalFunction[]
  readonly externalFiles: ReadonlyMap<string, ExternalFile>
  /** Every tensor in file order, subgraphs and functions included. */
  readonly tensors: readonly Tensor[]
  readonly source: ByteSource
  /** The bytes of a file that a range names. */
  open(file: string): ByteSource
  close(): void
}

// ---- weights ----

/** What an axis of the stored tensor means to the operator that uses it. */
export type AxisRole = 'in' | 'out' | 'spatial' | 'batch'
export type Role =
  | 'weight'
  | 'recurrent'
  | 'bias'
  | 'scale'
  | 'shift'
  | 'mean'
  | 'variance'
  | 'slope'
  | 'embedding'
  | 'position'
  | 'quant_scale'
  | 'quant_zero_point'
export type FanKind = 'graph' | 'torch' | 'effective'

/** fan_in: input values that feed one output value; fan_out: output values that one input value feeds. */
export interface Fan {
  readonly fanIn: number
  readonly fanOut: number
}

/** One slot (operator + input index) that a tensor reaches. */
export interface WeightUse {
  readonly node: Node
  readonly opType: string
  readonly domain: string
  readonly input: number
  readonly role: Role
  /** Roles of the stored tensor's axes; empty where the role has none. */
  readonly layout: readonly AxisRole[]
  readonly groups: number
  /** null where the role has no fans. */
  readonly fan: Fan | null
  readonly layer: string
  /** Nonlinearity that follows, torch's name in lower case; null = none. */
  readonly activation: string | null
}

export interface Weight {
  readonly tensor: Tensor
  readonly uses: readonly [WeightUse, ...WeightUse[]]
  /** Nodes that read the tensor as plain data, outside a known slot. */
  readonly readers: readonly Node[]
  readonly role: Role
  readonly layer: string
  /** Of the use that decides: the first matrix or convolution use in graph order. */
  readonly fan: Fan | null
  readonly layout: readonly AxisRole[]
  readonly activation: string | null
}

/** Expected outcomes are values. */
export interface Skipped {
  readonly name: string
  readonly reason: string
  readonly detail: string
  readonly elementCount: number
  readonly tensor: Tensor
}

// ---- initializers ----

/** An initializer's name and parameters, as given or fully resolved. */
export interface InitializerSpec {
  readonly name: string
  readonly parameters: Readonly<Record<string, number | string | boolean>>
}

/** What an initializer is told of a tensor. */
export interface FillTarget {
  readonly dims: readonly number[]
  readonly elementCount: number
  readonly dataType: FloatType
  readonly fan: Fan
  readonly layout: readonly AxisRole[]
  readonly activation: string | null
  /** Names the stream: philox hashes scope ‖ 0 ‖ name. */
  readonly scope: string
  readonly name: string
  readonly seed: bigint
}

/** How a tensor's values are made. Only 'whole' holds a tensor in memory. */
export type Filler =
  | { readonly access: 'random'; fill(out: Float32Array | Float64Array, start: number): void }
  | { readonly access: 'whole'; fill(out: Float32Array | Float64Array): void }

export type Family = 'normal' | 'uniform' | 'truncated_normal' | 'constant' | 'structured'

/** The distribution that the statistics test against. min and max are null where unbounded. */
export interface Distribution {
  readonly family: Family
  readonly mean: number
  readonly std: number
  readonly min: number | null
  readonly max: number | null
}

export interface Fill {
  readonly initializer: InitializerSpec
  readonly gain: number | null
  readonly distribution: Distribution
  readonly filler: Filler
}

export interface Moments {
  readonly mean: number
  readonly std: number
  readonly min: number
  readonly max: number
}

export interface Check {
  readonly name: string
  readonly passed: boolean
  readonly statistic: number
  readonly limit: number
}

// ---- plan ----

/** What the plan says of one tensor. */
export interface PlannedFill {
  readonly weight: Weight
  readonly target: FillTarget
  readonly fill: Fill
}

export interface Plan {
  readonly fills: readonly PlannedFill[]
  readonly skipped: readonly Skipped[]
  /** Float tensors that hold their old values (under --all). */
  readonly kept: readonly Skipped[]
  readonly notes: readonly string[]
}

// ---- run ----

export type RunStatus = 'passed' | 'failed' | 'failed-before' | 'unsupported' | 'too-large' | 'timeout' | 'disabled'

export interface RunValue {
  readonly name: string
  readonly dataType: DataType
  readonly shape: readonly number[]
}
export interface RunOutput extends RunValue {
  readonly finite: boolean
  readonly mean: number | null
  readonly std: number | null
  readonly min: number | null
  readonly max: number | null
}
export interface RunResult {
  readonly status: RunStatus
  readonly runtime: string | null
  readonly inputs: readonly RunValue[]
  readonly outputs: readonly RunOutput[]
  /** One line: why it is not `passed`. */
  readonly message?: string
}

export interface RunOptions {
  /** Sizes of named dimensions. */
  readonly dims?: Readonly<Record<string, number>>
  /** Input name → a .npy file, or zeros, ones, random. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Seconds; default 120. */
  readonly timeout?: number
  /** Run even a model over a third of free memory. */
  readonly force?: boolean
  /** Run the input too, always. */
  readonly compare?: boolean
}

// ---- public options ----

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
}

export interface ReinitOptions extends SelectionOptions, RunOptions {
  /** Canonical or alias name, or NAME:key=value,…; default none: it must be given. */
  readonly init?: string | InitializerSpec
  readonly gain?: number | string
  readonly mode?: string
  readonly nonlinearity?: string
  readonly negativeSlope?: number
  readonly fan?: FanKind
  /** zeros (default), keep or a number. */
  readonly bias?: 'zeros' | 'keep' | number
  /** 0 … 2^64−1; default 0. */
  readonly seed?: bigint | number | string
  readonly shared?: 'refuse' | 'rewrite'
  readonly output?: string
  readonly inPlace?: boolean
  readonly overwrite?: boolean
  readonly dryRun?: boolean
  readonly data?: 'copy' | 'reference' | 'inline'
  readonly verify?: boolean
  readonly run?: boolean
  readonly strict?: boolean
  readonly onProgress?: (stage: string, done: number, total: number) => void
}

// ---- public reports: the JSON of the command line, see README ----

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
  readonly expected: { readonly mean: number; readonly std: number; readonly min: number | null; readonly max: number | null }
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
  readonly rng: 'philox'
  readonly recipe: Readonly<Record<string, unknown>>
  readonly changed: readonly ReportChange[]
  readonly skipped: readonly ReportSkipped[]
  readonly kept: readonly ReportSkipped[]
  readonly notes: readonly string[]
  /** null where not verified. */
  readonly bytes: { readonly changed: number; readonly total: number; readonly identicalOutside: boolean | null }
  readonly run: RunResult
  /** Files written, the model last. */
  readonly written: readonly string[]
  readonly milliseconds: { readonly read: number; readonly write: number; readonly verify: number; readonly run: number }
}
export interface DiffReport {
  readonly schema: 1
  readonly tool: string
  readonly before: string
  readonly after: string
  /** Tensors whose values, shape or type differ. */
  readonly changed: readonly {
    readonly name: string
    readonly layer: string
    readonly scope: string
    readonly what: string
    readonly outsideOnly: boolean
  }[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Whether everything that is no tensor's values is equal to the byte. */
  readonly restEqual: boolean
  /** First difference outside tensors, in words; null where there is none. */
  readonly rest: string | null
  readonly tensorCount: number
  /** Nothing differs, or with `only` nothing outside it. */
  readonly equal: boolean
}
export interface DiffOptions {
  /** Patterns (as --layers) of tensors that may differ. */
  readonly only?: readonly string[]
}
