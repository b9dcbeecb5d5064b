import type { Role } from '../types.js'
import { isOneNumber, operatorBehind, sourceOf } from './flow.js'
import type { Op } from './op.js'
import type { Producer, Scope } from './scope.js'
import { constantAt } from './scope.js'
import { type Slot, slots } from './slots.js'
import { denseDims } from './view.js'

/** A constant that is added or multiplied is a parameter by what stands on the other side: its slot, and the operator it belongs to. */
export interface ElementwiseUse {
  readonly slots: readonly Slot[]
  /** The matrix or normalization that a bias, scale or shift completes; null: none. */
  readonly owner: Producer | null
  /** One number for all: a parameter only if its name says so. */
  readonly isNumber: boolean
}

/** Operands of sums and products, and where integers have their scale and zero point. */
const operands: Readonly<Record<string, readonly Omit<Slot, 'role'>[]>> = {
  'ai.onnx:Add': [{ input: 0 }, { input: 1 }],
  'ai.onnx:Mul': [{ input: 0 }, { input: 1 }],
  'ai.onnx:Sub': [{ input: 0 }, { input: 1 }],
  'com.microsoft:QLinearAdd': [
    { input: 0, scale: 1, zeroPoint: 2 },
    { input: 3, scale: 4, zeroPoint: 5 },
  ],
  'com.microsoft:QLinearMul': [
    { input: 0, scale: 1, zeroPoint: 2 },
    { input: 3, scale: 4, zeroPoint: 5 },
  ],
}

/** An operator with a constant matrix or kernel. */
export const isMatrix = ({ scope, node }: Producer): boolean =>
  slots[`${node.domain}:${node.opType}`]?.some((s) => s.role === 'weight' && constantAt(scope, node.inputs[s.input] ?? '') !== null) ??
  false

export function elementwiseUse(op: Op): ElementwiseUse | null {
  const { scope, opType, inputs, inputNames } = op
  if (op.key === 'ai.onnx:Concat') return concatenated(op)
  const pair = operands[op.key]
  const place = pair?.find((s) => inputs[s.input])
  const other = pair?.find((s) => s !== place)
  const constant = place && inputs[place.input]
  if (!place || !other || !constant || inputs[other.input]) return null
  const use = (role: Role, owner: Producer | null): ElementwiseUse => ({ slots: [{ ...place, role }], owner, isNumber: size <= 1 })
  const [view] = constant.views
  const dims = constant.dims ?? (view && view.as !== 'source' ? denseDims(view.tensor) : [])
  const size = dims.reduce((n, d) => n * d, 1)
  const isProduct = opType.endsWith('Mul')
  if (size <= 1 && isProduct) return use('scale', null)
  const isVector = dims.filter((d) => d !== 1).length === 1
  const data = inputNames[other.input] ?? ''
  const behind = operatorBehind(scope, data)
  // the bias of one output; a lone number is none
  if (size === 1)
    return opType !== 'Sub' && dims.length > 0 && behind && isMatrix(behind) ? { ...use('bias', behind), isNumber: false } : null
  // β − μ·γ/σ, as TensorFlow spells its norms
  if (opType === 'Sub') return isVector && place.input === 0 && behind && isAffine(behind) ? use('shift', null) : null
  if (isProduct) return isVector ? use('scale', behind && isNormal(behind) ? behind : null) : null
  if (behind && isVector && isAffine(behind)) return use('shift', behind)
  // one value for every output of the matrix, in the shape that its result was given: [heads, width]
  if (behind && isMatrix(behind) && (isVector || outCount(op, behind) === size)) return use('bias', behind)
  if (isMask(op)) return null
  const matrix = isVector ? matrixBehind(scope, data, MAX_BRANCHES) : null
  return matrix ? use('bias', matrix) : use('position', null)
}

/** Outputs of a matrix or kernel: the product of its out axes. */
function outCount(op: Op, matrix: Producer): number | null {
  const { key, inputs } = op.at(matrix)
  for (const slot of slots[key] ?? []) {
    const dims = inputs[slot.input]?.dims
    const roles = dims && slot.layout?.(op.at(matrix), dims.length)
    if (roles) return dims.reduce((n, d, i) => (roles[i] === 'out' ? n * d : n), 1)
  }
  return null
}

/** Constants joined to data: class tokens. */
function concatenated({ inputs }: Op): ElementwiseUse | null {
  if (inputs.every((c) => c === null) || inputs.every((c) => c !== null)) return null
  return { slots: inputs.flatMap((c, input) => (c ? [{ input, role: 'position' }] : [])), owner: null, isNumber: false }
}

/** A second bias, an unrolled cell, a bilinear form: a bias belongs to the nearest matrix behind sums, slices and products of data. */
const MAX_BRANCHES = 4

function matrixBehind(scope: Scope, name: string, left: number): Producer | null {
  const p = operatorBehind(scope, name)
  if (!p || isMatrix(p)) return p
  if (left === 0 || !/^(Add|Sum|Slice|Split|MatMul)$/.test(p.node.opType)) return null
  for (const input of p.node.inputs.slice(0, p.node.opType === 'Slice' ? 1 : 2)) {
    const found = matrixBehind(p.scope, input, left - 1)
    if (found) return found
  }
  return null
}

/** A product with a vector, or with a product of one (γ/σ): the scale in front of this shift. */
const isAffine = (p: Producer): boolean =>
  isVectorProduct(p) || (p.node.opType === 'Mul' && p.node.inputs.some((n) => isVectorProduct(sourceOf(p.scope, n))))

const isVectorProduct = (p: Producer | null): boolean =>
  p !== null &&
  /^(QLinear)?Mul$/.test(p.node.opType) &&
  p.node.inputs.some((n) => constantAt(p.scope, n) !== null && !isOneNumber(p.scope, n))

/** The end of a decomposed normalization (x − mean)/deviation, or one that has no scale of its own. */
const isNormal = ({ node }: Producer) => /^(Div|Mul|.*Normalization)$/.test(node.opType)

/** A constant [1, 1, T, T] (or less) added to what Softmax reads: a mask, not a parameter. */
function isMask({ scope, node, inputs }: Op): boolean {
  const heads = inputs.find((c) => c !== null)?.dims?.at(-3) ?? 1
  return heads === 1 && scope.consumers.of(node.outputs[0] ?? '')[0]?.node.opType === 'Softmax'
}
