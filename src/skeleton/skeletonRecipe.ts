import type { AxisRole, DataType, Quantization, Role } from '../types.js'

// What a skeleton says of the values that it has not: JSON in one entry of the model's metadata_props. Tensors, dims and types are the
// model's own; the recipe has an entry for each tensor whose field of values is empty, in the order of the file.

export const SKELETON_KEY = 'onnx-reinit.skeleton'
/** ModelProto.metadata_props. */
export const METADATA_PROPS = 14
/** Of the recipe's form: what reads it refuses a later one. */
export const SKELETON_VERSION = 1

export interface SkeletonRecipe {
  readonly version: typeof SKELETON_VERSION
  /** What wrote it: "onnx-reinit 0.4.0". */
  readonly tool: string
  /** Of the model with all its values in it, and how many bytes that has. */
  readonly sha256: string
  readonly byteLength: number
  /** Of all streams, decimal. */
  readonly seed: string
  readonly groups: readonly SkeletonGroup[]
  readonly tensors: readonly SkeletonTensor[]
}

/** A tensor is referred to by its number among all that are stored, in the order of the file. */
export type TensorNumber = number

/** Where a tensor's values come from. */
export type SkeletonTensor = (
  | SkeletonDraw
  /** Integers in steps of scales that are as large as the values need: those of a group, of which the tensor is a member. */
  | { readonly stepsOf: number }
  /** Integers in steps of the product of stored scales (none: of 1). */
  | (SkeletonDraw & { readonly codes: SkeletonCodes; readonly steps: SkeletonSteps })
  /** The scales of a group. */
  | { readonly scalesOf: number }
  /** The zero point of codes, for each scale. */
  | { readonly zeroPoints: SkeletonCodes }
) & {
  /** Of values stored as varints, whose lengths are known when they are drawn. */
  readonly byteLength?: number
}

/** A stream, and what is drawn from it. */
export interface SkeletonDraw {
  /** The stream's name and scope: the tensor's. A constant needs none. */
  readonly name?: string
  readonly scope?: string
  /** Or, where the tensor has another name now, that name's hash: two words, hexadecimal (philox.ts). */
  readonly stream?: string
  /** As --init takes it: "normal:mean=0,std=0.02". */
  readonly init: string
  /** What an initializer that goes by matrices asks for. */
  readonly matrices?: SkeletonMatrices
}

export interface SkeletonMatrices {
  readonly fan: readonly [fanIn: number, fanOut: number] | null
  readonly layout: readonly AxisRole[]
  readonly groups: number
  readonly stacked: number
  readonly role: Role
  /** Of unequal widths. */
  readonly widths?: readonly (readonly [width: number, fanIn: number, fanOut: number])[]
}

/** What codes integers are. */
export interface SkeletonCodes {
  readonly type: DataType
  readonly dims: readonly number[]
  readonly blocks: readonly number[]
  readonly packing: Quantization['packing']
  /** null: as the tensor `zeroPoints` has them. */
  readonly zero: number | null
  readonly zeroPoints?: TensorNumber
  readonly least: number
  readonly greatest: number
  /** The code that pads a row; default 0. */
  readonly padding?: number
}

export interface SkeletonSteps {
  readonly of: readonly TensorNumber[]
  readonly factor: number
}

/** Weights that have their scales in common. */
export interface SkeletonGroup {
  /** The tensor that holds the scales. */
  readonly scales: TensorNumber
  readonly members: readonly (SkeletonDraw & {
    readonly tensor: TensorNumber
    readonly codes: SkeletonCodes
    /** That the values are drawn in; default FLOAT. */
    readonly dataType?: DataType
  })[]
}

/**
 * Elements that a rule may need at once (orthogonal makes a matrix in float64): a tensor beyond keeps its drawn values, since a skeleton
 * is drawn in little memory, and its few bytes should not ask for hours.
 */
export const MAX_WHOLE_ELEMENTS = 2 ** 22
/** Scales that are multiplied: of an input, of a weight, of a table of scales. */
export const MAX_FACTORS = 16
/** Scales are held while their integers are drawn. */
export const MAX_SCALES = 2 ** 24

/** Initializers whose values depend on nothing but the stream and their parameters: what others come down to. */
export const plainInitializers: ReadonlySet<string> = new Set(['zeros', 'ones', 'constant', 'normal', 'uniform', 'trunc_normal'])
/** Those that go by the matrices in a tensor. */
export const matrixInitializers: ReadonlySet<string> = new Set([
  'xavier_uniform',
  'xavier_normal',
  'he_uniform',
  'he_normal',
  'lecun_uniform',
  'lecun_normal',
  'variance_scaling',
  'orthogonal',
])
/** Of these, what needs a tensor's values at once. */
export const wholeInitializers: ReadonlySet<string> = new Set(['orthogonal'])
