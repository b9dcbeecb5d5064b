import type { Graph, Model, Node } from '../types.js'
import { fateOf } from './fateOf.js'
import { integersOf } from './integers.js'
import { Op } from './op.js'
import { paths } from './paths.js'
import { Calls, constantAt, definingScope, newScope, producerIn, type Scope } from './scope.js'
import { slots } from './slots.js'
import { type Constant, type View, withAxes } from './view.js'

/**
 * Goes through every node at every place of execution, in the order of the computation: constants are followed along the paths, through
 * subgraphs and calls; `visit` sees each node with what is known of its inputs, and whether it was only a path. Linear in nodes, not recursive but for nested bodies.
 * @returns the main graph's scope; its `consumers` and `children` are complete then.
 */
export function walkModel(model: Model, visit: (op: Op, isPath: boolean) => void): Scope {
  const calls = new Calls(model.functions)
  const root = newScope(model.graph, null, null)
  enter(root)
  return root

  function enter(scope: Scope): void {
    for (const node of ordered(scope)) {
      const op = new Op(model, scope, node)
      const children = bodiesOf(op, calls)
      for (const child of children) enter(child)
      if (children.length > 0) {
        scope.children.set(node, children)
        leave(op, children)
        visit(op, true)
      } else visit(op, follow(op))
    }
  }
}

/** Notes every reader of every value, and puts nodes into an order in which producers come first (a cycle stays as it is). */
function ordered(scope: Scope): readonly Node[] {
  const { nodes } = scope.graph
  let sorted = true
  for (const node of nodes)
    node.inputs.forEach((name, input) => {
      const home = name === '' ? null : definingScope(scope, name)
      if (!home) return
      const definition = home.graph.defined.get(name)
      // a stored tensor's readers are its uses
      if (definition && 'elementCount' in definition) return
      home.consumers.add(name, scope, node, input)
      if (home === scope && definition && 'opType' in definition && definition.index >= node.index) sorted = false
    })
  return sorted ? nodes : sortNodes(scope.graph)
}

function sortNodes(graph: Graph): readonly Node[] {
  const { nodes } = graph
  const waiting = nodes.map((n) => new Set(n.inputs.flatMap((name) => producerIn(graph, name) ?? [])))
  const readers = new Map<Node, Node[]>()
  nodes.forEach((n, i) => {
    for (const p of waiting[i] ?? []) readers.set(p, [...(readers.get(p) ?? []), n])
  })
  const ready = nodes.filter((_, i) => waiting[i]?.size === 0)
  for (const done of ready)
    for (const reader of readers.get(done) ?? []) {
      const left = waiting[reader.index]
      if (left?.delete(done) && left.size === 0) ready.push(reader)
    }
  const seen = new Set(ready)
  return [...ready, ...nodes.filter((n) => !seen.has(n))]
}

/** Whether the node is a path: what comes out is what went in, moved; or only helps to compute a weight. */
function follow(op: Op): boolean {
  const { scope, node, inputs } = op
  const known = inputs.filter((c) => c !== null)
  const computed = op.opType === 'Constant' && isStored(scope, node.outputs[0]) ? null : integersOf(op)
  if (known.length === 0 && !computed) return false
  const results = paths[op.key]?.(op) ?? []
  const allConstant = known.length === op.inputNames.filter((n) => n !== '').length
  // a layer on constants makes data, unless a weight is computed with it
  const isLayer = allConstant && !computed && results.every((r) => r === null) && op.key in slots
  const isIngredient = isLayer && fateOf(scope, node.outputs[0] ?? '') === 'ingredient'
  node.outputs.forEach((name, i) => {
    const moved = within(results[i]) ?? (allConstant && (!isLayer || isIngredient) ? opaque(known) : null)
    if (name !== '' && i === 0 && computed)
      scope.constants.set(name, { dims: moved?.dims ?? computed.dims, views: moved?.views ?? [], ints: computed.ints })
    else if (name !== '' && moved) scope.constants.set(name, moved === inputs[0] ? moved : { ...moved, ints: null })
  })
  return isIngredient || computed !== null || results.some((r) => r !== null)
}

