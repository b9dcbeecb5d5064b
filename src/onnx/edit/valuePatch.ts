import type { FramedPatch, Tensor } from '../../types.js'

/** New values of one run of a tensor's elements, in the file that holds them now. */
export interface ValuePatch {
  readonly tensor: Tensor
  /** '' for the model, else a location. */
  readonly file: string
  readonly patch: FramedPatch
  /** External values of another length: they get a place of their own, the patch tells none. */
  readonly isMoved?: true
}
