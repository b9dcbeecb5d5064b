import type { Reading, Tensor } from '../types.js'
import { readersOf, sourceOf } from './flow.js'
import { isInOrder } from './dequantized.js'
import type { Op } from './op.js'
import { type Consumer, constantAt } from './scope.js'
import { soleTensor } from './view.js'

/** The scales that integers meet after they have left their operator. */
export interface Met {
  readonly scales: readonly Tensor[]
  readonly zeroPoints: readonly Tensor[]
  readonly reads: readonly Reading[]
  readonly fixed: string | null
}

/** Operators that hand integers on, and the inputs that they may come in by. */
const moves: Readonly<Record<string, readonly number[]>> = Object.fromEntries(
  [
    'Identity',
    'Reshape',
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'Transpose',
    'Gather',
    'GatherElements',
    'GatherND',
    'Slice',
    'Split',
    'Expand',
  ].map((op) => [`ai.onnx:${op}`, [0]]),
)

/** Where operators have scale and zero point of an integer input, by that input. */
const scaled: Readonly<Record<string, Readonly<Record<number, readonly [scale: number, zeroPoint: number]>>>> = {
  'ai.onnx:DequantizeLinear': { 0: [1, 2] },
  'com.microsoft:DequantizeLinear': { 0: [1, 2] },
  'ai.onnx:QLinearConv': { 0: [1, 2] },
  'ai.onnx:QLinearMatMul': { 0: [1, 2], 3: [4, 5] },
  'com.microsoft:QGemm': { 0: [1, 2], 3: [4, 5] },
  'com.microsoft:QLinearConv': { 0: [1, 2] },
  'com.microsoft:QLinearAdd': { 0: [1, 2], 3: [4, 5] },
  'com.microsoft:QLinearMul': { 0: [1, 2], 3: [4, 5] },
  'com.microsoft:QLinearSigmoid': { 0: [1, 2] },
  'com.microsoft:QLinearLeakyRelu': { 0: [1, 2] },
  'com.microsoft:QLinearSoftmax': { 0: [1, 2] },
  'com.microsoft:QLinearAveragePool': { 0: [1, 2] },
  'com.microsoft:QLinearGlobalAveragePool': { 0: [1, 2] },
  'com.microsoft:QLinearReduceMean': { 0: [1, 2] },
  'com.microsoft:MatMulIntegerToFloat': { 0: [2, 4], 1: [3, 5] },
}

/** Integers that are looked up in a table: every scale that they are read with afterwards. null: they are indices, or whatever else. */
export function scalesBehindLookup({ scope, node }: Op): Met | null {
  const found = { scales: new Set<Tensor>(), zeroPoints: new Set<Tensor>(), reads: [] as Reading[] }
  let fixed: string | null = null
  const waiting = readersOf(scope, node.outputs[0] ?? '')
  const passed = new Set<unknown>()
  for (const reader of waiting) {
    const key = `${reader.node.domain}:${reader.node.opType}`
    const slots = scaled[key]?.[reader.input]
    if (slots) {
      const [scale, zeroPoint] = slots.map((input) => constantAt(reader.scope, reader.node.inputs[input] ?? ''))
      const [s, z] = [soleTensor(scale), soleTensor(zeroPoint)]
      if (!s) fixed ??= 'its scale is computed in the graph'
      else if (s.elementCount > 1) fixed ??= 'what is looked up in it has more than one scale'
      else found.scales.add(s)
      if (z) found.zeroPoints.add(z)
      else if ((reader.node.inputs[slots[1]] ?? '') !== '') fixed ??= 'its zero point is computed in the graph'
      found.reads.push(...slots.map((input) => ({ node: reader.node, input })))
    } else if (moves[key]?.includes(reader.input)) {
      if (!passed.has(reader.node)) for (const output of reader.node.outputs) waiting.push(...readersOf(reader.scope, output))
      passed.add(reader.node)
    } else fixed ??= `its integers also reach ${reader.node.opType}, which has no scale for them`
  }
  return found.scales.size === 0 ? null : { scales: [...found.scales], zeroPoints: [...found.zeroPoints], reads: found.reads, fixed }
}

/** MatMulInteger → Cast → Mul(scale of the activations × scale of the weight): the constant one, wherever the products go. */
export function scalesBehindProduct({ scope, node }: Op): Met {
  const found = { scales: new Set<Tensor>(), reads: [] as Reading[] }
  const reads = readersOf(scope, node.outputs[0] ?? '').flatMap((cast) =>
    cast.node.opType === 'Cast' ? readersOf(cast.scope, cast.node.outputs[0] ?? '') : [null],
  )
  let fixed: string | null = null
  for (const mul of reads) {
    const met = mul && multiplied(mul, MAX_STEPS)
    if (!met) {
      fixed ??= 'its scale is computed in the graph'
      continue
    }
    found.scales.add(met.scale)
    found.reads.push(met.reading)
  }
  if (reads.length === 0) fixed = 'its scale is computed in the graph'
  return { scales: [...found.scales], zeroPoints: [], reads: found.reads, fixed }
}

/** Products of the activations' scale and the weight's, in one Mul or two. */
const MAX_STEPS = 2

/** The stored scale that a product is multiplied by: directly, inside the other operand, or one Mul later. */
function multiplied({ scope, node, input }: Consumer, steps: number): { scale: Tensor; reading: Reading } | null {
  if (node.opType !== 'Mul' || steps === 0) return null
  const other = 1 - input
  const direct = storedAt({ scope, node, input: other })
  if (direct) return direct
  const inner = sourceOf(scope, node.inputs[other] ?? '')
  // of two stored factors nothing tells which is the weight's
  const inside = inner?.node.opType === 'Mul' ? [0, 1].flatMap((i) => storedAt({ ...inner, input: i }) ?? []) : []
  if (inside.length > 0) return inside.length === 1 ? (inside[0] ?? null) : null
  const next = readersOf(scope, node.outputs[0] ?? '')
  return next.length === 1 && next[0] ? multiplied(next[0], steps - 1) : null
}

function storedAt({ scope, node, input }: Consumer) {
  const constant = constantAt(scope, node.inputs[input] ?? '')
  const scale = soleTensor(constant)
  return scale && (scale.elementCount === 1 || isInOrder(constant)) ? { scale, reading: { node, input } } : null
}
