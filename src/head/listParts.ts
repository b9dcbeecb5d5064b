import { readInts } from '../onnx/read/readInts.js'
import type { Model, Node, Tensor } from '../types.js'
import type { Scope } from '../ops/scope.js'
import type { Dims } from './classAxis.js'
import { listLength } from './listLength.js'

/** A piece of a list of integers. */
export interface Part {
  /** null: it is computed. */
  readonly tensor: Tensor | null
  readonly values: Dims
  readonly from: number
  /** Names from the tensor on to the list, and the node that takes each. */
  readonly path: readonly (readonly [name: string, user: Node])[]
}

/** Shapes and axes are shorter; a Concat of itself doubles with each step. */
const MAX_INTEGERS = 1024
/** Operators that a list is seen through. */
const MAX_STEPS = 200

/** What a list of integers consists of: a stored tensor, or a Concat of such and of single computed numbers; null: it is computed. */
export function listParts(
  model: Model,
  scope: Scope,
  rank: (name: string) => number | null,
): (user: Node, name: string) => readonly Part[] | null {
  /** What is at work is here as null: a list that is made from itself is none. */
  const known = new Map<string, readonly Part[] | null>()
  const parts = (user: Node, name: string, left: number): readonly Part[] | null =>
    inner(name, left)?.map((p) => ({ ...p, path: [...p.path, [name, user] as const] })) ?? null

  const inner = (name: string, left: number): readonly Part[] | null => {
    const found = known.get(name)
    if (found !== undefined || left === 0) return found ?? null
    known.set(name, null)
    const made = make(name, left)
    known.set(name, made)
    return made
  }

  const make = (name: string, left: number): readonly Part[] | null => {
    const found = model.graph.defined.get(name)
    if (found && 'elementCount' in found) {
      const values = readInts(model, found)
      return values && [{ tensor: found, values, from: 0, path: [] }]
    }
    if (!found || !('opType' in found) || found.domain !== 'ai.onnx') return null
    if (found.opType === 'Concat') return joined(found, left)
    if (!/^(Identity|Unsqueeze|Cast)$/.test(found.opType)) return null
    const list = parts(found, found.inputs[0] ?? '', left - 1)
    return found.opType === 'Unsqueeze' && !list?.every((p) => p.tensor) ? [computed(1)] : list
  }

  const joined = (node: Node, left: number): readonly Part[] | null => {
    const list: Part[] = []
    let from = 0
    for (const input of node.inputs) {
      const own = parts(node, input, left - 1)
      const count = own ? null : listLength(model, scope, input, rank)
      if (!own && (count === null || count > MAX_INTEGERS)) return null
      for (const p of own ?? [computed(count ?? 0)]) {
        list.push({ ...p, from })
        from += p.values.length
      }
      if (from > MAX_INTEGERS) return null
    }
    return list
  }

  return (user, name) => parts(user, name, MAX_STEPS)
}

const computed = (count: number): Part => ({ tensor: null, values: Array<null>(count).fill(null), from: 0, path: [] })
