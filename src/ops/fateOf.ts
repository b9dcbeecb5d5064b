import { constantAt, type Scope } from './scope.js'
import { slots } from './slots.js'

/** Nodes between a computed constant and the operator that takes it are a handful. */
const MAX_NODES = 256

/** How far a value is still what it was: unchanged but for its axes; a product of matrices, reshaped or with a bias; or only part of another. */
type State = 'whole' | 'product' | 'projected' | 'part'

const moves = /^(Identity|Cast|CastLike|Transpose|Reshape|Flatten|Squeeze|Unsqueeze|Expand|Slice|Split|Gather|\w*Normalization)$/
const matrixOps = /^(MatMul|Gemm)$/

/**
 * Where a value that is computed from constants alone ends: in a weight slot, as it is (`weight`: a standardized kernel, the product of two
 * factors); in one, as part of a computation (`ingredient`: the norm that a weight is divided by); or as `data`: learned queries, an initial
 * state, positions that a layer projects.
 */
export function fateOf(scope: Scope, name: string): 'weight' | 'ingredient' | 'data' {
  const start: State = matrixOps.test(producerType(scope, name)) ? 'product' : 'whole'
  const waiting: { readonly name: string; readonly state: State }[] = [{ name, state: start }]
  const seen = new Set([name])
  for (let value = waiting.shift(); value && seen.size < MAX_NODES; value = waiting.shift()) {
    for (const { scope: home, node, input } of scope.consumers.of(value.name)) {
      const { opType, inputs, outputs } = node
      const others = inputs.filter((n, i) => i !== input && n !== '')
      const isConstant = others.every((n) => seen.has(n) || constantAt(home, n) !== null)
      // a constant on the left of data is a query rather than a weight
      const slot = slots[`${node.domain}:${opType}`]?.find((s) => s.input === input && input > 0)
      if (slot?.layout && !isConstant) return landed[value.state]
      if (!isConstant || home !== scope) continue
      const state = after(
        value.state,
        opType,
        input,
        others.map((n) => constantAt(home, n)?.dims ?? null),
      )
      for (const output of outputs) {
        if (output === '' || seen.has(output)) continue
        seen.add(output)
        waiting.push({ name: output, state })
      }
    }
  }
  return 'data'
}

const landed = { whole: 'weight', product: 'weight', projected: 'data', part: 'ingredient' } as const

function producerType(scope: Scope, name: string): string {
  const found = scope.graph.defined.get(name)
  return found && 'opType' in found ? found.opType : ''
}

/** The state behind an operator whose other inputs have these dims. */
function after(state: State, opType: string, input: number, others: readonly (readonly number[] | null)[]): State {
  const [other] = others
  const isScaled = /^(Mul|Div)$/.test(opType) && (opType === 'Mul' || input === 0) && (other?.every((d) => d === 1) ?? false)
  if (state === 'part' || isScaled) return state
  if (matrixOps.test(opType)) return state === 'projected' ? 'part' : 'product'
  if (/^(Add|Sub|Concat)$/.test(opType)) {
    const isVector = (other?.filter((d) => d !== 1).length ?? 0) <= 1
    return state === 'whole' || (state === 'product' && opType !== 'Concat' && !isVector) ? state : 'projected'
  }
  if (input > 0 || !moves.test(opType)) return 'part'
  return state === 'whole' || /^(Identity|Cast|CastLike|Transpose)$/.test(opType) ? state : 'projected'
}
