// How two models compare.

import type { Tensor } from './model.js'

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