/** Parts and axes that are followed: stacks have hundreds, doubled again and again they would fill the memory. */
const MAX_VIEWS = 4096
const MAX_AXES = 256

/** null where a path puts together more than is followed. */
const within = (c: Constant | null | undefined): Constant | null =>
  c && c.views.length <= MAX_VIEWS && (c.dims?.length ?? 0) <= MAX_AXES && c.views.every((v) => (v.axes?.flat().length ?? 0) <= MAX_AXES)
    ? c
    : null

function isStored(scope: Scope, name: string | undefined): boolean {
  const definition = scope.graph.defined.get(name ?? '')
  return definition !== undefined && 'elementCount' in definition
}

/** More sources than any one parameter has: a value computed from that many tensors is not a view of them. */
const MAX_SOURCES = 64

/** Computed from constants by an operator that is no path: what it is made of stays known. */
function opaque(inputs: readonly Constant[]): Constant | null {
  const views = new Map<unknown, View>()
  for (const c of inputs) for (const v of c.views) views.set(v.tensor, { ...v, axes: null, as: 'source' })
  return views.size <= MAX_SOURCES ? { dims: null, views: [...views.values()] } : null
}

/** The bodies that a node runs, with the constants among their inputs bound. */
function bodiesOf(op: Op, calls: Calls): Scope[] {
  const { scope, node } = op
  const called = calls.enter(scope, node)
  if (called) {
    called.graph.inputs.forEach((value, i) => bind(called, value.name, op.inputs[i]))
    return [called]
  }
  if (!node.hasGraphs) return []
  return [...node.attributes.values()].flatMap((attribute) =>
    (attribute.graphs ?? []).map((graph) => {
      const body = calls.counted(newScope(graph, scope, { scope, node }))
      const binding = node.domain === 'ai.onnx' && Object.hasOwn(bindings, node.opType) ? bindings[node.opType] : undefined
      graph.inputs.forEach((value, i) => bind(body, value.name, binding?.(op, graph, i)))
      return body
    }),
  )
}

function bind(body: Scope, name: string, constant: Constant | null | undefined): void {
  if (constant) body.constants.set(name, constant)
}

/** What input `i` of a subgraph is, where it is the same constant in every iteration. */
const bindings: Readonly<Record<string, (op: Op, body: Graph, i: number) => Constant | null | undefined>> = {
  Loop: (op, body, i) => (i >= 2 && isCarried(body, i, i - 1) ? op.inputs[i] : null),
  Scan: (op, body, i) => {
    const states = body.inputs.length - op.int('num_scan_inputs', 0)
    if (i < states) return isCarried(body, i, i) ? op.inputs[i] : null
    const [stack, axis] = [op.inputs[i], op.ints('scan_input_axes')?.[i - states] ?? 0]
    const keep = <T>(list: readonly T[]) => list.filter((_, a) => a !== (axis < 0 ? axis + list.length : axis))
    return stack && withAxes(stack, stack.dims && keep(stack.dims), keep)
  },
}

/** Whether the body gives input `i` back unchanged as output `o`. */
function isCarried(body: Graph, i: number, o: number): boolean {
  let name = body.outputs[o]?.name
  for (let steps = 0; name !== undefined && steps <= body.nodes.length; steps++) {
    if (name === body.inputs[i]?.name) return true
    const node = producerIn(body, name)
    name = node?.opType === 'Identity' ? node.inputs[0] : undefined
  }
  return false
}

/** Constants that come out of bodies: of an If, whatever its branches give. */
function leave(op: Op, bodies: readonly Scope[]): void {
  const { scope, node } = op
  const skipped = node.opType === 'Loop' ? 1 : 0
  node.outputs.forEach((name, i) => {
    const results = bodies.map((body) => constantAt(body, body.graph.outputs[i + skipped]?.name ?? ''))
    const [first] = results
    if (name === '' || !first || results.some((r) => r === null) || (bodies.length > 1 && node.opType !== 'If')) return
    scope.constants.set(name, { dims: first.dims, views: results.flatMap((r) => r?.views ?? []) })
  })
}
