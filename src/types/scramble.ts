// What was learned, and what stays.

import type { Frame } from './bytes.js'
import type { Moments } from './fills.js'
import type { Attribute, DataType, Graph, Node, Tensor } from './model.js'

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

/** What an attribute holds: numbers of its own, and tensors that are no stored constant of the graph. */
export interface AttributeLists {
  readonly graph: Graph
  /** null: an attribute's default, in a local function. */
  readonly node: Node | null
  /** domain:op_type. */
  readonly key: string
  readonly attribute: Attribute
  /** Of its name: which of the two counts is not defined. */
  readonly isSecond: boolean
  /** Of f and floats: where each float is. */
  readonly floats: readonly number[]
  readonly tensors: readonly Tensor[]
  /** Of the AttributeProto. */
  readonly frame: Frame
}

/** Learned values that are no tensor of a graph. */
export interface LearnedAttribute extends AttributeLists {
  readonly name: string
}

/** What of a model was learned, beside what is redrawn already; and what stays. */
export interface Learned {
  readonly tensors: readonly LearnedTensor[]
  readonly attributes: readonly LearnedAttribute[]
  readonly kept: readonly Kept[]
  /** Read by nothing. */
  readonly unused: readonly Tensor[]
}
