import type { Model } from '../types.js'
import { listLength } from './listLength.js'
import { Op } from '../ops/op.js'
import { constantAt, producerIn, type Scope } from '../ops/scope.js'

/** Operators of one data input whose rank their result has. */
const keeps = new Set(
  (
    'Relu Sigmoid Softmax LogSoftmax Tanh Exp Log Neg Abs Sqrt Clip LeakyRelu Elu Selu Gelu HardSigmoid HardSwish Erf Identity Cast Dropout ' +
    'BatchNormalization LayerNormalization InstanceNormalization MaxPool AveragePool GlobalAveragePool GlobalMaxPool Slice Concat Split Pad ' +
    'QuantizeLinear DequantizeLinear Resize Upsample CumSum Pow Softplus Reciprocal'
  ).split(' '),
)
/** The rank of the wider operand. */
const broadcasts = new Set('Add Sub Mul Div Max Min Sum Where PRelu'.split(' '))

type Rule = (op: Op, rank: (input: number) => number | null) => number | null

const changed =
  (direction: 1 | -1): Rule =>
  (op, rank) => {
    const [own, axes] = [rank(0), op.list(1, 'axes')]
    return own === null || !axes ? null : own + direction * axes.length
  }
const reduced: Rule = (op, rank) => (op.int('keepdims', 1) === 1 ? rank(0) : changed(-1)(op, rank))

const rules: Readonly<Record<string, Rule>> = {
  Gemm: () => 2,
  Flatten: () => 2,
  Conv: (op) => op.inputs[1]?.dims?.length ?? null,
  ConvTranspose: (op) => op.inputs[1]?.dims?.length ?? null,
  MatMul: (_, rank) => {
    const [a, b] = [rank(0), rank(1)]
    return a === null || b === null || a < 2 || b < 2 ? null : Math.max(a, b)
  },
  Transpose: (op, rank) => op.ints('perm')?.length ?? rank(0),
  Unsqueeze: changed(1),
  Squeeze: changed(-1),
  ReduceMean: reduced,
  ReduceMax: reduced,
  ReduceSum: reduced,
  ReduceMin: reduced,
  Gather: (_, rank) => {
    const [data, indices] = [rank(0), rank(1)]
    return data === null || indices === null ? null : data - 1 + indices
  },
}
/** Layers that a rank is looked back through. */
const MAX_STEPS = 200

/** How many axes a value of the main graph has, by what makes it; null where that does not tell. `declared`: what the model says. */
export function rankOf(
  model: Model,
  scope: Scope,
  name: string,
  declared: (name: string) => number | null,
  left = MAX_STEPS,
  known = new Map<string, number | null>(),
): number | null {
  const stated = constantAt(scope, name)?.dims?.length ?? declared(name)
  if (stated !== null || left <= 0) return stated
  const found = known.get(name)
  if (found !== undefined) return found
  // what is made from itself has none
  known.set(name, null)
  const rank = madeRank(model, scope, name, declared, left, known)
  known.set(name, rank)
  return rank
}

function madeRank(...[model, scope, name, declared, left, known]: Required<Parameters<typeof rankOf>>): number | null {
  const node = producerIn(scope.graph, name)
  if (!node || node.domain !== 'ai.onnx') return null
  const op = new Op(model, scope, node)
  const rank = (input: number) => rankOf(model, scope, node.inputs[input] ?? '', declared, left - 1, known)
  if (keeps.has(op.opType)) return rank(0)
  const target = () =>
    listLength(model, scope, node.inputs[1] ?? '', (n, steps) => rankOf(model, scope, n, declared, steps, known), left - 1)
  if (op.opType === 'Reshape') return node.inputs[1] === undefined ? (op.ints('shape')?.length ?? null) : target()
  if (op.opType === 'Expand') {
    const [own, given] = [rank(0), target()]
    return own === null || given === null ? null : Math.max(own, given)
  }
  if (broadcasts.has(op.opType)) {
    const ranks = node.inputs.map((_, i) => rank(i))
    return ranks.some((r) => r === null) ? null : Math.max(...ranks.map((r) => r ?? 0))
  }
  return (Object.hasOwn(rules, op.opType) ? rules[op.opType]?.(op, rank) : null) ?? null
}
