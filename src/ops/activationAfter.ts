import type { Model } from '../types.js'
import { activationName, ownActivation } from './activations.js'
import { decomposedActivation } from './decomposedActivation.js'
import { isOneNumber, isScaling, isTransparent, readersOf } from './flow.js'
import { Op } from './op.js'
import { type Consumer, constantAt, type Scope } from './scope.js'

/** Operators between a layer and its activation that keep the sign of what passes: normalization, pooling by maximum, a residual's sum. */
const passing = new Set(
  ['BatchNormalization', 'InstanceNormalization', 'GroupNormalization', 'MaxPool', 'Dropout', 'Add', 'Sum', 'Sub'].map(
    (o) => `ai.onnx:${o}`,
  ),
)
/** Sums, norms and shape changes between a layer and its activation are few. */
const MAX_STEPS = 24

/**
 * The nonlinearity that follows a weight's operator: through bias, normalization, residual sums and changes of shape or type; as an
 * attribute of a fused operator; or put together from simpler ones. Where several readers disagree there is none.
 */
export function activationAfter(model: Model, scope: Scope, node: Consumer['node']): string | null {
  const own = ownActivation(new Op(model, scope, node))
  return own ?? after(model, scope, node.outputs[0] ?? '', MAX_STEPS)
}

function after(model: Model, scope: Scope, name: string, steps: number): string | null {
  const readers = readersOf(scope, name).filter((r) => !asksForType(r))
  if (readers.length === 0 || steps === 0) return null
  if (readers.length > 1) {
    const decomposed = decomposedActivation(model, scope, name)
    if (decomposed !== null) return decomposed
  }
  const found = new Set<string | null>()
  for (const reader of readers) {
    found.add(through(model, reader, steps))
    if (found.size > 1 || found.has(null)) return null
  }
  return [...found][0] ?? null
}

/** A reader of a value's shape or type, not of its numbers. */
const asksForType = ({ node, input }: Consumer) => /^(Shape|Size)$/.test(node.opType) || (node.opType === 'CastLike' && input === 1)

function through(model: Model, { scope, node, input }: Consumer, steps: number): string | null {
  const key = `${node.domain}:${node.opType}`
  const op = new Op(model, scope, node)
  const name = input === 0 ? activationName(op, key) : null
  if (name !== null) return name
  if (node.opType === 'QuantizeLinear' && op.isRectified(2)) return 'relu'
  const next = node.outputs[0] ?? ''
  const isScaled =
    node.opType === 'Mul' && (node.inputs.some((n) => constantAt(scope, n) !== null) || isScaling({ scope, node, output: 0 }))
  // x + 3 is the start of a hard sigmoid
  const isOffset = /^(Add|Sub)$/.test(node.opType) && node.inputs.some((n) => isOneNumber(scope, n))
  const spelled = isOffset ? decomposedActivation(model, scope, node.inputs[input] ?? '') : null
  if (spelled !== null) return spelled
  const passes = passing.has(key) || (isTransparent(node) && input === 0) || isScaled
  if (passes) return after(model, scope, next, steps - 1)
  return decomposedActivation(model, scope, node.inputs[input] ?? '')
}
