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

/**
 * One run of a tensor's values in a file. `frame` is the length-delimited field that holds exactly this run (raw_data, a packed list), or
 * the message around it where the field has no length of its own (an unpacked element); null in an external file. A splice needs it.
 */
export interface StoredRange extends ByteRange {
  readonly frame: Frame | null
}

/** Where a tensor's values are, in element order, or why they can't be replaced. `varints`: one varint an element, of any length. */
export type Elements =
  | { readonly kind: 'stored'; readonly field: StorageField; readonly ranges: readonly StoredRange[]; readonly varints: boolean }
  | { readonly kind: 'unwritable'; readonly field: string; readonly reason: string }

/** A stored constant. Not to be spread: what it computes when asked would be lost (changedTensor). */
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

/** A tensor's external_data: what it points at, and where its entries stand (StringStringEntryProto messages, data_location) for a splice. */
export interface External {
  readonly location: string
  readonly offset: number
  readonly byteLength: number
  /** Whole fields, tag included, in file order: every external_data entry and every data_location. */
  readonly fields: readonly { readonly key: string; readonly tagStart: number; readonly end: number; readonly frame: Frame }[]
}

export interface Attribute {
  readonly name: string
  readonly type: number
  readonly f?: number
  readonly i?: number
  readonly s?: string
  /** How many f and floats hold. */
  readonly floatCount?: number
  /** A setting's; longer lists are not read. */
  readonly floats?: readonly number[]
  readonly ints?: readonly number[]
  readonly strings?: readonly string[]
  readonly refAttrName?: string
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
  /** Of a local function's name. */
  readonly overload: string
  /** Whether an attribute holds a subgraph. */
  readonly hasGraphs: boolean
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
  /** Its own metadata_props. */
  readonly metadata: Map<string, string>
  /** Metadata of `value_info` entries that have any. */
  readonly valueMetadata: Map<string, ReadonlyMap<string, string>>
  /** What a name of this graph is: a stored tensor, the node that computes it, or a graph input. */
  readonly defined: Definitions
}

/** The names that a graph defines. */
export interface Definitions {
  readonly count: number
  get(name: string): Tensor | Node | Value | undefined
  has(name: string): boolean
  /** In the order of definition. */
  keys(): Iterable<string>
  /** Of `keys`, from 0; -1 where the graph does not define the name. */
  numberOf(name: string): number
}

