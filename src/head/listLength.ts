import type { Model } from '../types.js'
import { Op } from '../ops/op.js'
import { constantAt, producerIn, type Scope } from '../ops/scope.js'

/** Operators that hand a list of integers on. */
const same = new Set(['Identity', 'Cast', 'Add', 'Sub', 'Mul', 'Div', 'Abs', 'Neg', 'Relu', 'Max', 'Min'])
/** From here on an end means the last element. */
const NO_END = 2 ** 31 - 1
/** Operators that a length is looked back through. */
const MAX_STEPS = 200

/** How many integers a one-dimensional value of the main graph holds, a target shape or a part of one; null where that is not known. */
export function listLength(
  model: Model,
  scope: Scope,
  name: string,
  rankOf: (name: string, left: number) => number | null,
  left = MAX_STEPS,
  known = new Map<string, number | null>(),
): number | null {
  const found = known.get(name)
  if (found !== undefined || left === 0) return found ?? null
  // what is made from itself has none
  known.set(name, null)
  const length = lengthOf(model, scope, name, rankOf, left, known)
  known.set(name, length)
  return length
}

function lengthOf(...[model, scope, name, rankOf, left, known]: Required<Parameters<typeof listLength>>): number | null {
  const constant = constantAt(scope, name)
  if (constant) return constant.dims?.[0] ?? (constant.dims?.length === 0 ? 1 : null)
  const node = producerIn(scope.graph, name)
  if (!node || node.domain !== 'ai.onnx') return null
  const op = new Op(model, scope, node)
  const inner = (input: number) => listLength(model, scope, node.inputs[input] ?? '', rankOf, left - 1, known)
  if (same.has(op.opType)) return inner(0)
  if (op.opType === 'Shape')
    return op.int('start', 0) === 0 && op.int('end', NO_END) === NO_END ? rankOf(node.inputs[0] ?? '', left - 1) : null
  if (op.opType === 'Concat') {
    const lengths = node.inputs.map((_, i) => inner(i))
    return lengths.some((n) => n === null) ? null : lengths.reduce<number>((sum, n) => sum + (n ?? 0), 0)
  }
  // a single number that becomes a list of one
  if (op.opType === 'Unsqueeze') return 1
  if (op.opType === 'Gather') return op.inputs[1]?.dims?.[0] ?? (op.inputs[1]?.dims?.length === 0 ? 1 : null)
  if (op.opType === 'Reshape') return op.list(1, 'shape')?.find((n) => n > 0) ?? null
  if (op.opType !== 'Slice') return null
  const [start, end] = [op.list(1, 'starts')?.[0], op.list(2, 'ends')?.[0]]
  if (start === undefined || end === undefined || (op.list(4)?.[0] ?? 1) !== 1) return null
  if (start >= 0 && end >= start && end < NO_END) return end - start
  if (start < 0 && (end < 0 ? end >= start : end >= NO_END)) return (end < 0 ? end : 0) - start
  const whole = inner(0)
  return whole === null ? null : Math.max(0, Math.min(whole, end < 0 ? end + whole : end) - (start < 0 ? start + whole : start))
}
