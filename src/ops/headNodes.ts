import type { Node } from '../types.js'
import { isMatrix } from './elementwise.js'
import { sourcesOf } from './flow.js'
import { constantAt, type Producer, type Scope } from './scope.js'

/** Operators whose later inputs are shapes, indices or settings: the data is in the first. */
const firstInput = new Set(
  `Reshape Expand Slice Split Squeeze Unsqueeze TopK Gather GatherElements GatherND Tile Pad Resize Upsample QuantizeLinear DequantizeLinear
  BatchNormalization LayerNormalization InstanceNormalization CastLike ReduceMean ReduceSum ReduceMax ReduceMin Clip Dropout OneHot CumSum
  Trilu ScatterND ScatterElements`
    .split(/\s+/)
    .map((op) => `ai.onnx:${op}`),
)
/** Sums of a layer's result and what went round it. */
const sums = new Set([
  'ai.onnx:Add',
  'ai.onnx:Sum',
  'com.microsoft:SkipLayerNormalization',
  'com.microsoft:SkipSimplifiedLayerNormalization',
])

/**
 * The matrices and kernels that make the model's outputs: walked back from every output through whatever has no weights, to the nearest.
 * Of a residual sum the layer's branch is followed, not what goes round it.
 */
export function headNodes(root: Scope): Set<Node> {
  const found = new Set<Node>()
  const seen = new Set<Node>()
  const waiting = root.graph.outputs.flatMap((output) => sourcesOf(root, output.name))
  for (let p = waiting.pop(); p !== undefined; p = waiting.pop()) {
    if (isStep(p) || seen.has(p.node)) continue
    seen.add(p.node)
    if (isMatrix(p)) found.add(p.node)
    else waiting.push(...dataSources(p))
  }
  return found
}

/** DynamicQuantizeLinear's scale and zero point, by which a product is multiplied in the end: the way back from there leads past its layer. */
const isStep = ({ node, output }: Producer) => node.opType === 'DynamicQuantizeLinear' && output > 0

function dataSources({ scope, node }: Producer): Producer[] {
  const key = `${node.domain}:${node.opType}`
  const names = firstInput.has(key) ? node.inputs.slice(0, 1) : node.inputs
  const sources = names.flatMap((name) => (constantAt(scope, name) === null ? sourcesOf(scope, name) : []))
  if (!sums.has(key) || sources.every(isMatrix)) return sources
  const last = Math.max(...sources.map((p) => (p.scope.graph === scope.graph ? p.node.index : -1)))
  return sources.filter((p) => p.node.index === last || p.scope.graph !== scope.graph)
}
