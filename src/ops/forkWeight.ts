import { ReinitError } from '../errors.js'
import { isInFunction } from '../onnx/edit/insertTensor.js'
import { changedTensor } from '../onnx/read/storedTensor.js'
import type { Graph, Model, Node, Tensor, TensorChange, Weight, WeightUse } from '../types.js'

/** Operators behind which the first input's values are the same, in another order or shape. */
const moves: ReadonlySet<string> = new Set(
  ['Identity', 'Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'].map((o) => `ai.onnx:${o}`),
)

/** A weight with a tensor of its own for some of its uses, and what that takes. */
export interface Forked {
  readonly weight: Weight
  readonly change: Extract<TensorChange, { kind: 'insert' }>
}

/**
 * A copy of a shared tensor for the uses in `layers`, in the form that their slots have, under the name `<tensor>.<layer>`.
 * @throws ReinitError `conflict` where one tensor can't serve them: quantized or sparse values, parts of tensors, several forms or calls.
 */
export function forkWeight(model: Model, weight: Weight, layers: ReadonlySet<string>): Forked {
  const { tensor } = weight
  const ours = weight.uses.filter((u) => layers.has(u.layer))
  const [first, ...rest] = ours
  const refuse = (why: string) =>
    new ReinitError(
      'conflict',
      `Tensor ${JSON.stringify(tensor.name)} can't get a copy for ${JSON.stringify(first?.layer ?? weight.layer)}: ${why}. Give --shared rewrite to change it for all, or --exclude it.`,
    )
  if (!first) throw refuse('none of its uses is selected')
  if (weight.quantization || ours.some((u) => u.quantization)) throw refuse('its values are quantized')
  if (ours.some((u) => u.role.startsWith('quant_'))) throw refuse('it is the scale or zero point of quantized values')
  if (tensor.owner === 'sparse_initializer') throw refuse('it is sparse')
  if (tensor.elements.kind !== 'stored') throw refuse(tensor.elements.reason)
  for (const use of ours) {
    const other = weight.uses.find((u) => !layers.has(u.layer) && u.node === use.node && u.input === use.input)
    if (other) throw refuse(`it is in a function that ${JSON.stringify(other.layer)} calls too`)
    const stop = barrierBetween(use, tensor)
    if (stop !== null) throw refuse(`${stop} stands between it and its use`)
  }
  const direct = ours.every((u) => u.node.inputs[u.input] === tensor.name)
  const form = (u: WeightUse) => (direct ? tensor.dims : (u.operand?.dims ?? null))
  const dims = form(first)
  if (!dims) throw refuse('only a part of it is used')
  for (const use of rest)
    if (`${form(use)}` !== `${dims}`) throw refuse(`${JSON.stringify(use.layer)} takes it as [${form(use)}], not as [${dims}]`)
  const layout = direct ? first.layout : (first.operand?.layout ?? [])
  const copy = changedTensor(tensor, { owner: 'initializer', dims, name: unusedName(model, `${tensor.name}.${first.layer}`) })
  const decides = ours.find((u) => u.fan && u.role !== 'embedding') ?? ours.find((u) => u.fan) ?? first
  const uses = ours.map((u) => (direct ? u : { ...u, layout })) as [WeightUse, ...WeightUse[]]
  const { role, fan, layer, activation } = decides
  return {
    weight: { ...weight, tensor: copy, uses, readers: [], role, fan, layer, layout: direct ? decides.layout : layout, activation },
    change: { kind: 'insert', from: tensor, uses: distinct(ours) },
  }
}

/** A node and input once, however many calls run it. */
function distinct(uses: readonly WeightUse[]): { node: Node; input: number }[] {
  const found: { node: Node; input: number }[] = []
  for (const { node, input } of uses) if (!found.some((f) => f.node === node && f.input === input)) found.push({ node, input })
  return found
}

/** What makes the operand another one than the tensor's values, moved at most; null: nothing. */
function barrierBetween({ node, input }: WeightUse, tensor: Tensor): string | null {
  let [home, name]: [Graph | null, string] = [node.graph, node.inputs[input] ?? '']
  for (;;) {
    while (home && !home.defined.has(name)) home = home.parent
    const found = home?.defined.get(name)
    if (found === tensor) return null
    if (!home || !found || !('opType' in found)) return isInFunction(node.graph) ? 'a call of a function' : 'an input of a graph'
    if (!moves.has(`${found.domain}:${found.opType}`)) return `${found.opType} ${JSON.stringify(found.name)}`
    name = found.inputs[0] ?? ''
  }
}

/** The name, or with a number behind it, that nothing in the model has yet. */
function unusedName(model: Model, wanted: string): string {
  const taken = new Set<string>()
  const add = (graph: Graph) => {
    for (const name of graph.defined.keys()) taken.add(name)
    for (const node of graph.nodes) {
      for (const name of node.inputs) taken.add(name)
      if (node.hasGraphs) for (const a of node.attributes.values()) for (const inner of a.graphs ?? []) add(inner)
    }
  }
  for (const graph of [model.graph, ...model.functions.map((f) => f.body)]) add(graph)
  for (let i = 1; ; i++) {
    const name = i === 1 ? wanted : `${wanted}.${i}`
    if (!taken.has(name)) return name
  }
}
