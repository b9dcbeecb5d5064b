import type { Role } from '../types.js'
import { isOneNumber, operatorBehind, sourceOf } from './flow.js'
import type { Op } from './op.js'
import type { Producer, Scope } from './scope.js'
import { constantAt } from './scope.js'
import { type Slot, slots } from './slots.js'

/** A constant that is added or multiplied is a parameter by what stands on the other side: its slot, and the operator it belongs to. */
export interface ElementwiseUse {
  readonly slot: Slot
  /** The matrix or normalization that a bias, scale or shift completes; null: none. */
  readonly owner: Producer | null
}

const key = (p: Producer) => `${p.node.domain}:${p.node.opType}`
/** An operator with a constant matrix or kernel. */
export const isMatrix = (p: Producer): boolean =>
  slots[key(p)]?.some((s) => s.role === 'weight' && constantAt(p.scope, p.node.inputs[s.input] ?? '') !== null) ?? false

export function elementwiseUse(op: Op): ElementwiseUse | null {
  const { scope, node, inputs } = op
  if (node.domain !== 'ai.onnx' || !/^(Add|Mul|Concat|Where)$/.test(node.opType)) return null
  const input = inputs.findIndex((c) => c !== null)
  const constant = inputs[input]
  if (!constant || inputs.every((c) => c !== null)) return null
  const use = (role: Role, owner: Producer | null): ElementwiseUse => ({ slot: { input, role }, owner })
  const dims = constant.dims ?? []
  const size = dims.reduce((n, d) => n * d, 1)
  if (node.opType === 'Concat') return use('position', null)
  if (size <= 1 || node.opType === 'Where') return null
  const isVector = dims.filter((d) => d !== 1).length === 1
  const other = node.inputs[1 - input] ?? ''
  const behind = operatorBehind(scope, other)
  if (node.opType === 'Mul') return isVector ? use('scale', behind && isNormal(behind) ? behind : null) : null
  if (behind && isVector && isAffine(behind)) return use('shift', behind)
  const matrix = isVector ? matrixBehind(scope, other, MAX_BRANCHES) : null
  if (matrix) return use('bias', matrix)
  return isMask(scope, node.outputs[0] ?? '', op) ? null : use('position', null)
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

/** A product with a vector: the scale in front of this shift. */
const isAffine = ({ scope, node }: Producer) =>
  node.opType === 'Mul' && node.domain === 'ai.onnx' && node.inputs.some((n) => constantAt(scope, n) !== null && !isOneNumber(scope, n))

/** The end of a decomposed normalization (x − mean)/deviation, or one that has no scale of its own. */
const isNormal = ({ node }: Producer) => /^(Div|Mul|.*Normalization)$/.test(node.opType)

/** A constant [1, 1, T, T] (or less) added to what Softmax reads: a mask, not a parameter. */
function isMask(scope: Scope, output: string, op: Op): boolean {
  const constant = op.inputs.find((c) => c !== null)
  const reader = scope.consumers.of(output)[0]
  const heads = constant?.dims?.at(-3) ?? 1
  return reader?.node.opType === 'Softmax' && heads === 1 && sourceOf(scope, output) !== null
}
