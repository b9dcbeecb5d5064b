// What becomes of which bytes: plain data.

import type { Frame } from './bytes.js'
import type { Distribution, FillTarget, InitializerSpec } from './fills.js'
import type { DataType, Node, Tensor } from './model.js'
import type { Quantization, Weight } from './weights.js'

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
