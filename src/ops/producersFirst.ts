import type { Graph, Node } from '../types.js'
import { producerIn } from './scope.js'

/** Producers first; the file's order need not be. */
export function producersFirst(graph: Graph): readonly Node[] {
  const done = new Set<Node>()
  const sorted: Node[] = []
  for (const root of graph.nodes) {
    const stack: [Node, boolean][] = [[root, false]]
    for (let next = stack.pop(); next; next = stack.pop()) {
      const [node, isReady] = next
      if (isReady) sorted.push(node)
      if (isReady || done.has(node)) continue
      done.add(node)
      stack.push([node, true])
      for (const name of node.inputs) {
        const producer = producerIn(graph, name)
        if (producer && !done.has(producer)) stack.push([producer, false])
      }
    }
  }
  return sorted
}
