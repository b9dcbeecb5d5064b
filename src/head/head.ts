import type { ShapedValue } from '../onnx/edit/valueShapes.js'
import type { Node, Tensor, Weight, WeightUse } from '../types.js'

/** A stored tensor that has an entry a class along one axis. */
export interface Resized {
  readonly tensor: Tensor
  readonly axis: number
  /** What fills it where it is no known parameter; null: the head's own weight. */
  readonly neutral: 'zeros' | 'ones' | 'slope' | null
  readonly node: Node
}
/** An integer that is the number of classes, or a multiple: `tensor` and its element, else the node's attribute. */
export interface Counted {
  readonly node: Node
  readonly tensor: Tensor | null
  readonly attribute: string
  readonly index: number
  readonly size: number
}
export interface Labelled {
  readonly node: Node
  readonly tensor: Tensor | null
  readonly attributes: readonly string[]
}
/** The layers that make a model's class scores, and what of the model carries their number. */
export interface Head {
  readonly classes: number
  /** The matrices and kernels, a use each. */
  readonly uses: readonly { readonly weight: Weight; readonly use: WeightUse }[]
  /** Operators behind, in the order of the computation. */
  readonly behind: readonly Node[]
  readonly resized: readonly Resized[]
  readonly counted: readonly Counted[]
  readonly labels: readonly Labelled[]
  /** Declared sizes that follow. */
  readonly declared: readonly { readonly value: ShapedValue; readonly axis: number; readonly size: number }[]
  /** The model's outputs with an axis of classes: its place from the last axis, and its size. */
  readonly outputs: readonly { readonly name: string; readonly axis: number; readonly size: number | null }[]
  /** The fewest classes that what follows takes. */
  readonly atLeast: number
}
