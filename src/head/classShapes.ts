// Where the class axis goes in operators that move values: their order, shape, parts and joins.

import {
  all,
  type Change,
  classAt,
  type ClassAxis,
  type Dims,
  type Effect,
  FREE,
  fromLast,
  give,
  needsRank,
  rankOf,
  type Rule,
  withDims,
} from './classAxis.js'
import { reduced, same, withoutClasses } from './classValues.js'

export const transpose: Rule = (at) => {
  const c = classAt(at)
  if (!c) return same(at)
  const rank = rankOf(c)
  const given = at.op.ints('perm')
  if (!given && rank === null) return needsRank('transposes')
  const perm = given ?? Array.from({ length: rank ?? 0 }, (_, i) => (rank ?? 0) - 1 - i)
  if (rank !== null && rank !== perm.length) return `has a permutation of ${perm.length} axes for ${rank}`
  const axis = perm.length - 1 - perm.indexOf(perm.length - 1 - c.axis)
  return give({ ...c, axis, dims: c.dims && perm.map((p) => c.dims?.[p] ?? null) })
}

const product = (dims: Dims): number | null => dims.reduce<number | null>((n, d) => (n === null || d === null ? null : n * d), 1)

export const flatten: Rule = (at) => {
  const c = classAt(at)
  if (!c) return same(at)
  const { dims } = c
  if (!dims) return needsRank('flattens')
  const cut = at.op.int('axis', 1) < 0 ? at.op.int('axis', 1) + dims.length : at.op.int('axis', 1)
  const halves = [dims.slice(0, cut), dims.slice(cut)].map(product)
  const isBehind = dims.length - 1 - c.axis >= cut
  return give({ ...c, axis: isBehind ? 0 : 1, size: halves[isBehind ? 1 : 0] ?? null, dims: halves })
}

/** The shape that the values take: an entry that is the class axis's size follows it, −1 takes what is left, 0 keeps. */
export const reshape: Rule = (at) => {
  const { op } = at
  const c = classAt(at)
  if (!c) return at.carried[0] ? same(at) : all(at, FREE)
  const shape = at.shapeOf(1, 'shape')
  if (!shape) return 'has a target that is not known'
  const { values } = shape
  const rank = rankOf(c)
  const front = rank === null ? null : rank - 1 - c.axis
  const known = values.map((v, i) => (v === 0 && op.int('allowzero', 0) === 0 ? (c.dims?.[i] ?? null) : v === -1 ? null : v))
  const at0 = front !== null && values[front] === 0 ? front : -1
  const equal = values.flatMap((v, i) => (v === c.size && c.size !== null ? [i] : []))
  const result = (index: number, size: number | null, changes: readonly Change[]): Effect => ({
    outputs: [{ kind: 'class', axis: values.length - 1 - index, size, dims: known.map((d, i) => (i === index ? size : d)) }],
    changes,
  })
  // kept where it is: nothing in front of it is merged or cut
  if (at0 >= 0 && values.slice(0, at0).every((v, i) => v === 0 || v === c.dims?.[i] || v === null)) return result(at0, c.size, [])
  const index = placeOf(equal, values, c, front)
  if (index !== null) {
    const change: Change = { kind: 'integer', input: 1, attribute: 'shape', index, size: c.size ?? 0 }
    return shape.editable(index) ? result(index, c.size, [change]) : 'has a target that is computed'
  }
  if (equal.length > 1) return `has ${equal.length} entries of ${c.size} in its target: which one is the classes' is not known`
  const rest = values.indexOf(-1)
  // what stands in front is kept one by one, and all behind it is flattened
  if (rest === values.length - 1 && front !== null && front >= rest && isKept(values.slice(0, rest), c.dims)) {
    const size = product(c.dims?.slice(rest) ?? [null])
    return result(rest, size, [])
  }
  return `has the target [${values.map((v) => v ?? '?').join(', ')}], in which the classes' axis is not to be told`
}

/** Which of the entries of the right size is the class axis: the only one, or the one at the same place from the end or the start. */
function placeOf(equal: readonly number[], values: Dims, c: ClassAxis, front: number | null): number | null {
  if (equal.length === 1) return equal[0] ?? null
  const fromEnd = values.length - 1 - c.axis
  if (c.axis === 0 && equal.includes(fromEnd)) return fromEnd
  return front !== null && equal.includes(front) && rankEquals(c, values) ? front : null
}
const rankEquals = (c: ClassAxis, values: Dims) => rankOf(c) === values.length

const isKept = (values: Dims, dims: Dims | null) =>
  values.every((v, i) => v === 0 || v === null || v === 1 || v === dims?.[i] || dims?.[i] === null || dims === null)

