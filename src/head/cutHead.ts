import { ReinitError, usage } from '../errors.js'
import { valueShapes } from '../onnx/edit/valueShapes.js'
import type { DataType, Frame, Graph, Model, Node, Tensor, Weight, WeightUse } from '../types.js'
import { behind, constantNode, inFront, namesRead } from './inFront.js'
import { rankOf } from './rankOf.js'
import { producerIn } from '../ops/scope.js'
import { walkModel } from '../ops/walk.js'

/** A head, and all that is there for it alone. */
export interface Cut {
  readonly layers: readonly string[]
  /** What enters it; `axis` from the last, of `size` entries: its features. */
  readonly features: readonly {
    readonly name: string
    /** null: codes, whose type the graph tells. */
    readonly dataType: DataType | null
    readonly rank: number | null
    readonly axis: number
    readonly size: number
  }[]
  /** Outputs that are made of its result. */
  readonly outputs: ReadonlySet<string>
  readonly nodes: readonly Node[]
  readonly tensors: readonly Tensor[]
}

/**
 * What goes when the selected head goes.
 * @throws ReinitError `usage` where the selection makes no output, `conflict` where the head is in a subgraph, or takes the model's input.
 */
export function cutHead(model: Model, selected: readonly Weight[]): Cut {
  const { graph } = model
  const uses = selected.flatMap((weight) => (weight.role === 'weight' ? headUses(weight).map((use) => ({ weight, use })) : []))
  const [first] = uses
  if (!first) throw usage('--feature-extractor needs a head: select the layer that makes the scores, by --head or --layers.')
  const outside = uses.find(({ use }) => use.node.graph !== graph)
  if (outside)
    throw new ReinitError(
      'conflict',
      `${quoted(outside.use.layer)} is in ${outside.use.node.graph.scope}: only heads of the main graph can be cut off.`,
    )
  const heads = new Set(uses.map(({ use }) => use.node))
  const reached = behind(graph, heads)
  const inner = uses.find(({ use }) => use.node.inputs.some((n) => reached.has(n)))
  if (inner) throw usage(`${quoted(inner.use.layer)} stands behind another layer that is selected: select one of them.`)
  const outputs = new Set(graph.outputs.flatMap((o) => (reached.has(o.name) ? [o.name] : [])))
  if (outputs.size === 0) throw usage(`${quoted(first.use.layer)} is no head: nothing of it reaches the model's outputs.`)
  const scope = walkModel(model, () => undefined)
  const ranks = new Map(valueShapes(model).map((v) => [v.name, v.dims.length]))
  const features = new Map(
    uses.map(({ weight, use }) => {
      const taken = use.node.inputs.find((n, i) => i !== use.input && n !== '' && graph.defined.has(n)) ?? ''
      const name = unquantized(graph, taken)
      if (!producerIn(graph, name))
        throw new ReinitError('conflict', `${quoted(use.layer)} takes the model's input itself: there are no features in front of it.`)
      const known = rankOf(model, scope, name, (n) => ranks.get(n) ?? null) ?? rankBehind(graph, use.node, (n) => ranks.get(n))
      const isCoded = name === taken && integer.test(use.opType)
      return [name, { name, ...shapeOf(weight, use, known), dataType: isCoded ? null : dataTypeOf(weight) }]
    }),
  )
  const kept = graph.outputs.flatMap((o) => (outputs.has(o.name) ? [] : [o.name]))
  const needed = inFront(graph, [...kept, ...features.keys()])
  const before = graph.outputs.map((o) => o.name)
  const nodes = [...inFront(graph, before)].filter((n) => !needed.has(n))
  const gone = new Set(nodes)
  const read = new Set([...graph.nodes.filter((n) => !gone.has(n)).flatMap(namesRead), ...kept, ...features.keys()])
  const wasRead = new Set(nodes.flatMap(namesRead))
  const tensors = graph.tensors.filter((t) =>
    t.owner === 'constant' ? gone.has(constantNode(graph, t)) : wasRead.has(t.name) && !read.has(t.name),
  )
  const inside = [...model.tensors, ...(model.unlisted ?? [])].filter((t) => nodes.some(({ frame }) => isIn(t.frame, frame)))
  return {
    layers: [...new Set(uses.map(({ use }) => use.layer))],
    features: [...features.values()],
    outputs,
    nodes,
    tensors: [...new Set([...tensors, ...inside])],
  }
}

/** A tensor that an embedding shares is cut off at the head alone. */
function headUses({ uses }: Weight): readonly WeightUse[] {
  const matrices = uses.filter((u) => u.fan)
  const heads = matrices.filter((u) => u.head)
  return heads.length > 0 ? heads : matrices
}

const dataTypeOf = ({ tensor, quantization }: Weight): DataType =>
  quantization ? (quantization.scales[0]?.dataType ?? 'FLOAT') : tensor.dataType

/** A product has as many axes as its data, and so has what only adds to it. */
function rankBehind(graph: Graph, head: Node, declared: (name: string) => number | undefined): number | null {
  let name = head.outputs[0] ?? ''
  for (const node of [head, ...graph.nodes]) {
    if (node !== head && !(node.inputs.includes(name) && sameRank.test(node.opType))) continue
    name = node.outputs[0] ?? ''
    const rank = declared(name)
    if (rank !== undefined) return rank
  }
  return null
}
const sameRank = /^(Add|Softmax|LogSoftmax|Sigmoid|Relu|Cast|Identity|Mul|Div|Sub)$/

/** A kernel takes the second axis of its data, a matrix the last. */
function shapeOf({ tensor, quantization }: Weight, { opType, operand, layout, groups }: WeightUse, known: number | null) {
  const { dims, layout: roles } = operand ?? { dims: quantization?.dims ?? tensor.dims, layout }
  const isKernel = /Conv/.test(opType)
  const own = quantization?.packing === 'nbits' ? (dims[1] ?? 1) : dims.reduce((n, d, i) => (roles[i] === 'in' ? n * d : n), 1)
  const rank = isKernel ? dims.length : /Gemm/.test(opType) ? 2 : known
  return { rank, axis: isKernel ? dims.length - 2 : 0, size: isKernel && !/Transpose/.test(opType) ? own * groups : own }
}

/** Operators that take codes. */
const integer = /^(QLinear|QGemm|MatMulInteger|ConvInteger|QAttention)/

/** The values that codes were made of. */
function unquantized(graph: Graph, name: string): string {
  const node = producerIn(graph, name)
  return node && /^(Dynamic)?QuantizeLinear$/.test(node.opType) ? (node.inputs[0] ?? '') : name
}

const quoted = (text: string) => JSON.stringify(text)

const isIn = (inner: Frame, outer: Frame) => inner.start >= outer.start && inner.end <= outer.end
