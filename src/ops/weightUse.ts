import { isFloatType } from '../onnx/dataTypes.js'
import type { AxisRole, FanKind, Tensor, WeightUse } from '../types.js'
import { fanOf } from './fan.js'
import type { Op } from './op.js'
import { quantizationOf } from './quantization.js'
import type { Slot } from './slots.js'
import { denseDims, REPEATED, sizeOf, storedLayout, type View } from './view.js'

/** A use without what only the rest of the model tells. */
export type DraftUse = Omit<WeightUse, 'layer' | 'activation'>

/** The use of a view in a slot; null where what stands there is no parameter. */
export function weightUse(op: Op, slot: Slot, view: View, kind: FanKind): DraftUse | null {
  const { node } = op
  const { tensor } = view
  // what an operator computes from a parameter has no axes of it, but a learned scale of one number stays one behind Exp
  if (view.as === 'source' && (tensor.elementCount > 1 || slot.role !== 'scale')) return null
  // one number of a Constant node, spread out: a bias of zeros, a scale of ones
  if (tensor.owner === 'constant' && tensor.elementCount === 1 && view.axes?.some((atoms) => atoms.some((a) => a.axis === REPEATED)))
    return null
  const isFactor = view.as === 'factor'
  if (isFactor && tensor.elementCount === 1 && slot.layout) return null
  const sizes = slot.dims?.(op) ?? view.axes?.map(sizeOf) ?? null
  const roles = isFactor || !sizes ? null : (slot.layout?.(op, sizes.length) ?? null)
  if (slot.layout && sizes && !roles && !isFactor) return null
  const quantization = quantizationOf(op, slot, view, roles)
  if (!isFloatType(tensor.dataType) && !quantization) return null
  const role = isFactor ? 'scale' : slot.role
  const groups = slot.grouped ? op.int('group', 1) : 1
  const stacked = slot.stacked?.(op) ?? 1
  const shape = {
    grouped: slot.grouped ?? null,
    groups,
    width: widthOf(op, slot, roles, stacked),
    strides: (op.ints('strides') ?? []).reduce((n, s) => n * s, 1),
    inFirst: slot.grouped === 'in' || role === 'embedding',
  }
  return {
    node,
    opType: node.opType,
    domain: node.domain,
    input: slot.input,
    role,
    layout: roles === null ? [] : slot.dims ? packedLayout(roles, tensor) : storedLayout(view, roles),
    groups,
    stacked: typeof stacked === 'number' ? stacked : stacked.length,
    fan: roles && sizes ? fanOf({ ...shape, sizes, roles }, kind) : null,
    quantization,
    ...(op.inputNames[slot.input] === tensor.name ? {} : { operand: operandOf(view, roles) }),
  }
}

/** null: only a part of the tensor, or its axes are unknown. */
function operandOf({ as, axes, tensor }: View, roles: readonly AxisRole[] | null): NonNullable<WeightUse['operand']> | null {
  const dims = as === 'values' && axes ? axes.map(sizeOf) : null
  return dims?.reduce((n, d) => n * d, 1) === tensor.elementCount ? { dims, layout: roles ?? [] } : null
}

/** Width of one of several matrices along the out axis; of unequal ones, the first's. */
function widthOf(op: Op, slot: Slot, roles: readonly AxisRole[] | null, stacked: number | readonly number[]): number | null {
  if (typeof stacked !== 'number') return stacked[0] ?? null
  const whole = op.inputs[slot.input]?.dims?.[roles?.indexOf('out') ?? -1]
  return stacked > 1 && whole !== undefined ? whole / stacked : null
}

/** Bits packed along the last axis: further stored axes (MatMulNBits' blocks and their bytes) are of it too. */
const packedLayout = (roles: readonly AxisRole[], tensor: Tensor): AxisRole[] =>
  denseDims(tensor).map((_, i) => roles[Math.min(i, roles.length - 1)] ?? 'in')
