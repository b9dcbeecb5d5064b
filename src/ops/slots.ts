import type { AxisRole, Role } from '../types.js'
import type { Op } from './op.js'

/** A weight slot: the input of an operator where a parameter stands. */
export interface Slot {
  readonly input: number
  readonly role: Role
  /** Roles of the operand's axes; none: the role has no fans. null: this operand is no weight. */
  readonly layout?: (op: Op, rank: number) => readonly AxisRole[] | null
  /** The axis that holds all groups at once, and whose fan the strides thin out (see fan.ts). */
  readonly grouped?: 'in' | 'out'
  /** Matrices along the out axis: gates, packed q/k/v. A list gives their widths where they differ. */
  readonly stacked?: (op: Op) => number | readonly number[]
  /** Inputs with the scale and zero point of integers. */
  readonly scale?: number
  readonly zeroPoint?: number
  /** Inputs with the scales whose product an int32 bias has. */
  readonly products?: readonly number[]
  /** How the integers are packed; plain where not given. */
  readonly packing?: 'nbits' | 'bytes'
  /** Dims of the matrix where the operand is packed otherwise. */
  readonly dims?: (op: Op) => readonly number[]
  /** The inputs one of which is the matrix that this bias completes, where it stands in an operator of its own. */
  readonly completes?: readonly number[]
  /** Why values in this slot's order can't be redrawn. */
  readonly refused?: string
}

type Layout = NonNullable<Slot['layout']>

const flag = (op: Op, name: string) => op.int(name, 0) !== 0
const repeat = (role: AxisRole, count: number): AxisRole[] => Array.from({ length: Math.max(0, count) }, () => role)
const axes =
  (...roles: AxisRole[]): Layout =>
  () =>
    roles
/** out, in (or in, out) with the receptive field behind, or between for channels-last kernels. */
const kernel =
  (first: AxisRole, second: AxisRole): Layout =>
  (_, rank) =>
    rank < 2 ? null : [first, second, ...repeat('spatial', rank - 2)]
const channelsLast: Layout = (_, rank) => (rank < 2 ? null : ['out', ...repeat('spatial', rank - 2), 'in'])
const transposable =
  (attribute: string, plain: Layout, transposed: Layout): Layout =>
  (op, rank) =>
    (flag(op, attribute) ? transposed : plain)(op, rank)
const left: Layout = (_, rank) => (rank === 1 ? ['in'] : [...repeat('batch', rank - 2), 'out', 'in'])
const right: Layout = (_, rank) => (rank === 1 ? ['in'] : [...repeat('batch', rank - 2), 'in', 'out'])
const table =
  (attribute: string): Layout =>
  (op, rank) => {
    const axis = op.int(attribute, 0)
    return rank < 2 ? null : Array.from({ length: rank }, (_, i) => (i === (axis < 0 ? axis + rank : axis) ? 'in' : 'out'))
  }
const gates: Layout = axes('batch', 'out', 'in')

/**
 * Roles by equation: contracted = in, in the output only with this operand = out, everywhere = batch. What only constants share (low rank,
 * tensor trains) leads from the operand at the data to the one at the output.
 */
const einsum =
  (input: number): Layout =>
  (op, rank) => {
    const equation = op.text('equation', '').replace(/\s/g, '')
    const [left = '', given] = equation.split('->')
    const terms = left.split(',')
    const letters = left.replace(/[^A-Za-z]/g, '')
    const output = given ?? [...new Set(letters)].filter((l) => letters.split(l).length === 2).join('')
    const own = terms[input]
    if (own === undefined) return null
    const joined = (include: (i: number) => boolean) => terms.filter((_, i) => i !== input && include(i)).join('')
    const [others, data, before] = [joined(() => true), joined((i) => !op.inputs[i]), joined((i) => i < input)]
    const isAtData = own.split('').some((l) => data.includes(l))
    const isAtOutput = own.split('').some((l) => output.includes(l) && !data.includes(l))
    const inner = (l: string): AxisRole => ((isAtData === isAtOutput ? before.includes(l) : isAtOutput) ? 'in' : 'out')
    const named = (own.match(/\.\.\.|[A-Za-z]/g) ?? []).flatMap((l): AxisRole[] => {
      if (l === '...') return repeat('batch', rank - own.replace('...', '').length)
      if (output.includes(l)) return [others.includes(l) ? 'batch' : 'out']
      return [data.includes(l) || !others.includes(l) ? 'in' : inner(l)]
    })
    return named.length === rank ? named : null
  }

