import { isFloatType } from '../onnx/values/dataTypes.js'
import type { AxisRole, FanKind, Tensor, WeightUse } from '../types.js'
import { fanOf, type FanShape } from './fan.js'
import type { Op } from './op.js'
import { quantizationOf } from './quantization.js'
import { shared } from './shared.js'
import type { Slot } from './slots.js'
import { denseDims, REPEATED, sizeOf, storedLayout, type View } from './view.js'

/** A use before the rest of the model has told what it knows of it. */
export interface DraftUse extends WeightUse {
  layer: string
  activation: string | null
  head: boolean
  endsBranch: boolean
}

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
  const unequal = typeof stacked !== 'number' && new Set(stacked).size > 1 ? stacked : null
  const width = widthOf(op, slot, sizes ?? [], roles, stacked)
  const layout = roles === null ? [] : slot.dims ? packedLayout(roles, tensor) : storedLayout(view, roles)
  const strides = (op.ints('strides') ?? []).reduce((n, s) => n * s, 1)
  const inFirst = slot.grouped === 'in' || role === 'embedding'
  // one literal: a spread for each use would take longer than all the rest
  const fanWith = (of: Pick<FanShape, 'sizes' | 'roles'>, width: number | null) =>
    fanOf({ sizes: of.sizes, roles: of.roles, grouped: slot.grouped ?? null, groups, width, strides, inFirst }, kind)
  const fan = roles && sizes ? fanWith(kind === 'torch' ? wholeOf(view, sizes, roles, layout) : { sizes, roles }, width) : null
  const matrices = unequal && roles && sizes ? unequal.map((w) => ({ width: w, fan: fanWith({ sizes, roles }, w) })) : null
  // each field by its name: spread into one another they would have a hidden class of their own for each use, as large as itself
  const use: DraftUse = {
    node,
    opType: node.opType,
    domain: node.domain,
    input: slot.input,
    role,
    layout: shared(layout.join(), layout),
    groups,
    stacked: matrices?.length ?? stackedIn(tensor, layout, width),
    fan: fan && shared(`${fan.fanIn},${fan.fanOut}`, fan),
    layer: '',
    activation: null,
    quantization,
    head: false,
    endsBranch: false,
  }
  if (matrices) Object.assign(use, { matrices })
  if (op.inputNames[slot.input] !== tensor.name) Object.assign(use, { operand: operandOf(view, roles) })
  return use
}

/** null: only a part of the tensor, or its axes are unknown. */
function operandOf({ as, axes, tensor }: View, roles: readonly AxisRole[] | null): NonNullable<WeightUse['operand']> | null {
  const dims = as === 'values' && axes ? axes.map(sizeOf) : null
  return dims?.reduce((n, d) => n * d, 1) === tensor.elementCount ? { dims, layout: roles ?? [] } : null
}

/** torch's formula is of the tensor, even where the operator sees a slice of it. */
function wholeOf({ tensor }: View, sizes: readonly number[], roles: readonly AxisRole[], layout: readonly AxisRole[]) {
  const isSlice = sizes.reduce((n, d) => n * d, 1) < tensor.elementCount && layout.length === denseDims(tensor).length
  return isSlice ? { sizes: denseDims(tensor), roles: layout } : { sizes, roles }
}

/** Matrices of a width that the tensor holds: a part of a concatenation may be one of them. */
function stackedIn(tensor: Tensor, layout: readonly AxisRole[], width: number | null): number {
  const out = denseDims(tensor).reduce((n, d, i) => (layout[i] === 'out' ? n * d : n), 1)
  return width !== null && out % width === 0 ? out / width : 1
}

/** Width of one of several matrices along the out axis; of unequal ones, the first's, or what a part of a concatenation holds. */
function widthOf(
  op: Op,
  slot: Slot,
  sizes: readonly number[],
  roles: readonly AxisRole[] | null,
  stacked: number | readonly number[],
): number | null {
  if (typeof stacked !== 'number') return stacked.find((w) => w === sizes[roles?.indexOf('out') ?? -1]) ?? stacked[0] ?? null
  const whole = op.inputs[slot.input]?.dims?.[roles?.indexOf('out') ?? -1]
  return slot.stacked && whole !== undefined ? whole / stacked : null
}

/** Bits packed along the last axis: further stored axes (MatMulNBits' blocks and their bytes) are of it too. */
const packedLayout = (roles: readonly AxisRole[], tensor: Tensor): AxisRole[] =>
  denseDims(tensor).map((_, i) => roles[Math.min(i, roles.length - 1)] ?? 'in')
