// What the layers of PyTorch, Keras and Flax start with.

import { usage } from '../errors.js'
import type { FillTarget, InitializerSpec, Role } from '../types.js'
import { gates, isTransposed } from './frameworkOrder.js'
import { calculateGain } from './gains.js'
import { roles } from './roles.js'
import type { Chosen, Draw, Rule } from './rules.js'

/** The value of each role that takes no initializer. */
export const constantOfRole: Readonly<Partial<Record<Role, number>>> = Object.fromEntries(
  Object.entries(roles).map(([role, { name, parameters }]) => [
    role,
    name === 'ones' ? 1 : name === 'zeros' ? 0 : (parameters.value as number),
  ]),
)

/** torch.nn modules' reset_parameters. */
export const torchDefault: Rule = (p, target) => {
  const { role, dims, elementCount, opType } = target
  const attention = p.module === 'multihead_attention' || ATTENTION.test(target.name)
  if (role === 'embedding' || role === 'position') {
    const row = elementCount / (dims[0] as number)
    const at = p.padding_idx as number
    if (at >= (dims[0] as number))
      throw usage(`torch_default: padding_idx ${at} is beyond the ${dims[0]} rows of ${JSON.stringify(target.name)}.`)
    if (at < 0) return choose('normal', { mean: 0, std: 1 }, 'as nn.Embedding')
    return { kind: 'normal', mean: 0, std: 1, cleared: [at * row, (at + 1) * row] }
  }
  // peepholes, which torch has not, have no out axis
  if (gates[opType] !== undefined && (role === 'bias' || target.layout.includes('out')))
    return symmetric(1 / Math.sqrt(hiddenOf(target)), `as nn.${opType.replace('DynamicQuantize', '')}: ±1/√hidden`)
  if (attention && /bias_[kv]$/.test(target.name)) return xavier('normal', target)
  const part = p.module === 'auto' ? target.attention : undefined
  if (part?.part === 'out') {
    if (role === 'bias') return { kind: 'constant', value: 0 }
    const bound = linearBound(target)
    return { kind: 'uniform', low: -bound, high: bound, discards: part.count }
  }
  if (part?.part === 'in' && role === 'weight') return xavier('uniform', target, part.count)
  if (role === 'bias') {
    if (attention && target.name.endsWith('in_proj_bias')) return { kind: 'constant', value: 0 }
    const bound = 1 / Math.sqrt(fanInOf(target))
    return attention
      ? { kind: 'constant', value: 0, discarded: { kind: 'uniform', low: -bound, high: bound } }
      : symmetric(bound, "as nn.Linear and nn.Conv: ±1/√fan_in of the layer's weight")
  }
  const fixed = constantOfRole[role]
  if (fixed !== undefined) return { kind: 'constant', value: fixed }
  if (attention && /(in|[qkv])_proj_weight$/.test(target.name)) return xavier('uniform', target)
  if (p.module === 'bilinear') return symmetric(1 / Math.sqrt(dims[1] as number), 'as nn.Bilinear: ±1/√in1_features')
  return symmetric(linearBound(target), 'as nn.Linear and nn.Conv: ±1/√fan_in')
}

/** kaiming_uniform_(a = √5): its gain is √(1/3), its bound 1/√fan_in. */
const linearBound = (target: FillTarget) =>
  Math.sqrt(3) * ((calculateGain('leaky_relu', Math.sqrt(5)) as number) / Math.sqrt(torchFan(target).fanIn))

/** Names that nn.MultiheadAttention alone has. */
const ATTENTION = /(in_proj_weight|in_proj_bias|[qkv]_proj_weight|bias_[kv])$/

const symmetric = (bound: number, why: string): Chosen => choose('uniform', { a: -bound, b: bound }, why)

function xavier(shape: 'normal' | 'uniform', target: FillTarget, rows = torchFan(target).fanOut): Chosen {
  const [fanIn, fanOut] = [torchFan(target).fanIn, rows]
  const std = Math.sqrt(2 / (fanIn + fanOut))
  const why = `as nn.MultiheadAttention: xavier_${shape} of fans ${fanIn}, ${fanOut}`
  return shape === 'normal' ? choose('normal', { mean: 0, std }, why) : symmetric(Math.sqrt(3) * std, why)
}

