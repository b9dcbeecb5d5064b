import { constantAt, type Scope } from './scope.js'
import { slots } from './slots.js'

/** Nodes between a computed constant and the operator that takes it are a handful. */
const MAX_NODES = 256

/** Operators behind which a constant is still what it was, moved or summed with others. */
const moves = /^(Identity|Cast|CastLike|Transpose|Reshape|Flatten|Squeeze|Unsqueeze|Expand|Slice|Split|Gather|Concat|Add|Sub|MatMul|Gemm)$/

/**
 * Where a value that is computed from constants alone ends: in a weight slot, as it is (`weight`: the product of two factors); in one, as
 * part of a computation (`ingredient`: the norm that a weight is divided by); or among data (`data`: a learned query, an initial state).
 */
export function fateOf(scope: Scope, name: string): 'weight' | 'ingredient' | 'data' {
  const waiting = [{ name, isWhole: true }]
  const seen = new Set([name])
  for (let value = waiting.shift(); value && seen.size < MAX_NODES; value = waiting.shift()) {
    for (const { scope: home, node, input } of scope.consumers.of(value.name)) {
      const { opType, inputs, outputs } = node
      const others = inputs.filter((n, i) => i !== input && n !== '')
      const isConstant = others.every((n) => seen.has(n) || constantAt(home, n) !== null)
      const slot = slots[`${node.domain}:${opType}`]?.find((s) => s.input === input)
      if (slot?.layout && slot.role !== 'embedding' && !isConstant) return value.isWhole ? 'weight' : 'ingredient'
      if (!isConstant || home !== scope) continue
      const isScaled = /^(Mul|Div)$/.test(opType) && (opType === 'Mul' || input === 0) && others.every((n) => isNumber(home, n))
      for (const output of outputs) {
        if (output === '' || seen.has(output)) continue
        seen.add(output)
        waiting.push({ name: output, isWhole: value.isWhole && (moves.test(opType) || isScaled) })
      }
    }
  }
  return 'data'
}

const isNumber = (scope: Scope, name: string) => constantAt(scope, name)?.dims?.every((d) => d === 1) ?? false
