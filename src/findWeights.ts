import { layerName } from './names/layerName.js'
import { isFloatType } from './onnx/dataTypes.js'
import { fanOf } from './ops/fan.js'
import { type Slot, slots } from './ops/slots.js'
import type { AxisRole, Graph, Model, Node, Skipped, Tensor, Weight, WeightUse } from './types.js'

/** A slot's operand, and the order of its axes in the stored tensor (null where a path mixes them). */
interface Traced {
  readonly tensor: Tensor
  readonly axes: readonly number[]
}

/** Every float tensor that an operator uses as a parameter, and those that can't be handled with the reason. */
export function findWeights(model: Model): { weights: Weight[]; skipped: Skipped[] } {
  const uses = new Map<Tensor, WeightUse[]>()
  const readers = new Map<Tensor, Node[]>()
  const graphs = allGraphs(model)
  for (const graph of graphs)
    for (const node of graph.nodes) {
      const table = slots[`${node.domain}:${node.opType}`] ?? biasOfAdd(node)
      node.inputs.forEach((name, input) => {
        const traced = trace(graph, name)
        if (!traced || !isFloatType(traced.tensor.dataType)) return
        const slot = table?.find((s) => s.input === input)
        if (slot) push(uses, traced.tensor, useOf(node, slot, traced))
        else if (!isPath(node)) push(readers, traced.tensor, node)
      })
    }
  const weights: Weight[] = []
  const skipped: Skipped[] = []
  for (const tensor of model.tensors) {
    if (!isFloatType(tensor.dataType) || tensor.elementCount === 0) continue
    const [first, ...rest] = uses.get(tensor) ?? []
    const skip = (reason: string, detail: string) =>
      skipped.push({ name: tensor.name, reason, detail, elementCount: tensor.elementCount, tensor })
    if (first === undefined)
      skip(
        'no-weight-slot',
        `read by ${[...new Set((readers.get(tensor) ?? []).map((n) => n.opType))].join(', ') || 'no node'}: not a known parameter`,
      )
    else if (tensor.owner === 'sparse_initializer') skip('sparse', 'sparse initializers are not supported')
    else if (tensor.elements.kind === 'unwritable') skip('unwritable', tensor.elements.reason)
    else if (tensor.elements.varints) skip('varint', `${tensor.elements.field} holds varints: their length would change`)
    else {
      const decides = [first, ...rest].find((u) => u.fan !== null) ?? first
      const { role, layer, fan, layout, activation } = decides
      weights.push({ tensor, uses: [first, ...rest], readers: readers.get(tensor) ?? [], role, layer, fan, layout, activation })
    }
  }
  return { weights, skipped }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

export function allGraphs(model: Model): Graph[] {
  const graphs = [model.graph, ...model.functions.map((f) => f.body)]
  for (const graph of graphs) for (const node of graph.nodes) for (const a of node.attributes.values()) graphs.push(...(a.graphs ?? []))
  return graphs
}

/** The constant vector that is added to a MatMul's result is that layer's bias. */
function biasOfAdd(node: Node): readonly Slot[] | undefined {
  if (node.domain !== 'ai.onnx' || node.opType !== 'Add') return undefined
  const input = node.inputs.findIndex((name) => (trace(node.graph, name)?.tensor.dims.length ?? 2) === 1)
  const other = node.inputs[1 - input]
  return input >= 0 && other !== undefined && producer(node.graph, other)?.opType === 'MatMul' ? [{ input, role: 'bias' }] : undefined
}

function useOf(node: Node, slot: Slot, { tensor, axes }: Traced): WeightUse {
  const roles = slot.layout?.(node, axes.length) ?? []
  const layout: AxisRole[] = []
  axes.forEach((stored, i) => {
    if (roles[i]) layout[stored] = roles[i]
  })
  const groups = slot.grouped ? (node.attributes.get('group')?.i ?? 1) : 1
  const fan = roles.length > 0 ? fanOf(tensor.dims, layout, groups, slot.grouped ?? 'batch') : null
  const other = slot.role === 'bias' && node.opType === 'Add' ? producer(node.graph, node.inputs[1 - slot.input] ?? '') : undefined
  return {
    node,
    opType: node.opType,
    domain: node.domain,
    input: slot.input,
    role: slot.role,
    layout,
    groups,
    fan,
    layer: layerName(tensor, other ?? node),
    activation: null,
  }
}

const isPath = (node: Node) => node.domain === 'ai.onnx' && /^(Identity|Transpose|Cast)$/.test(node.opType)

function producer(graph: Graph | null, name: string): Node | undefined {
  for (let g = graph; g; g = g.parent) if (g.producerOf.has(name)) return g.producerOf.get(name)
  return undefined
}

/** Back from a slot's operand through Identity, Cast and Transpose to the stored tensor. */
function trace(graph: Graph, name: string): Traced | null {
  const steps: Node[] = []
  const seen = new Set<Node>()
  for (let current = name; ; ) {
    let tensor: Tensor | undefined
    let node: Node | undefined
    for (let g: Graph | null = graph; g && !tensor && !node; g = g.parent) {
      tensor = g.tensorOf.get(current)
      node = g.producerOf.get(current)
    }
    if (tensor)
      return {
        tensor,
        axes: steps.reduceRight<readonly number[]>(
          permute,
          tensor.dims.map((_, i) => i),
        ),
      }
    if (!node || !isPath(node) || seen.has(node)) return null
    seen.add(node)
    steps.push(node)
    current = node.inputs[0] ?? ''
  }
}

function permute(axes: readonly number[], node: Node): readonly number[] {
  if (node.opType !== 'Transpose') return axes
  const given = node.attributes.get('perm')?.ints ?? []
  return given.length > 0 ? given.map((i) => axes[i] ?? 0) : [...axes].reverse()
}
