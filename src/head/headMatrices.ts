import { ReinitError } from '../errors.js'
import type { Node, Weight, WeightUse } from '../types.js'

/** A head's operator: where its result has the classes. */
export interface HeadOperator {
  /** Of the result; null: as the data's. `weight`: rank of the weight. */
  readonly rank: (weight: number) => number | null
  /** The class axis of the result from the last, by the rank of the weight and the slot that it is in. */
  readonly axis: (weight: number, input: number) => number
  readonly bias?: number
  /** Inputs with scales and zero points of the weight, which may have one a class. */
  readonly steps?: readonly number[]
  /** Attribute that is the number of outputs. */
  readonly attribute?: string
}

const gemm: HeadOperator = { rank: () => 2, axis: (_, input) => (input === 0 ? 1 : 0), bias: 2 }
const matMul: HeadOperator = { rank: () => null, axis: (_, input) => (input === 0 ? 1 : 0) }
const conv: HeadOperator = { rank: (rank) => rank, axis: (rank) => rank - 2, bias: 2 }
/** Quantized products whose weight stands right. */
const right = (rest: Omit<HeadOperator, 'rank' | 'axis'>): HeadOperator => ({ rank: () => null, axis: () => 0, ...rest })

/** Operators whose result can have another number of channels, by domain:op_type. Add one here. */
export const heads: Readonly<Record<string, HeadOperator>> = {
  'ai.onnx:Gemm': gemm,
  'com.microsoft:FusedGemm': gemm,
  'ai.onnx:MatMul': matMul,
  'com.microsoft:FusedMatMul': matMul,
  'ai.onnx:Conv': conv,
  'com.microsoft:FusedConv': conv,
  'ai.onnx:ConvTranspose': conv,
  'ai.onnx:QLinearMatMul': right({ steps: [4, 5] }),
  'com.microsoft:QGemm': { rank: () => 2, axis: () => 0, bias: 6, steps: [4, 5] },
  'ai.onnx:MatMulInteger': right({ steps: [3] }),
  'com.microsoft:MatMulIntegerToFloat': right({ bias: 6, steps: [3, 5] }),
  'com.microsoft:DynamicQuantizeMatMul': right({ bias: 4, steps: [2, 3] }),
  'ai.onnx:QLinearConv': { ...conv, bias: 8, steps: [4, 5] },
  'com.microsoft:MatMulNBits': right({ bias: 5, steps: [2, 3], attribute: 'N' }),
  'ai.onnx:ConvInteger': { rank: conv.rank, axis: conv.axis, steps: [3] },
}

/** A use of a weight in a head; `axis`: of its outputs. */
export interface Matrix {
  readonly weight: Weight
  readonly use: WeightUse
  /** Of the operand, as the operator sees it. */
  readonly dims: readonly number[]
  readonly axis: number
  readonly classes: number
}

export function matricesOf(selected: Iterable<Weight>): Matrix[] {
  const found: Matrix[] = []
  for (const weight of selected) {
    if (!/^(weight|recurrent|embedding)$/.test(weight.role)) continue
    refuseShared(weight)
    for (const use of weight.uses) {
      if (!use.fan) continue
      const key = `${use.domain}:${use.opType}`
      if (weight.tensor.denseDims) throw refusal(use.node, 'has a sparse weight')
      if (!Object.hasOwn(heads, key)) throw refusal(use.node, 'is no operator whose number of outputs can change')
      if (use.node.graph.scope !== '')
        throw refusal(use.node, `is in ${use.node.graph.scope}, and heads in subgraphs and functions are not resized`)
      if (use.groups !== 1) throw refusal(use.node, `has ${use.groups} groups: each would need its own number of classes`)
      if (use.stacked !== 1) throw refusal(use.node, `holds ${use.stacked} matrices in one`)
      const operand = use.operand === undefined ? { dims: weight.tensor.dims, layout: use.layout } : use.operand
      const axis = operand?.layout.indexOf('out') ?? -1
      if (!operand || axis < 0 || operand.layout.lastIndexOf('out') !== axis)
        throw refusal(use.node, 'has no one axis of outputs in its weight, or takes only a part of a tensor')
      found.push({ weight, use, dims: operand.dims, axis, classes: operand.dims[axis] ?? 0 })
    }
  }
  return found
}

/** A tensor of another size would be one for its other users too. */
function refuseShared({ tensor, uses, readers }: Weight): void {
  const use = uses.find((u) => u.head && u.fan) ?? uses[0]
  const other = uses.find((u) => u.node !== use.node)?.node ?? readers[0]
  if (!other) return
  throw new ReinitError(
    'conflict',
    `The number of classes can't change: ${named(use.node)} and ${named(other)} share the tensor ${quoted(tensor.name)}. Give --shared fork, and the head gets one of its own.`,
  )
}

export const shown = ({ use, weight }: Matrix) => `${quoted(use.layer)} (${weight.tensor.name})`
export const quoted = (text: string) => JSON.stringify(text)
export const named = (node: Node) => `${node.opType} ${quoted(node.name || (node.outputs[0] ?? ''))}`
export const refusal = (node: Node, why: string) =>
  new ReinitError(
    'conflict',
    `The number of classes can't change: ${named(node)} ${why}. Select another layer by --layers, or leave --num-classes out.`,
  )
