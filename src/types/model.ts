// What a model holds.

import type { ByteRange, ByteSource, Frame } from './bytes.js'

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
