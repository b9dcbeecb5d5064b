// Operators that pick classes, name them, or ask for the size of their values.

import { all, classAt, FREE, fromLast, give, needsRank, rankOf, type Rule, SHAPE, withDims } from './classAxis.js'
import { reduced, same } from './classValues.js'

export const gather: Rule = (at) => {
  const { op, classes } = at
  const [data, index] = at.carried
  if (!data && index?.kind === 'class') return 'looks values up by the scores'
  if (!data && index?.kind === 'free') {
    const dims = op.inputs[0]?.dims
    if (!dims || dims[0] !== classes) return all(at, FREE)
    return /^(STRING|INT)/.test(op.inputs[0]?.views[0]?.tensor.dataType ?? '')
      ? { outputs: [FREE], changes: [{ kind: 'labels', input: 0, attributes: [] }] }
      : 'looks values up by the class'
  }
  const c = classAt(at)
  if (!c) return all(at, data ?? index ?? FREE)
  const axis = fromLast(op.int('axis', 0), rankOf(c))
  if (axis === null) return needsRank('takes entries')
  const at1 = op.inputs[1]?.dims
  const list = op.list(1)
  if (axis === c.axis) {
    if (!list || list.some((v) => v < 0)) return 'takes single classes by an index that is not known'
    return { outputs: [FREE], changes: [{ kind: 'atLeast', count: Math.max(...list) + 1 }] }
  }
  if (at1?.length !== 0) return at1?.length === 1 ? give(withDims(c, null)) : 'takes entries by a table'
  return reduced(c, [-1 - axis], false)
}

export const topK: Rule = (at) => {
  const c = classAt(at)
  if (!c) return all(at, FREE)
  const axis = fromLast(at.op.int('axis', -1), rankOf(c))
  if (axis === null) return needsRank('takes the best')
  const k = at.op.list(1)?.[0] ?? at.op.int('k', 1)
  if (axis !== c.axis) return all(at, withDims(c, null))
  return { outputs: [FREE, FREE], changes: [{ kind: 'atLeast', count: k }] }
}

export const zipMap: Rule = () => ({
  outputs: [FREE],
  changes: [{ kind: 'labels', input: null, attributes: ['classlabels_strings', 'classlabels_int64s'] }],
})

export const featureExtractor: Rule = (at) => {
  const { op, classes } = at
  const [data, index] = at.carried
  if (!data && index) {
    const last = op.inputs[0]?.dims?.at(-1)
    if (last !== classes) return all(at, FREE)
    return { outputs: [FREE], changes: [{ kind: 'labels', input: 0, attributes: [] }] }
  }
  const list = op.list(1)
  return list
    ? { outputs: [FREE], changes: [{ kind: 'atLeast', count: Math.max(...list) + 1 }] }
    : 'takes single classes by an index that is not known'
}

export const labelEncoder: Rule = () => 'names classes by a table of its own'

export const shape: Rule = (at) => all(at, SHAPE)
/** What is made by a shape has the size of the scores. */
export const sized: Rule = (at) => (at.carried.some((c) => c?.kind === 'shape') ? 'makes values of the size of the scores' : same(at))
