import { producerIn } from '../ops/scope.js'
import type { Graph, Node, Tensor } from '../types.js'

/** Nodes that values are made of. */
export function inFront(graph: Graph, names: readonly string[]): Set<Node> {
  const found = new Set<Node>()
  const waiting = [...names]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const node = producerIn(graph, name) ?? constantOf(graph, name)
    if (!node || found.has(node)) continue
    found.add(node)
    waiting.push(...namesRead(node))
  }
  return found
}

/** A Constant node's output is a stored tensor: the node is looked for. */
function constantOf(graph: Graph, name: string): Node | undefined {
  const tensor = graph.defined.get(name)
  return tensor && 'elementCount' in tensor && tensor.owner === 'constant' ? constantNode(graph, tensor) : undefined
}

/** The node whose output the tensor is. */
export function constantNode(graph: Graph, { name }: Tensor): Node {
  const known = constants.get(graph) ?? new Map(graph.nodes.flatMap((n) => (n.opType === 'Constant' ? [[n.outputs[0] ?? '', n]] : [])))
  constants.set(graph, known)
  return known.get(name) as Node
}
const constants = new WeakMap<Graph, ReadonlyMap<string, Node>>()

/** Names that a node reads, those of its subgraphs included. */
export function namesRead(node: Node): string[] {
  const inner = node.hasGraphs
    ? [...node.attributes.values()].flatMap((a) =>
        (a.graphs ?? []).flatMap((g) => [...g.nodes.flatMap(namesRead), ...g.outputs.map((o) => o.name)]),
      )
    : []
  return [...node.inputs, ...inner].filter((n) => n !== '')
}

/** Values made of the nodes' results, in whatever order the graph has its nodes. */
export function behind(graph: Graph, start: ReadonlySet<Node>): Set<string> {
  const readers = new Map<string, Node[]>()
  for (const node of graph.nodes)
    for (const name of namesRead(node)) {
      const known = readers.get(name)
      if (known) known.push(node)
      else readers.set(name, [node])
    }
  const found = new Set<string>()
  const waiting = [...start].flatMap((n) => n.outputs)
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === '' || found.has(name)) continue
    found.add(name)
    for (const node of readers.get(name) ?? []) waiting.push(...node.outputs)
  }
  return found
}
