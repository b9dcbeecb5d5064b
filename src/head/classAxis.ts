import type { Node } from '../types.js'
import type { Op } from '../ops/op.js'

/**
 * A value behind the head. `class`: one of its axes has an entry a class; axes count from the last one (0) to the first, so that broadcasting
 * keeps them. `shape`: numbers made of such a value's shape. `free`: made of one, but its size is the same for any number of classes.
 */
export type Carried =
  | {
      readonly kind: 'class'
      readonly axis: number
      /** The axis's size with the old number of classes; null where a flattened part is not known. */
      readonly size: number | null
      /** null where the rank is not known; an axis that is not known is null. */
      readonly dims: Dims | null
    }
  | { readonly kind: 'shape' }
  | { readonly kind: 'free' }
export type Dims = readonly (number | null)[]
export type ClassAxis = Extract<Carried, { kind: 'class' }>

/** What another number of classes changes at an operator. */
export type Change =
  /** An operand that has an entry a class along its `axis` (from the last). New entries are the operator's neutral value. */
  | {
      readonly kind: 'operand'
      readonly input: number
      readonly axis: number
      readonly neutral: 'zeros' | 'ones' | 'slope'
      /** Of another node, whose operand it is. */
      readonly node?: Node
    }
  /** Entry `index` of the integers of an input or attribute is the number of classes (or `size`, a multiple of it). */
  | { readonly kind: 'integer'; readonly input: number; readonly attribute: string; readonly index: number; readonly size: number }
  /** A list of labels: an input, or attributes of which one is there. */
  | { readonly kind: 'labels'; readonly input: number | null; readonly attributes: readonly string[] }
  /** The number of classes may not be less. */
  | { readonly kind: 'atLeast'; readonly count: number }

export interface Behind {
  readonly op: Op
  readonly classes: number
  /** By input; null: not made of the head's result. */
  readonly carried: readonly (Carried | null)[]
  /** Declared sizes of an input or output, where the model says them. */
  readonly declared: (name: string) => Dims | null
  /** An operand that is the product of a stored scale, one a class, and a computed number: what changes there; null: it is none. */
  readonly stepsOf: (input: number) => readonly Change[] | null
  /** The elements of a shape that a Concat or a constant gives, null where one is computed; null: not known at all. */
  readonly shapeOf: (input: number, attribute: string) => ShapeList | null
}
/** A shape's entries and where each is stored: an index into the integers of a stored tensor, or into the attribute. */
export interface ShapeList {
  readonly values: Dims
  readonly editable: (index: number) => boolean
}

export interface Effect {
  /** By output. */
  readonly outputs: readonly (Carried | null)[]
  readonly changes?: readonly Change[]
}
/** Why the number of classes can't change here, in words that complete "X …". */
export type Refusal = string
export type Rule = (at: Behind) => Effect | Refusal

export const FREE: Carried = { kind: 'free' }
export const SHAPE: Carried = { kind: 'shape' }
export const give = (...outputs: readonly (Carried | null)[]): Effect => ({ outputs })
export const classAt = ({ carried }: Behind, input = 0): ClassAxis | null => {
  const c = carried[input]
  return c?.kind === 'class' ? c : null
}
/** Same axis, other sizes: null where they are not known. */
export const withDims = (c: ClassAxis, dims: Dims | null): ClassAxis => ({ ...c, dims })
export const rankOf = (c: ClassAxis): number | null => c.dims?.length ?? null
/** An axis as attributes give it, from the last. */
export const fromLast = (axis: number, rank: number | null): number | null =>
  axis < 0 ? -1 - axis : rank === null ? null : rank - 1 - axis
export const needsRank = (what: string): Refusal =>
  `${what} by an axis whose place is not known: the model does not say the rank of its input`
export const all = (at: Behind, value: Carried): Effect => ({ outputs: at.op.node.outputs.map(() => value) })