export interface LocalFunction {
  readonly domain: string
  readonly name: string
  readonly overload: string
  readonly body: Graph
  /** Defaults of its attributes. */
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
  /** External tensors beyond those: in attributes (ConstantOfShape's value), indices of sparse ones. */
  readonly unlisted?: readonly Tensor[]
  readonly source: ByteSource
  /** The bytes of a file that a range names. */
  open(file: string): ByteSource
  /** Another model, read once and closed with this one. */
  other(path: string): Model
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

/**
 * How integers stand for values: value = scale·(integer − zero point). Elements share a scale in blocks: the grid of scales (and of zero
 * points) has ⌈dims[i] / blocks[i]⌉ entries along axis i, row-major. One scale a tensor: blocks = dims; one an output channel: [1, d, d, d].
 */
export interface Quantization {
  /** Where the scales are stored; of several, each holds all of them, for another place of the graph. Empty: computed, or see `products`. */
  readonly scales: readonly Tensor[]
  readonly zeroPoints: readonly Tensor[]
  /** Of the codes: the tensor's own type, or what is packed in its bytes. */
  readonly codeType: DataType
  /** Of the integers as a matrix or kernel, unpacked. */
  readonly dims: readonly number[]
  readonly blocks: readonly number[]
  /**
   * How integers lie in the tensor: one an element as its type has it; MatMulNBits' blobs; several in a byte along the last axis; or the
   * tensor holds floats, which the graph rounds to codes and back.
   */
  readonly packing: 'plain' | 'nbits' | 'bytes' | 'floats'
  /** Zero point where there is no tensor of it. */
  readonly zero: number
  /** Of an int32 bias: the scales of input and weight, which its own has to be the product of. */
  readonly products: readonly Tensor[]
  /** What their product is multiplied by: Gemm's alpha. */
  readonly factor: number
  /** Codes that may be used, where they are fewer than the type has. */
  readonly limits: readonly [least: number, greatest: number] | null
  /** The node inputs where the graph reads scales and zero points for these integers. Who else reads them shares them. */
  readonly reads: readonly Reading[]
  /** Why the integers can't be redrawn; null: they can. */
  readonly fixed: string | null
  /** Of a new size: indices of `axis` that keep codes, scales and zero points of old ones, of `tensor` and its quantization `of`. */
  readonly kept?: {
    readonly axis: number
    readonly pairs: readonly (readonly [to: number, from: number])[]
    readonly tensor: Tensor
    readonly of: Quantization
  }
}

export interface Reading {
  readonly node: Node
  readonly input: number
}

/** One of several matrices of unequal widths along the out axis. */
export interface StackedMatrix {
  readonly width: number
  readonly fan: Fan
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
  /** Matrices stacked along the out axis (gates, packed q/k/v); 1 for one. */
  readonly stacked: number
  /** Those matrices where their widths are not equal; `fan` is the first's. */
  readonly matrices?: readonly StackedMatrix[]
  /** null where the role has no fans. */
  readonly fan: Fan | null
  readonly layer: string
  /** Nonlinearity that follows, torch's name in lower case; null = none. */
  readonly activation: string | null
  /** null: the values are stored as they are. */
  readonly quantization: Quantization | null
  /** The last layer of a residual branch. */
  readonly endsBranch?: boolean
  /** Of an operator that makes the model's outputs. */
  readonly head?: boolean
  /** The operand as the operator sees it, where the tensor is moved before (absent: it is not); null: a part of it, or its axes are unknown. */
  readonly operand?: { readonly dims: readonly number[]; readonly layout: readonly AxisRole[] } | null
}

export interface Weight {
  readonly tensor: Tensor
  readonly uses: readonly [WeightUse, ...WeightUse[]]
  /** Nodes that read the tensor as plain data, outside a known slot. */
  readonly readers: readonly Node[]
  /** Of a layer that makes the model's outputs. */
  readonly head: boolean
  readonly role: Role
  readonly layer: string
  /** Of the use that decides: the first matrix or convolution use in graph order. */
  readonly fan: Fan | null
  readonly layout: readonly AxisRole[]
  readonly activation: string | null
  readonly quantization: Quantization | null
}

/** Expected outcomes are values. */
export interface Skipped {
  readonly name: string
  readonly reason: string
  readonly detail: string
  readonly elementCount: number
}

// ---- initializers ----

/** An initializer's canonical name and its parameters; resolved: every parameter has its value. */
export interface InitializerSpec {
  readonly name: string
  readonly parameters: Readonly<Record<string, number | string | boolean>>
}

/** What an initializer is told of a tensor. */
export interface FillTarget {
  readonly dims: readonly number[]
  readonly elementCount: number
  readonly dataType: FloatType
  /** null: the tensor has no fans; constant rules only. */
  readonly fan: Fan | null
  /** One role an axis of `dims`; empty where unknown. */
  readonly layout: readonly AxisRole[]
  /** Convolution groups: the `grouped` axis holds all of them. */
  readonly groups: number
  /** Matrices stacked along the `out` axis: gates, packed q/k/v; 1 for one. */
  readonly stacked: number
  /** Those matrices where their widths are not equal: they are drawn each by its own fans. */
  readonly matrices?: readonly StackedMatrix[]
  /** This is one of such matrices, with a stream of its own: which. */
  readonly matrix?: number
  readonly role: Role
  readonly opType: string
  readonly activation: string | null
  /** A projection of nn.MultiheadAttention: rows of torch's own tensor (in), or biases that torch draws and throws away (out). */
  readonly attention?: { readonly part: 'in' | 'out'; readonly count: number }
  /** Residual branches of the model, where this weight is the last of one; else absent or null. */
  readonly residualBranches?: number | null
  /** Names the stream: philox hashes scope ‖ 0 ‖ name. */
  readonly scope: string
  readonly name: string
  /** That hash, where the name is not known; of a draw that takes one stream. */
  readonly stream?: readonly [number, number]
}

/** How a tensor's values are made. Only 'whole' holds a tensor in memory. */
export type Filler =
  | { readonly access: 'random'; fill(this: void, out: Values, start: number): void }
  | { readonly access: 'sequential'; next(this: void, out: Values): void }
  | { readonly access: 'whole'; fill(this: void, out: Values): void }
export type Values = Float32Array | Float64Array

export type Family = 'normal' | 'uniform' | 'truncated_normal' | 'constant' | 'structured'

/** The distribution that the statistics test against. min and max are null where unbounded. */
export interface Distribution {
  readonly family: Family
  readonly mean: number
  readonly std: number
  readonly min: number | null
  readonly max: number | null
  /** truncated_normal: the normal that was cut at min and max. */
  readonly parent?: { readonly mean: number; readonly std: number }
  /** structured: of matrices of unequal widths in the tensor, each one's. */
  readonly matrices?: readonly Distribution[]
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

// ---- plan: plain data ----

/** What a tensor's values are drawn from. */
export interface PlannedDraw {
  readonly weight: Weight
  readonly target: FillTarget
  readonly initializer: InitializerSpec
  readonly gain: number | null
  readonly distribution: Distribution
  /** Decimal: JSON has no 64-bit integers. */
  readonly seed: string
  readonly rng: Rng
  /** In words, where the initializer was chosen rather than asked for. */
  readonly why: string | null
  /** rng torch, of an operator that runs both ways: all its draws, which torch makes a direction after the other. */
  readonly bothWays?: readonly { readonly target: FillTarget; readonly initializer: InitializerSpec }[]
}

/** A counter-based stream a tensor, or PyTorch's own sequence through all fills in their order. */
export type Rng = 'philox' | 'torch'

/** What one tensor becomes. */
export interface PlannedFill extends PlannedDraw {
  /** What of a quantized weight the tensor holds; absent: the drawn values. */
  readonly part?: QuantizedPart
  /** What becomes of the tensor beyond its values; absent: they go where the old ones are. `weight.tensor` is the tensor as it will be. */
  readonly change?: TensorChange
}

export type QuantizedPart =
  /** Codes of the drawn values, or of the old ones, in steps of new scales. */
  | { readonly kind: 'integers'; readonly codes: Codes; readonly scale: ScaleSource; readonly values: 'drawn' | 'old' }
  | { readonly kind: 'scales'; readonly scale: ScaleSource; readonly of: string }
  | { readonly kind: 'zero_points'; readonly codes: Codes; readonly of: string }

/** What codes are possible. */
export interface Codes {
  readonly quantization: Quantization
  /** null: as its zero point tensor has them. */
  readonly zero: number | null
  /** The least and the greatest code that are used. */
  readonly least: number
  readonly greatest: number
}

export type ScaleSource =
  /** As large as the drawn values need. */
  | { readonly kind: 'drawn'; readonly group: QuantizedGroup }
  /** A product of stored or new scales, rounded to a type. */
  | {
      readonly kind: 'product'
      readonly of: readonly (Tensor | QuantizedGroup)[]
      readonly factor: number
      readonly dataType: DataType | null
    }

/** Weights that have their scales in common, and where those are stored. */
export interface QuantizedGroup {
  readonly members: readonly { readonly draw: PlannedDraw; readonly codes: Codes }[]
  readonly scales: readonly Tensor[]
}

export type TensorChange =
  /** A tensor of its own for these uses, with dims that may be another form of the same values; `from` stays as it is for all others. */
  | { readonly kind: 'insert'; readonly from: Tensor; readonly uses: readonly { readonly node: Node; readonly input: number }[] }
  /** Another size of `axis`; index kept[i][0] of the axis keeps the values of index kept[i][1] of `from`. */
  | {
      readonly kind: 'resize'
      readonly from: Tensor
      readonly axis: number
      readonly kept: readonly (readonly [to: number, from: number])[]
    }

/** Another size of one axis of a tensor; `kept`: indices that keep the values of an old one. */
export interface Resize {
  readonly axis: number
  readonly size: number
  readonly kept: readonly (readonly [to: number, from: number])[]
}

/** A tensor of whatever type that gets other dims and values, which are not drawn: a shape, labels. */
export interface TensorEdit {
  readonly tensor: Tensor
  /** What it is then, where something of the plan names that. */
  readonly after?: Tensor
  readonly dims: readonly number[]
  /** As raw_data has them, or strings. */
  readonly values: Uint8Array | readonly string[]
}

/** A file that the output is made from; its size and time are compared before and after. */
export interface SourceFile {
  readonly path: string
  readonly byteLength: number
  /** Milliseconds since 1970. */
  readonly modified: number
}

/**
 * New bytes for [start, end) of a file's source: an insertion where start = end, a deletion where byteLength is 0. Where the length changes,
 * the length of every enclosing message is a patch of its own.
 */
export interface Patch {
  readonly start: number
  readonly end: number
  readonly byteLength: number
  readonly content: Content
}
export type Content =
  /** Encoded values of plan.fills[fill], elements [element, element + elementCount). */
  | {
      readonly kind: 'values'
      readonly fill: number
      readonly element: number
      readonly elementCount: number
      readonly encoding: ValueEncoding
    }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Bytes of another file, from `start` on. */
  | { readonly kind: 'copy'; readonly source: SourceFile; readonly start: number }
  | { readonly kind: 'zeros' }
/** As raw_data has them, or one varint an element (int32_data). */
export type ValueEncoding = 'fixed' | 'varint'

/** A patch of a message on the wire: `frame` is the innermost message that holds it; null in a file that is no message. */
export interface FramedPatch extends Patch {
  readonly frame: Frame | null
}

/** One file to write: its source (null: nothing) with the patches in place, which are sorted and don't overlap. */
export interface PlannedFile {
  /** Where it ends up, absolute. */
  readonly path: string
  /** Relative to the model's folder, as ONNX `location` is: its name while it is staged. */
  readonly name: string
  readonly source: SourceFile | null
  /** Of the result. */
  readonly byteLength: number
  readonly patches: readonly Patch[]
}

export interface Plan {
  readonly fills: readonly PlannedFill[]
  /** What else becomes of tensors. */
  readonly edits?: readonly TensorEdit[]
  /** Tensors that go. */
  readonly removed?: readonly Tensor[]
  /** Names are others in the result: its tensors are known by their order. */
  readonly isRenamed?: boolean
  /** Data files first, the model last: the order of commit. */
  readonly files: readonly PlannedFile[]
  /** Files that the result uses as they are, by `name` beside the model: linked where it is staged, so that it runs there. */
  readonly companions: readonly { readonly name: string; readonly path: string }[]
  /** The model's path in the end, absolute; null: a stream. */
  readonly output: string | null
  /** Replace files that exist. */
  readonly overwrite: boolean
  readonly inPlace: boolean
}

/** The result while it is staged: whole, beside its place, under the final names. Nothing is in its place before `commit`. */
export interface Staged {
  /** The staged model: it loads and runs where it is. */
  readonly modelPath: string
  readonly folder: string
  /** Staged paths of plan.files, in their order. */
  readonly files: readonly string[]
  /** Folders of killed runs that were found beside the output and removed. */
  readonly leftovers: readonly string[]
  /** Syncs everything to the disk and puts it in place, data files first, the model last. Gives the paths written. */
  commit(this: void): string[]
  /** Writes the model to a stream, whose end is left to the caller; for a plan without an output. */
  stream(this: void, to: NodeJS.WritableStream): Promise<void>
  /** Removes what is staged; again, or after `commit`, it does nothing. */
  discard(this: void): void
}

// ---- proof ----

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

// ---- diff ----

/** A tensor of one model and its like in another: the same scope and name. */
export interface TensorPair {
  readonly before: Tensor
  readonly after: Tensor
}

/** How the tensors of two models belong together. */
export interface TensorPairing {
  readonly pairs: readonly TensorPair[]
  /** Pairs whose shape or type differ: their whole messages are the tensors' difference, not the rest's. */
  readonly reshaped: ReadonlySet<TensorPair>
  /** Tensors of the first and of the second model that the other has not. */
  readonly alone: readonly [readonly Tensor[], readonly Tensor[]]
}

// ---- audit ----

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

// ---- run ----

export type RunStatus = 'passed' | 'failed' | 'failed-before' | 'unsupported' | 'too-large' | 'timeout' | 'disabled'

export interface RunValue {
  readonly name: string
  readonly dataType: DataType
  readonly shape: readonly number[]
}
export interface RunOutput extends RunValue {
  /** null where the runtime hands out no numbers: strings, sequences, maps. */
  readonly finite: boolean | null
  readonly mean: number | null
  readonly std: number | null
  readonly min: number | null
  readonly max: number | null
}
export interface RunResult {
  readonly status: RunStatus
  /** "onnxruntime-node 1.30.0"; null where it did not come to it. */
  readonly runtime: string | null
  readonly inputs: readonly RunValue[]
  readonly outputs: readonly RunOutput[]
  /** One line: why it is not `passed`, or what differs though it is (axes that depend on values). */
  readonly message?: string
  /** Where a head changed and the result ran: what enters it. */
  readonly features?: FeatureComparison
}
/** Values that both models compute, of the same inputs: are all their bytes equal? */
export interface FeatureComparison {
  readonly status: 'equal' | 'different' | 'not-compared'
  /** As the result has them. */
  readonly values: readonly RunValue[]
  /** One line: what differs, or why they were not compared. */
  readonly message?: string
}

/** What a run gave for values that were asked for by name. */
export type Probe =
  | {
      readonly kind: 'ran'
      readonly runtime: string
      /** Of the table of attempts at inputs: the same model and attempt get the same inputs. */
      readonly attempt: number
      readonly inputs: readonly RunValue[]
      /** In the order of the names. */
      readonly values: readonly ProbedValue[]
    }
  /** One line says why. */
  | { readonly kind: 'none'; readonly status: Exclude<RunStatus, 'passed' | 'failed-before' | 'disabled'>; readonly message: string }
export interface ProbedValue extends RunOutput {
  /** Of all its bytes, as they lie in memory; null where the runtime hands out none. */
  readonly sha256: string | null
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

// ---- scramble ----

/** What keeps its values when a model is scrambled, and why. */
export interface Kept {
  readonly name: string
  readonly scope: string
  readonly what: 'tensor' | 'attribute'
  readonly dataType: DataType
  readonly reason: 'steers' | 'setting' | 'mask' | 'scale' | 'zero_point' | 'labels' | 'structure'
  /** In words: what reads it. */
  readonly detail: string
  readonly elementCount: number
  readonly byteLength: number
  /** Where its message starts: the tensor's, or the attribute's. */
  readonly at: number
}

/** A tensor outside every weight slot whose values were learned, or may have been. */
export interface LearnedTensor {
  readonly tensor: Tensor
  /** Floats; or integers and small floats in steps of 1, whose scale is not known. */
  readonly as: 'floats' | 'codes'
  /** Of its finite values. */
  readonly moments: Moments
  /** A node that reads it; null: it is an output as it is. */
  readonly reader: Node | null
}

/** Learned values that are no tensor of a graph: a list of floats, or tensors, in an attribute. */
export interface LearnedAttribute {
  readonly name: string
  readonly graph: Graph
  readonly node: Node | null
  /** domain:op_type. */
  readonly key: string
  readonly attribute: Attribute
  /** Where each of its floats is in the model. */
  readonly floats: readonly number[]
  readonly tensors: readonly Tensor[]
  readonly frame: Frame
}

/** What of a model was learned, beside what is redrawn already; and what stays. */
export interface Learned {
  readonly tensors: readonly LearnedTensor[]
  readonly attributes: readonly LearnedAttribute[]
  readonly kept: readonly Kept[]
  /** Read by nothing. */
  readonly unused: readonly Tensor[]
}