const bias = (input: number): Slot => ({ input, role: 'bias' })
/** A bias that is fused into what follows its matrix. */
const fusedBias = (input: number, ...completes: number[]): Slot => ({ input, role: 'bias', completes })
const affine = (scale: number): Slot[] => [
  { input: scale, role: 'scale' },
  { input: scale + 1, role: 'shift' },
]
const recurrent = (count: number): Slot[] => [
  { input: 1, role: 'weight', layout: gates, stacked: () => count },
  { input: 2, role: 'recurrent', layout: gates, stacked: () => count },
  bias(3),
]
const gemm: Slot[] = [
  { input: 0, role: 'weight', layout: transposable('transA', left, right) },
  { input: 1, role: 'weight', layout: transposable('transB', right, left) },
  bias(2),
]
const conv: Slot[] = [{ input: 1, role: 'weight', layout: kernel('out', 'in'), grouped: 'out' }, bias(2)]
const convTranspose: Slot[] = [{ input: 1, role: 'weight', layout: kernel('in', 'out'), grouped: 'in' }, bias(2)]
const packedQkv = (op: Op) => op.ints('qkv_hidden_sizes') ?? 3
const integer = (input: number, scale: number, zeroPoint: number, layout: Layout): Slot => ({
  input,
  role: 'weight',
  layout,
  scale,
  zeroPoint,
})
/** [D, I, gates·H]: the quantized LSTM stores its matrices the other way round. */
const quantizedGates = (input: number, role: Role, scale: number): Slot => ({
  input,
  role,
  layout: axes('batch', 'in', 'out'),
  stacked: () => 4,
  scale,
  zeroPoint: scale + 1,
})
const nbits = (op: Op) => [op.int('N', 0), op.int('K', 0)]
/** Bytes hold several integers along the last axis. */
const unpacked = (op: Op) => {
  const dims = op.inputs[0]?.dims ?? []
  const perByte = op.inputs[0]?.views[0]?.tensor.dataType === 'UINT8' ? 8 / op.int('bits', 4) : 1
  return dims.map((d, i) => (i === dims.length - 1 ? d * perByte : d))
}
const quantizedConv: Slot[] = [
  { input: 3, role: 'weight', layout: kernel('out', 'in'), grouped: 'out', scale: 4, zeroPoint: 5 },
  { input: 8, role: 'bias', products: [1, 4] },
]
const norm = affine(1)

