// Where the class axis goes in operators that compute: one value for one, broadcasting, reductions, norms.

import {
  all,
  type Behind,
  type Change,
  classAt,
  type ClassAxis,
  type Effect,
  FREE,
  fromLast,
  give,
  needsRank,
  rankOf,
  type Refusal,
  type Rule,
  SHAPE,
  withDims,
} from './classAxis.js'
import type { Op } from '../ops/op.js'

/** One value for one. */
export const same: Rule = (at) => {
  const c = at.carried[0]
  return c ? give(c) : 'takes the scores as a setting'
}

/** Activations between codes and values: one scale for all; one a class would have to be calibrated. */
export const calibrated: Rule = (at) => {
  const c = classAt(at)
  if (!c) return same(at)
  const isOne = at.op.inputs[1]?.dims?.every((d) => d === 1) ?? true
  return isOne ? { outputs: at.op.node.outputs.map((_, i) => (i === 0 ? c : FREE)) } : 'has calibrated scales, one a class'
}

/** Kernels over the axes behind the channels. */
export const spatial =
  (isGlobal: boolean): Rule =>
  (at) => {
    const c = classAt(at)
    if (!c) return all(at, FREE)
    const rank = rankOf(c)
    if (rank === null) return needsRank('pools')
    if (c.axis !== rank - 2) return 'pools over the classes'
    return all(at, withDims(c, c.dims?.map((d, i) => (i < 2 ? d : isGlobal ? 1 : null)) ?? null))
  }

/** Broadcasting: constants that have an entry a class get as many as there will be. */
export const elementwise =
  (neutral: 'zeros' | 'ones' | 'slope' | null, operands?: readonly number[]): Rule =>
  (at) => {
    const { op, carried, classes } = at
    const inputs = operands ?? op.inputNames.map((_, i) => i)
    const found = inputs.flatMap((i) => classAt(at, i) ?? [])
    const [first] = found
    if (!first) return withoutClasses(at)
    if (found.some((c) => c.axis !== first.axis || c.size !== first.size)) return 'joins values whose class axes differ'
    const changes: Change[] = []
    const own = rankOf(first)
    let isWider = false
    for (const input of inputs) {
      if ((op.inputNames[input] ?? '') === '' || carried[input]) continue
      const constant = op.inputs[input]
      const steps = constant ? null : at.stepsOf(input)
      if (steps) {
        changes.push(...steps)
        continue
      }
      const dims = constant ? constant.dims : at.declared(op.inputNames[input] ?? '')
      if (!dims)
        return constant
          ? `has an operand of unknown shape`
          : `joins the scores to ${JSON.stringify(op.inputNames[input])}, whose shape is not known`
      isWider ||= own !== null && dims.length > own
      const index = alignedIndex(op, dims.length, first)
      if (index === null) return needsRank('broadcasts')
      const size = dims[index]
      if (size === undefined || size === 1) continue
      if (!constant) return `joins the scores to ${JSON.stringify(op.inputNames[input])}, which has ${size ?? 'another'} entries there`
      if (size !== classes || size !== first.size || !neutral) return `has a constant of ${size} entries along the class axis`
      changes.push({ kind: 'operand', input, axis: dims.length - 1 - index, neutral })
    }
    return { outputs: [isWider ? withDims(first, null) : first], changes }
  }

/** Where a constant of `rank` axes meets the class axis: from the last axis on, or, before opset 7, from the one that `axis` says. */
function alignedIndex(op: Op, rank: number, c: ClassAxis): number | null {
  const axis = op.int('broadcast', 0) === 1 ? op.int('axis', -1) : -1
  if (axis < 0) return rank - 1 - c.axis
  const own = rankOf(c)
  return own === null ? null : own - 1 - c.axis - axis
}

/** Numbers that don't depend on the count meet constants: one entry a class would bring it back. */
export function withoutClasses(at: Behind): Effect | Refusal {
  const { op, carried, classes } = at
  if (carried.some((c) => c?.kind === 'shape')) return all(at, SHAPE)
  const isTable = op.inputs.some((c, i) => c && !carried[i] && classes > 1 && c.dims?.includes(classes))
  return isTable ? `meets a constant of ${classes} entries` : all(at, FREE)
}

/** Reductions by the axes of an attribute or an input; none: all. */
export const reduce: Rule = (at) => {
  const { op } = at
  const c = classAt(at)
  if (!c) return all(at, at.carried[0]?.kind === 'shape' ? SHAPE : FREE)
  const axes = op.list(1, 'axes')
  if (!axes || axes.length === 0) return all(at, FREE)
  return reduced(c, axes, op.int('keepdims', 1) === 1)
}

export function reduced(c: ClassAxis, axes: readonly number[], keeps: boolean): Effect | Refusal {
  const last = axes.map((a) => fromLast(a, rankOf(c)))
  if (last.some((a) => a === null)) return needsRank('reduces')
  if (last.includes(c.axis)) return give(FREE)
  const dims = c.dims?.flatMap((d, i, list) => (last.includes(list.length - 1 - i) ? (keeps ? [1] : []) : [d])) ?? null
  return give({ ...c, dims, axis: keeps ? c.axis : c.axis - last.filter((a) => a !== null && a < c.axis).length })
}

export const argument: Rule = (at) => {
  const c = classAt(at)
  return c ? reduced(c, [at.op.int('axis', 0)], at.op.int('keepdims', 1) === 1) : all(at, FREE)
}

export const normalization: Rule = (at) => {
  const { op, classes } = at
  const c = classAt(at)
  if (!c) return all(at, FREE)
  const rank = rankOf(c)
  if (rank === null) return needsRank('normalizes')
  if (c.axis !== rank - 2) return 'normalizes along another axis than the classes'
  if (c.size !== classes) return 'normalizes several channels a class'
  const changes: Change[] = [1, 2, 3, 4]
    .filter((input) => op.inputs[input])
    .map((input) => ({ kind: 'operand', input, axis: 0, neutral: input === 1 || input === 4 ? 'ones' : 'zeros' }))
  return { outputs: op.node.outputs.map((_, i) => (i === 0 ? c : null)), changes }
}

export const layerNorm: Rule = (at) => {
  const { op, classes } = at
  const c = classAt(at)
  if (!c) return all(at, FREE)
  const axis = fromLast(op.int('axis', -1), rankOf(c))
  if (axis !== 0 || c.axis !== 0 || c.size !== classes) return 'normalizes over more than the classes'
  const changes: Change[] = [1, 2]
    .filter((input) => op.inputs[input])
    .map((input) => ({ kind: 'operand', input, axis: 0, neutral: input === 1 ? 'ones' : 'zeros' }))
  return { outputs: op.node.outputs.map((_, i) => (i === 0 ? c : FREE)), changes }
}