export const squeeze: Rule = (at) => {
  const c = classAt(at)
  if (!c) return same(at)
  const axes = at.op.list(1, 'axes')
  const ones = c.dims?.flatMap((d, i) => (d === 1 ? [i] : []))
  if (!axes && (!ones || c.dims?.includes(null))) {
    const known = at.declared(at.op.node.outputs[0] ?? '')
    const places = known?.flatMap((d, i) => (d === c.size ? [i] : [])) ?? []
    if (known && places.length === 1) return give({ ...c, axis: known.length - 1 - (places[0] ?? 0), dims: known })
    return needsRank('squeezes')
  }
  const last = (axes ?? ones ?? []).map((a) => fromLast(a, rankOf(c)))
  if (last.some((a) => a === null)) return needsRank('squeezes')
  if (last.includes(c.axis)) return 'takes away the axis of the classes, of which there is one'
  return reduced(c, axes ?? ones ?? [], false)
}

export const unsqueeze: Rule = (at) => {
  const c = classAt(at)
  if (!c) return same(at)
  const axes = at.op.list(1, 'axes')
  const rank = rankOf(c)
  if (!axes) return 'adds axes that are not known'
  const outRank = rank === null ? null : rank + axes.length
  const added = axes.map((a) => fromLast(a, outRank))
  if (added.some((a) => a === null)) return needsRank('adds axes')
  let axis = 0
  for (let left = c.axis; ; axis++) {
    if (added.includes(axis)) continue
    if (left-- === 0) break
  }
  const rest = [...(c.dims ?? [])]
  const dims =
    outRank === null ? null : Array.from({ length: outRank }, (_, i) => (added.includes(outRank - 1 - i) ? 1 : (rest.shift() ?? null)))
  return give({ ...c, axis, dims })
}

export const expand: Rule = (at) => {
  const c = classAt(at)
  if (!c) return at.carried[1]?.kind === 'shape' ? 'spreads other values to the size of the scores' : same(at)
  const shape = at.shapeOf(1, '')
  if (!shape) return at.carried[1]?.kind === 'shape' ? give(withDims(c, null)) : 'has a target that is not known'
  const index = shape.values.length - 1 - c.axis
  const value = shape.values[index]
  const rank = rankOf(c)
  const wide =
    rank !== null && shape.values.length <= rank
      ? withDims(c, c.dims?.map((d, i) => (i === rank - 1 - c.axis ? d : null)) ?? null)
      : withDims(c, null)
  if (value === undefined || value === 1) return give(wide)
  if (value === null || value !== c.size) return `has a target of ${value ?? 'other'} entries along the class axis`
  if (!shape.editable(index)) return give(wide)
  return { outputs: [wide], changes: [{ kind: 'integer', input: 1, attribute: '', index, size: value }] }
}

export const concat: Rule = (at) => {
  const { op, carried } = at
  if (!carried.some((c) => c?.kind === 'class')) return withoutClasses(at)
  const first = carried.find((c) => c?.kind === 'class') as ClassAxis
  const axis = fromLast(op.int('axis', 0), rankOf(first))
  if (axis === null) return needsRank('joins')
  if (axis === first.axis) return 'joins the classes to other values along their axis'
  const isAll = op.inputNames.every((_, i) => {
    const c = classAt(at, i)
    return c && c.axis === first.axis && c.size === first.size
  })
  return isAll
    ? give(withDims(first, first.dims?.map((d, i, l) => (l.length - 1 - i === axis ? null : d)) ?? null))
    : 'joins the scores to values of other layers'
}

/** No end: what onnx and exporters write for "to the last". */
const NO_END = 2 ** 31 - 1

export const slice: Rule = (at) => {
  const { op } = at
  const c = classAt(at)
  if (!c) return same(at)
  const [starts, ends] = [op.list(1, 'starts'), op.list(2, 'ends')]
  if (!starts || !ends) return 'takes a part that is not known'
  const axes = (op.list(3, 'axes') ?? starts.map((_, i) => i)).map((a) => fromLast(a, rankOf(c)))
  if (axes.some((a) => a === null)) return needsRank('takes a part')
  const steps = op.list(4) ?? starts.map(() => 1)
  const i = axes.indexOf(c.axis)
  const others = withDims(c, c.dims?.map((d, k, l) => (axes.includes(l.length - 1 - k) && l.length - 1 - k !== c.axis ? null : d)) ?? null)
  if (i < 0) return give(others)
  if (starts[i] !== 0 || steps[i] !== 1) return 'takes a part of the classes'
  if ((ends[i] ?? 0) >= NO_END) return give(others)
  if (ends[i] !== c.size) return 'takes a part of the classes'
  return { outputs: [others], changes: [{ kind: 'integer', input: 2, attribute: 'ends', index: i, size: c.size ?? 0 }] }
}

export const split: Rule = (at) => {
  const c = classAt(at)
  if (!c) return all(at, at.carried[0] ?? FREE)
  const axis = fromLast(at.op.int('axis', 0), rankOf(c))
  if (axis === null) return needsRank('splits')
  if (axis === c.axis) return 'splits the classes, one part a meaning'
  return all(at, withDims(c, c.dims?.map((d, i, l) => (l.length - 1 - i === axis ? null : d)) ?? null))
}