/** Operators with weights by domain:op_type. Add an operator here. */
export const slots: Readonly<Record<string, readonly Slot[]>> = {
  'ai.onnx:Gemm': gemm,
  'ai.onnx:MatMul': [
    { input: 0, role: 'weight', layout: left },
    { input: 1, role: 'weight', layout: right },
  ],
  'ai.onnx:Conv': conv,
  'ai.onnx:ConvTranspose': convTranspose,
  'ai.onnx:DeformConv': [{ input: 1, role: 'weight', layout: kernel('out', 'in'), grouped: 'out' }, bias(3)],
  'ai.onnx:Einsum': [0, 1, 2, 3].map((input) => ({ input, role: 'weight' as const, layout: einsum(input) })),
  'ai.onnx:LSTM': [...recurrent(4), { input: 7, role: 'scale' }],
  'ai.onnx:GRU': recurrent(3),
  'ai.onnx:RNN': recurrent(1),
  'ai.onnx:Gather': [{ input: 0, role: 'embedding', layout: table('axis') }],
  'ai.onnx:GatherElements': [{ input: 0, role: 'embedding', layout: table('axis') }],
  'ai.onnx:PRelu': [{ input: 1, role: 'slope' }],
  'ai.onnx:BatchNormalization': [...norm, { input: 3, role: 'mean' }, { input: 4, role: 'variance' }],
  'ai.onnx:InstanceNormalization': norm,
  'ai.onnx:LayerNormalization': norm,
  'ai.onnx:GroupNormalization': norm,
  'ai.onnx:RMSNormalization': [{ input: 1, role: 'scale' }],

  'ai.onnx:SimplifiedLayerNormalization': [{ input: 1, role: 'scale' }],
  'com.microsoft:SkipLayerNormalization': [...affine(2), fusedBias(4, 0, 1)],
  'com.microsoft:SkipSimplifiedLayerNormalization': [{ input: 2, role: 'scale' }, fusedBias(3, 0, 1)],
  'com.microsoft:EmbedLayerNormalization': [
    ...[2, 3, 4].map((input) => ({ input, role: 'embedding' as const, layout: axes('in', 'out') })),
    ...affine(5),
  ],
  'com.microsoft:GroupNorm': norm,
  'com.microsoft:SkipGroupNorm': [...norm, fusedBias(4, 0, 3)],
  'com.microsoft:FusedConv': conv,
  'com.microsoft:NhwcConv': [{ input: 1, role: 'weight', layout: channelsLast, grouped: 'out' }, bias(2)],
  'com.microsoft:NhwcFusedConv': [{ input: 1, role: 'weight', layout: channelsLast, grouped: 'out' }, bias(2)],
  'com.microsoft:ConvTransposeWithDynamicPads': [{ input: 1, role: 'weight', layout: kernel('in', 'out'), grouped: 'in' }, bias(3)],
  'com.microsoft:FusedGemm': gemm,
  'com.microsoft:GemmFastGelu': [{ input: 1, role: 'weight', layout: right }, bias(2)],
  'com.microsoft:FusedMatMul': [
    { input: 0, role: 'weight', layout: transposable('transA', left, right) },
    { input: 1, role: 'weight', layout: transposable('transB', right, left) },
  ],
  'com.microsoft:TransposeMatMul': [
    { input: 0, role: 'weight', layout: transposable('transA', left, right) },
    { input: 1, role: 'weight', layout: transposable('transB', right, left) },
  ],
  'com.microsoft:FusedMatMulActivation': [
    { input: 0, role: 'weight', layout: transposable('transA', left, right) },
    { input: 1, role: 'weight', layout: transposable('transB', right, left) },
  ],
  'com.microsoft:Attention': [{ input: 1, role: 'weight', layout: axes('in', 'out'), stacked: packedQkv }, bias(2)],
  'com.microsoft:MultiHeadAttention': [bias(3)],
  'com.microsoft:PackedAttention': [{ input: 1, role: 'weight', layout: axes('in', 'out'), stacked: packedQkv }, bias(2)],
  'com.microsoft:DecoderMaskedSelfAttention': [{ input: 1, role: 'weight', layout: axes('in', 'out'), stacked: () => 3 }, bias(2)],
  'com.microsoft:BiasGelu': [fusedBias(1, 0)],
  'com.microsoft:FastGelu': [fusedBias(1, 0)],
  'com.microsoft:BiasAdd': [fusedBias(1, 0)],
  'com.microsoft:BiasSplitGelu': [fusedBias(1, 0)],
  'com.microsoft:BiasDropout': [fusedBias(1, 0)],
  'com.microsoft:MoE': [2, 4, 6].flatMap((input) => [
    { input, role: 'weight' as const, layout: axes('batch', 'out', 'in') },
    bias(input + 1),
  ]),

  'com.microsoft:QAttention': [{ input: 1, role: 'weight', layout: axes('in', 'out'), stacked: () => 3, scale: 4, zeroPoint: 7 }, bias(2)],
  'ai.onnx:QLinearConv': quantizedConv,
  'com.microsoft:QLinearConv': quantizedConv,
  'ai.onnx:ConvInteger': [{ input: 1, role: 'weight', layout: kernel('out', 'in'), grouped: 'out', zeroPoint: 3 }],
  'ai.onnx:QLinearMatMul': [integer(0, 1, 2, left), integer(3, 4, 5, right)],
  'ai.onnx:MatMulInteger': [
    { input: 0, role: 'weight', layout: left, zeroPoint: 2 },
    { input: 1, role: 'weight', layout: right, zeroPoint: 3 },
  ],
  'com.microsoft:MatMulIntegerToFloat': [integer(0, 2, 4, left), integer(1, 3, 5, right), bias(6)],
  'com.microsoft:DynamicQuantizeMatMul': [integer(1, 2, 3, right), bias(4)],
  'com.microsoft:QGemm': [
    integer(0, 1, 2, transposable('transA', left, right)),
    integer(3, 4, 5, transposable('transB', right, left)),
    { input: 6, role: 'bias', products: [1, 4] },
  ],
  'com.microsoft:DynamicQuantizeLSTM': [
    quantizedGates(1, 'weight', 8),
    quantizedGates(2, 'recurrent', 10),
    bias(3),
    { input: 7, role: 'scale' },
  ],
  'com.microsoft:MatMulNBits': [
    { input: 1, role: 'weight', layout: axes('out', 'in'), dims: nbits, scale: 2, zeroPoint: 3, packing: 'nbits' },
    bias(5),
  ],
  'com.microsoft:GatherBlockQuantized': [
    { input: 0, role: 'embedding', layout: table('gather_axis'), dims: unpacked, scale: 2, zeroPoint: 3, packing: 'bytes' },
  ],

  'com.microsoft.nchwc:Conv': [
    { input: 1, role: 'weight', refused: 'the values are in blocked (NCHWc) order, which depends on the machine that saved the model' },
    bias(2),
  ],
}
