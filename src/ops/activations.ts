import type { Op } from './op.js'

/** What an activation operator is told of itself: a node with its attributes and constant inputs. */
type Name = string | ((op: Op) => string | null)

const clip: Name = (op) => {
  const [low, high] =
    op.opType === 'Clip'
      ? [op.number(1, 'min', Number.NEGATIVE_INFINITY), op.number(2, 'max', Number.POSITIVE_INFINITY)]
      : op.floats('activation_params')
  return low !== 0 ? null : high === 6 ? 'relu6' : 'relu'
}

/** Nonlinearities by domain:op_type, with torch's names in lower case. Add an activation here (and its gain in init/gains.ts). */
export const activations: Readonly<Record<string, Name>> = {
  'ai.onnx:Relu': 'relu',
  'ai.onnx:LeakyRelu': 'leaky_relu',
  'ai.onnx:PRelu': 'prelu',
  'ai.onnx:Elu': 'elu',
  'ai.onnx:Selu': 'selu',
  'ai.onnx:Celu': 'celu',
  'ai.onnx:ThresholdedRelu': 'relu',
  'ai.onnx:Clip': clip,
  'ai.onnx:Sigmoid': 'sigmoid',
  'ai.onnx:HardSigmoid': 'hardsigmoid',
  'ai.onnx:Tanh': 'tanh',
  'ai.onnx:Softplus': 'softplus',
  'ai.onnx:Softsign': 'softsign',
  'ai.onnx:Gelu': 'gelu',
  'ai.onnx:Mish': 'mish',
  'ai.onnx:Swish': 'silu',
  'ai.onnx:HardSwish': 'hardswish',
  'com.microsoft:Gelu': 'gelu',
  'com.microsoft:BiasGelu': 'gelu',
  'com.microsoft:FastGelu': 'gelu',
  'com.microsoft:QuickGelu': (op) => (op.float('alpha', 1.702) === 1 ? 'silu' : 'quick_gelu'),
  'com.microsoft:QLinearSigmoid': 'sigmoid',
  'com.microsoft:QLinearLeakyRelu': 'leaky_relu',
}

/** The input with the output's zero point, of operators that quantize what they compute. */
const outputZeroPoints: Readonly<Record<string, number>> = { QLinearConv: 7, QLinearMatMul: 7, QGemm: 8 }

/** The activation that a fused operator names in its own attribute, or that a recurrent one has inside: its gates are sigmoids. */
export function ownActivation(op: Op): string | null {
  const { node } = op
  const fused = op.text('activation', '')
  if (fused !== '') return activationName(op, `ai.onnx:${fused}`)
  if (node.opType === 'GemmFastGelu') return 'gelu'
  const zeroPoint = Object.hasOwn(outputZeroPoints, node.opType) ? outputZeroPoints[node.opType] : undefined
  if (zeroPoint !== undefined) return op.isRectified(zeroPoint) ? 'relu' : null
  if (/LSTM$|^GRU$/.test(node.opType)) return 'sigmoid'
  return node.opType === 'RNN' ? (op.texts('activations')?.[0] ?? 'Tanh').toLowerCase() : null
}

export function activationName(op: Op, key: string): string | null {
  const name = activations[key]
  return name === undefined ? null : typeof name === 'string' ? name : name(op)
}
