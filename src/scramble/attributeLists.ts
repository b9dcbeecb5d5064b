import { Window } from '../bytes/source.js'
import { Cursor } from '../bytes/wire.js'
import { readAttribute } from '../onnx/read/readAttribute.js'
import { scanFields } from '../onnx/edit/scanFields.js'
import { finishTensor } from '../onnx/read/readTensor.js'
import type { AttributeLists, Frame, Graph, Model, Node } from '../types.js'

/** NodeProto.attribute, FunctionProto.attribute_proto. */
const [NODE_ATTRIBUTE, FUNCTION_DEFAULT] = [5, 11]

/** The attributes of every node, in order, but for the values of Constant nodes, which are tensors of their graph. */
export function* attributeLists(model: Model): Generator<AttributeLists> {
  const window = new Window(model.source)
  const known = new Set(model.tensors.flatMap((t) => (t.owner === 'constant' ? [t.at] : [])))
  for (const graph of graphsOf(model))
    for (const node of graph.nodes) yield* of(window, known, graph, node, `${node.domain}:${node.opType}`, node.frame, NODE_ATTRIBUTE)
  for (const { body, domain, name } of model.functions) {
    const frame = body.nodes[0]?.frame.parent
    if (frame && scanFields(model, frame).some((f) => f.number === FUNCTION_DEFAULT))
      yield* of(window, known, body, null, `${domain}:${name}`, frame, FUNCTION_DEFAULT)
  }
}

/** The main graph, function bodies, and every subgraph in them. */
export function* graphsOf(model: Model): Generator<Graph> {
  const waiting = [model.graph, ...model.functions.map((f) => f.body)]
  for (let graph = waiting.shift(); graph; graph = waiting.shift()) {
    yield graph
    for (const node of graph.nodes)
      if (node.hasGraphs) for (const attribute of node.attributes.values()) waiting.push(...(attribute.graphs ?? []))
  }
}

function* of(
  window: Window,
  known: ReadonlySet<number>,
  graph: Graph,
  node: Node | null,
  key: string,
  frame: Frame,
  field: number,
): Generator<AttributeLists> {
  const names = new Set<string>()
  for (const c = new Cursor(window, frame); c.next(); ) {
    if (c.field !== field) continue
    const { attribute, tensor, others, frame: own } = readAttribute(c.message())
    const isSecond = names.has(attribute.name)
    names.add(attribute.name)
    if (!isSecond && (known.has(own.start) || (tensor && known.has(tensor.frame.start)))) continue
    const name = `${node?.outputs[0] ?? node?.name ?? key}.${attribute.name}`
    const tensors = [...(tensor ? [tensor] : []), ...others].map((draft) => finishTensor(draft, name, graph, 'constant'))
    const floats = (attribute.floatCount ?? 0) > 0 ? floatsAt(window, own) : []
    yield { graph, node, key, attribute, isSecond, floats, tensors, frame: own }
  }
}

/** AttributeProto's f and floats, a list of which may be packed. */
function floatsAt(window: Window, frame: Frame): number[] {
  const at: number[] = []
  for (const c = new Cursor(window, frame); c.next(); )
    if (c.field === 2 || c.field === 7) for (let start = c.start; start + 4 <= c.end; start += 4) at.push(start)
  return at
}
