// How values are made.

import type { FloatType } from './model.js'
import type { AxisRole, Fan, Role, StackedMatrix } from './weights.js'

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
