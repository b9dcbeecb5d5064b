import type { ScannedField } from '../onnx/edit/scanFields.js'
import type { PlannedFill, Tensor } from '../types.js'
import type { SkeletonRecipe } from './skeletonRecipe.js'

/** A skeleton: what is drawn, and where it goes. */
export interface Skeleton {
  readonly fills: readonly PlannedFill[]
  /** Of each fill's tensor, in the order of the file: the field that is to hold its values, empty now. */
  readonly holes: readonly Hole[]
  /** The recipe's own field, which the model has not. */
  readonly entry: ScannedField
  readonly facts: Pick<SkeletonRecipe, 'tool' | 'sha256' | 'byteLength' | 'seed'>
}

export interface Hole {
  readonly tensor: Tensor
  readonly field: ScannedField
  readonly byteLength: number
  /** Units as storedUnits counts them. */
  readonly unitCount: number
  readonly encoding: 'fixed' | 'varint'
}
