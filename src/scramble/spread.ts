import { readValues } from '../onnx/values/readValues.js'
import { isFloatType } from '../onnx/values/dataTypes.js'
import { producersFirst } from '../ops/producersFirst.js'
import { slots } from '../ops/slots.js'
import type { Graph, Model, Node } from '../types.js'

/** Operators whose results are as large whatever comes in; batch normalization goes by statistics that are stored. */
const steady =
  /^(Softmax|LogSoftmax|Sigmoid|HardSigmoid|Tanh|Erf|(?!Batch)\w*Normalization|GroupNorm|LSTM|GRU|RNN|Sign|Arg\w+|Shape|Size|Equal|Greater\w*|Less\w*|Not|And|Or|Range|ConstantOfShape|DynamicQuantizeLinear)$/
/** Whose results are as large as the product of what comes in. */
const products = /^(Mul|MatMul|Gemm|FusedMatMul|TransposeMatMul|Einsum)$/
/** Powers of what comes in. */
const powers: Readonly<Record<string, number>> = { Sqrt: 0.5, Reciprocal: -1 }

/**
 * By what each value of the main graph will be larger when layers are. `given`: what a node's results will be multiplied by, where what comes
 * in is `incoming` times as large; null: as its operator makes it. Sums and the like are as large as the geometric mean of what comes in.
 */
export function spread(model: Model, given: (node: Node, incoming: number) => number | null): void {
  const { graph } = model
  const ratios = new Map<string, number>()
  for (const node of producersFirst(graph)) {
    const incoming = incomingOf(
      model,
      node,
      node.inputs.flatMap((name) => ratios.get(name) ?? (isData(graph, name) ? 1 : [])),
    )
    const ratio = given(node, incoming) ?? incoming
    for (const output of node.outputs) if (output !== '') ratios.set(output, ratio)
  }
}

/** A value that is no stored constant. */
function isData(graph: Graph, name: string): boolean {
  const definition = graph.defined.get(name)
  return definition !== undefined && !('elementCount' in definition)
}

function incomingOf(model: Model, node: Node, ratios: readonly number[]): number {
  const { opType } = node
  if (ratios.length === 0 || steady.test(opType)) return 1
  const product = ratios.reduce((a, b) => a * b, 1)
  if (products.test(opType)) return product
  if (opType === 'Div') return isData(model.graph, node.inputs[0] ?? '') ? (ratios[0] as number) / (ratios[1] ?? 1) : 1 / product
  if (opType === 'Pow' && ratios.length === 1) return product ** exponentOf(model, node.inputs[1] ?? '')
  const power = Object.hasOwn(powers, opType) ? powers[opType] : undefined
  return product ** (power ?? 1 / ratios.length)
}

function exponentOf(model: Model, name: string): number {
  const tensor = model.graph.defined.get(name)
  const isKnown =
    tensor && 'elementCount' in tensor && tensor.elementCount === 1 && isFloatType(tensor.dataType) && tensor.elements.kind === 'stored'
  return isKnown ? (readValues(model, tensor, 0, 1)[0] as number) : 1
}

/** Whether a result follows the magnitude of a parameter in this place: behind a normalization only its scale is left. */
export function isScaledBy({ opType, domain }: Node, input: number): boolean {
  const own = slots[`${domain}:${opType}`]
  if (!own) return /^(Mul|QLinearMul)$/.test(opType)
  return own.some((s) => s.input === input && (s.role === 'scale' || (!steady.test(opType) && /^(weight|embedding)$/.test(s.role))))
}