/** torch.nn.init._calculate_fan_in_and_fan_out of the tensor in the framework's order. */
export function torchFan(target: FillTarget): { fanIn: number; fanOut: number } {
  const { dims, name } = target
  if (dims.length < 2) throw usage(`Tensor ${JSON.stringify(name)} is [${dims.join(', ')}]: torch's fan_in needs two axes.`)
  const [outer, inner, ...field] = (isTransposed(target) ? dims.toReversed() : dims) as [number, number, ...number[]]
  const size = field.reduce((a, b) => a * b, 1)
  return { fanIn: inner * size, fanOut: outer * size }
}

function fanInOf({ fan, name }: FillTarget): number {
  if (fan === null) throw usage(`torch_default: the layer of bias ${JSON.stringify(name)} has no fan_in: give the bias zeros or a number.`)
  if (!(fan.fanIn > 0))
    throw usage(`torch_default: the layer of bias ${JSON.stringify(name)} has fan_in ${fan.fanIn}, which must be above 0.`)
  return fan.fanIn
}

/** Hidden size by the shapes of ONNX's W [D, gates·H, I], R [D, gates·H, H], B [D, 2·gates·H], or torch's without D, whose biases are two. */
function hiddenOf({ name, dims, layout, role, opType, stacked }: FillTarget): number {
  const count = (gates[opType] as readonly number[]).length
  const hidden =
    role === 'bias' ? (dims.at(-1) ?? 0) / (dims.length === 2 ? 2 * count : count) : (dims[layout.indexOf('out')] as number) / stacked
  if (hidden === 0)
    throw usage(`torch_default: tensor ${JSON.stringify(name)} of ${opType} is [${dims.join(', ')}], which tells no hidden size.`)
  return hidden
}

export const kerasDefault: Rule = (_, target) => {
  const { role, opType } = target
  if (role === 'bias' && opType.endsWith('LSTM')) return forgetGate(target)
  if (role === 'slope') return { kind: 'constant', value: 0 }
  const fixed = constantOfRole[role]
  if (fixed !== undefined) return { kind: 'constant', value: fixed }
  if (role === 'recurrent')
    return choose('orthogonal', { gain: 1, per: 'tensor' }, "Keras' recurrent kernels: one orthogonal matrix over all gates")
  if (role === 'embedding' || role === 'position') return choose('uniform', { a: -0.05, b: 0.05 }, "Keras' embeddings")
  return choose('xavier_uniform', { gain: 1 }, "Keras' kernels: glorot_uniform")
}

/** Zeros, and ones for the forget gate of the input's bias (Jozefowicz et al. 2015); ONNX stores i o f c, torch's own bias_ih i f g o. */
export function forgetGate({ dims, elementCount, name }: FillTarget): Draw {
  if (dims.length < 2) {
    const hidden = /bias_ih/.test(name) ? elementCount / 4 : 0
    return hidden === 0
      ? { kind: 'constant', value: 0 }
      : { kind: 'placed', places: Array.from({ length: hidden }, (_, i) => hidden + i), value: 1 }
  }
  const perDirection = dims[dims.length - 1] as number
  const hidden = perDirection / 8
  const places: number[] = []
  for (let start = 0; start < elementCount; start += perDirection) for (let i = 0; i < hidden; i++) places.push(start + 2 * hidden + i)
  return { kind: 'placed', places, value: 1 }
}

export const flaxDefault: Rule = (_, target) => {
  const { role, dims } = target
  if (role === 'slope') return { kind: 'constant', value: 0.01 }
  const fixed = constantOfRole[role]
  if (fixed !== undefined) return { kind: 'constant', value: fixed }
  if (role === 'recurrent') return choose('orthogonal', { gain: 1, per: 'matrix' }, "Flax's recurrent kernels")
  if (role === 'embedding' || role === 'position')
    return choose('normal', { mean: 0, std: 1 / Math.sqrt(dims.at(-1) ?? 1) }, "Flax's embeddings: variance 1/features")
  return choose('lecun_normal', { truncated: true }, "Flax's kernels: lecun_normal, cut at ±2σ")
}

const choose = (name: string, parameters: InitializerSpec['parameters'], why: string): Chosen => ({
  kind: 'chosen',
  initializer: { name, parameters },
  why,
})
