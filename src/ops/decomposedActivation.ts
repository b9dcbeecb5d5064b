import type { Model, Node } from '../types.js'
import { isTransparent, readersOf } from './flow.js'
import { Op } from './op.js'
import { constantAt, type Scope } from './scope.js'

const elementwise =
  /^(Mul|Div|Add|Sub|Pow|Erfc?|Tanh|Sigmoid|HardSigmoid|Clip|Exp|Log|Softplus|Neg|Abs|Min|Max|Relu|Sqrt|Greater|Less|Where)$/
/** mish, spelled out, has seven operators; tanh-GELU nine. */
const MAX_NODES = 16

/** Forms by the operators that x alone runs through, and whether x comes back to be multiplied with the result. First that fits. */
const forms: readonly { readonly name: string; readonly has: readonly string[]; readonly gated: boolean }[] = [
  { name: 'gelu', has: ['Erf'], gated: true },
  { name: 'gelu', has: ['Erfc'], gated: true },
  { name: 'mish', has: ['Tanh', 'Softplus'], gated: true },
  { name: 'mish', has: ['Tanh', 'Log', 'Exp'], gated: true },
  { name: 'gelu', has: ['Tanh', 'Pow'], gated: true },
  { name: 'gelu', has: ['Tanh', 'Mul', 'Add'], gated: true },
  { name: 'quick_gelu', has: ['Sigmoid', 'Scale'], gated: true },
  { name: 'silu', has: ['Sigmoid'], gated: true },
  { name: 'hardswish', has: ['HardSigmoid'], gated: true },
  { name: 'hardswish', has: ['Add', 'Clip'], gated: true },
  { name: 'hardswish', has: ['Add', 'Relu', 'Min'], gated: true },
  { name: 'hardsigmoid', has: ['Add', 'Clip', 'Div'], gated: false },
  { name: 'hardsigmoid', has: ['Add', 'Clip', 'Mul'], gated: false },
  { name: 'softplus', has: ['Softplus', 'Where'], gated: false },
  { name: 'softplus', has: ['Exp', 'Add', 'Log'], gated: false },
  { name: 'relu', has: ['Max'], gated: false },
]

/** The activation that operators behind `name` compute from it alone (erf-GELU, x·sigmoid(x), …); null where they make none. */
export function decomposedActivation(model: Model, scope: Scope, name: string): string | null {
  const cone = new Set<string>([name])
  const nodes: Node[] = []
  let gated = false
  const seen = new Set<Node>()
  const waiting = readersOf(scope, name)
  for (let next = waiting.shift(); next && nodes.length < MAX_NODES; next = waiting.shift()) {
    const { node } = next
    if (seen.has(node)) continue
    const known = node.inputs.filter((n) => n !== '' && constantAt(next.scope, n) === null)
    if (!elementwise.test(node.opType) && !isTransparent(node)) continue
    if (!known.every((n) => cone.has(n)) || constantAt(next.scope, node.outputs[0] ?? '')) continue
    seen.add(node)
    nodes.push(node)
    if (node.opType === 'Mul' && new Set(known).size > 1) gated = true
    const output = node.outputs[0] ?? ''
    cone.add(output)
    waiting.push(...readersOf(next.scope, output))
  }
  const operators = new Set(nodes.map((n) => n.opType))
  const first = nodes.find((n) => n.opType === 'Sigmoid')
  if (first && first.inputs[0] !== name && nodes.some((n) => n.opType === 'Mul' && n.outputs[0] === first.inputs[0])) operators.add('Scale')
  const form = forms.find((f) => f.gated === gated && f.has.every((o) => operators.has(o)))
  if (form?.name !== 'relu') return form?.name ?? null
  const max = nodes.find((n) => n.opType === 'Max')
  return max && [0, 1].some((i) => new Op(model, scope, max).number(i, '', Number.NaN) === 0) ? 'relu' : null
}
