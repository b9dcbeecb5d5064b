// What operators make of tensors.

import type { DataType, Node, Tensor } from './model.js'

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
