import { producerIn } from '../ops/scope.js'
import type { Graph, Model, Node, Tensor, WeightUse } from '../types.js'
import { behind, inFront, namesRead } from './inFront.js'

/** What a head that changes leaves as it was: computed values of the main graph. */
export interface Features {
  /** What enters the head, and the model's outputs that nothing of it reaches. */
  readonly names: readonly string[]
  /** Why what enters the head is not what it was, in words; null: it is, to the bit. */
  readonly changed: string | null
}

/** The features of a head, the operators of `uses`. `redrawn`: every tensor that gets other values, the head's among them. */
export function featuresOf(model: Model, uses: Iterable<WeightUse>, redrawn: Iterable<Tensor>): Features {
  const { graph } = model
  const heads = [...uses]
  const taken = heads.flatMap(({ node, input }) => node.inputs.find((n, i) => i !== input && graph.defined.has(n)) ?? [])
  const names = computed(graph, taken)
  const changed = [...redrawn]
  const other = makerOf(graph, names, changed)
  if (other) return { names, changed: `${JSON.stringify(other.name)}, in front of them, is redrawn too` }
  const reached = behind(graph, new Set(heads.map((u) => u.node)))
  const outputs = graph.outputs.flatMap((o) => (reached.has(o.name) || makerOf(graph, [o.name], changed) ? [] : [o.name]))
  return { names: computed(graph, [...names, ...outputs]), changed: null }
}

const computed = (graph: Graph, names: readonly string[]) => [...new Set(names)].filter((name) => producerIn(graph, name))

/** A tensor that values are made of, among those given; what a body of its own reads is not followed, and may be. */
function makerOf(graph: Graph, names: readonly string[], tensors: readonly Tensor[]): Tensor | undefined {
  const read = new Set([...inFront(graph, names)].flatMap((node: Node) => namesRead(node)))
  return tensors.find((t) => t.graph !== graph || read.has(t.name))
}
