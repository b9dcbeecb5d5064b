import { isTransparent, readersOf, sourceOf } from './flow.js'
import { constantAt, type Scope } from './scope.js'
import type { Node } from '../types.js'

/** A residual sum stands close behind the branch's last layer. */
const MAX_STEPS = 8
const passing = /^(BatchNormalization|Dropout|Mul|Add|SkipLayerNormalization|SkipSimplifiedLayerNormalization)$/

/** Whether a layer is the last of a residual branch: behind it, and behind no other, its result is added to data that went round it. */
export function endsBranch(scope: Scope, node: Node): boolean {
  let [home, name] = [scope, node.outputs[0] ?? '']
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const readers = readersOf(home, name)
    const [reader] = readers
    if (!reader || readers.length > 1 || (!passing.test(reader.node.opType) && !isTransparent(reader.node))) return false
    const data = reader.node.inputs.slice(0, 2).filter((n) => n !== '' && constantAt(reader.scope, n) === null)
    if (/^(Add|Skip.*)$/.test(reader.node.opType) && data.length === 2) return isAround(reader.scope, data, name, node)
    if (data.length > 1) return false
    ;[home, name] = [reader.scope, reader.node.outputs[0] ?? '']
  }
  return false
}

/** The other summand was there before the branch began: a graph input, or of a node in front of this one. */
function isAround(scope: Scope, data: readonly string[], branch: string, node: Node): boolean {
  const other = data.find((n) => n !== branch)
  const source = other === undefined ? null : sourceOf(scope, other)
  return source === null || (source.node.graph === node.graph && source.node.index < node.index)
}
