import type { Node } from '../types.js'
import { type Consumer, constantAt, definingScope, type Producer, producerIn, type Scope } from './scope.js'

/** Output k of a Loop is output k + 1 of its body, which gives its condition first. */
const bodyOffset = (node: Node) => (node.opType === 'Loop' && node.domain === 'ai.onnx' ? 1 : 0)
const takesInputs = (node: Node) => !(node.opType === 'If' && node.domain === 'ai.onnx')

/** The node that computes a value, seen into the bodies that give it and out of those that take it; null for one that is made of itself. */
export function sourceOf(scope: Scope, name: string): Producer | null {
  let [home, wanted]: [Scope | null, string | undefined] = [definingScope(scope, name), name]
  // a body's output can be a captured value, even the one that the body's own node computes: Brent's search for a cycle
  let [mark, marked, steps, limit]: [Scope | null, string | undefined, number, number] = [null, undefined, 0, 1]
  while (home && wanted) {
    if (home === mark && wanted === marked) return null
    if (++steps === limit) [mark, marked, steps, limit] = [home, wanted, 0, 2 * limit]
    const node = producerIn(home.graph, wanted)
    if (node) {
      const output = node.outputs.indexOf(wanted)
      const body: Scope | undefined = home.children.get(node)?.[0]
      if (!body) return { scope: home, node, output }
      wanted = body.graph.outputs[output + bodyOffset(node)]?.name
      home = wanted ? definingScope(body, wanted) : null
    } else {
      const { caller }: Scope = home
      const input = home.graph.inputs.findIndex((v) => v.name === wanted)
      if (!caller || input < 0) return null
      wanted = caller.node.inputs[input]
      home = wanted ? definingScope(caller.scope, wanted) : null
    }
  }
  return null
}

/** The nodes that compute a value, of an If those of each branch; see sourceOf. `seen`: Ifs on the way, lest one is made of itself. */
export function sourcesOf(scope: Scope, name: string, seen: ReadonlySet<Node> = new Set()): Producer[] {
  const home = definingScope(scope, name)
  const node = home && producerIn(home.graph, name)
  const bodies = node?.opType === 'If' ? home?.children.get(node) : undefined
  if (!node || !bodies) return [sourceOf(scope, name)].filter((p) => p !== null)
  const output = node.outputs.indexOf(name)
  const names = seen.has(node) ? [] : bodies.map((body) => [body, body.graph.outputs[output]?.name] as const)
  return names.flatMap(([body, given]) => (given === undefined ? [] : sourcesOf(body, given, new Set([...seen, node]))))
}

/** The nodes that read a value, seen into the bodies that take it and out of those that give it. */
export function readersOf(scope: Scope, name: string): Consumer[] {
  // nothing to see into, and nothing outside
  if (scope.children.size === 0 && scope.caller === null) return scope.consumers.of(name)
  const found: Consumer[] = []
  const waiting: [Scope, string][] = [[scope, name]]
  const seen = new Map<Scope, Set<string>>()
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [home, value] = next
    const known = seen.get(home) ?? new Set()
    if (known.has(value)) continue
    seen.set(home, known.add(value))
    for (const c of home.consumers.of(value)) {
      const bodies = c.scope.children.get(c.node)
      if (!bodies || !takesInputs(c.node)) found.push(c)
      for (const body of (takesInputs(c.node) && bodies) || []) {
        const inner = body.graph.inputs[c.input]?.name
        if (inner) waiting.push([body, inner])
      }
    }
    const { caller, graph } = home
    if (!caller) continue
    graph.outputs.forEach((output, i) => {
      const outer = output.name === value ? caller.node.outputs[i - bodyOffset(caller.node)] : undefined
      if (outer) waiting.push([caller.scope, outer])
    })
  }
  return found
}

/** Operators that hand their first input on, one value for one: what a bias or an activation is looked for behind. */
const transparent = new Set(
  [
    'Identity',
    'Cast',
    'CastLike',
    'Reshape',
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'Transpose',
    'Dropout',
    'QuantizeLinear',
    'DequantizeLinear',
    'DynamicQuantizeLinear',
  ].map((op) => `ai.onnx:${op}`),
)
export const isTransparent = (node: Node) => transparent.has(`${node.domain}:${node.opType}`)

/**
 * The operator behind a value, through transparent ones and, with `scaled`, through a Mul with a constant scalar or (dequantization)
 * with a computed scale. null where the value comes from outside.
 */
export function operatorBehind(scope: Scope, name: string): Producer | null {
  let p = sourceOf(scope, name)
  for (let steps = 0; p && steps < MAX_STEPS; steps++) {
    const next = isTransparent(p.node) ? p.node.inputs[0] : isScaling(p) ? dataInput(p) : undefined
    if (next === undefined) return p
    p = sourceOf(p.scope, next)
  }
  return p
}
/** Layers between a matrix and its bias are a handful. */
const MAX_STEPS = 32

/** A Mul by one number: gemm's alpha, or the scale of a dynamically quantized product. */
export function isScaling({ scope, node }: Producer): boolean {
  return (
    node.domain === 'ai.onnx' &&
    node.opType === 'Mul' &&
    (node.inputs.some((n) => isOneNumber(scope, n)) || dataInput({ scope, node, output: 0 }) !== undefined)
  )
}
export const isOneNumber = (scope: Scope, name: string) => constantAt(scope, name)?.dims?.every((d) => d === 1) ?? false

function dataInput({ scope, node }: Producer): string | undefined {
  const [a = '', b = ''] = node.inputs
  if (isOneNumber(scope, a)) return b
  if (isOneNumber(scope, b)) return a
  // MatMulInteger → Cast → Mul(scale of the activations × scale of the weight)
  return [a, b].find((n) => {
    const cast = sourceOf(scope, n)
    const product = cast?.node.opType === 'Cast' ? sourceOf(cast.scope, cast.node.inputs[0] ?? '') : null
    return /^(MatMul|Conv)Integer$/.test(product?.node.opType ?? '')
  })
}
