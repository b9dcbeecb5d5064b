import { graphParts, scanFields } from '../onnx/edit/scanFields.js'
import { text } from '../onnx/edit/valueShapes.js'
import type { Graph, Model, Tensor } from '../types.js'
import { graphsOf } from './attributeLists.js'

/** GraphProto.quantization_annotation, whose entries name tensors by { key, value } pairs. */
const [ANNOTATION, PARAMETERS, VALUE] = [14, 2, 2]

/**
 * Tensors that no node reads, no graph gives as its output, and no annotation names. Those that are inputs of their graph too stay: without
 * a value the input would have to be given.
 */
export function unusedTensors(model: Model): Tensor[] {
  const used = new Map<Graph, Set<string>>()
  const use = (graph: Graph, name: string) => {
    let home: Graph | null = graph
    while (home && !home.defined.has(name)) home = home.parent
    if (home) used.set(home, (used.get(home) ?? new Set()).add(name))
  }
  for (const graph of graphsOf(model)) {
    for (const node of graph.nodes) for (const name of node.inputs) if (name !== '') use(graph, name)
    for (const { name } of [...graph.outputs, ...graph.inputs]) use(graph, name)
  }
  for (const name of annotated(model)) use(model.graph, name)
  return model.tensors.filter(({ graph, name, owner }) => name !== '' && owner !== 'constant' && !used.get(graph)?.has(name))
}

function annotated(model: Model): string[] {
  const annotations = graphParts(model).flatMap((part) => scanFields(model, part).filter((f) => f.number === ANNOTATION))
  const entries = annotations.flatMap((a) => (a.body ? scanFields(model, a.body).filter((f) => f.number === PARAMETERS) : []))
  return entries.flatMap((e) => (e.body ? scanFields(model, e.body) : [])).flatMap((f) => (f.number === VALUE ? [text(model, f)] : []))
}
