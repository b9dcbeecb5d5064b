import type { Node } from '../types.js'
import type { Op } from './op.js'

/**
 * A value behind the head. `class`: one of its axes has an entry a class; axes count from the last one (0) to the first, so that broadcasting
 * keeps them. `shape`: numbers made of such a value's shape. `free`: made of one, but its size is the same for any number of classes.
 */
export type Carried =
  | {
      readonly kind: 'class'
      readonly axis: number
      /** The axis's size with the old number of classes; null where a flattened part is not known. */
      readonly size: number | null
      /** null where the rank is not known; an axis that is not known is null. */
      readonly dims: Dims | null
    }
  | { readonly kind: 'shape' }
  | { readonly kind: 'free' }
export type Dims = readonly (number | null)[]
export type ClassAxis = Extract<Carried, { kind: 'class' }>

/** What another number of classes changes at an operator. */
export type Change =
  /** An operand that has an entry a class along its `axis` (from the last). New entries are the operator's neutral value. */
  | {
      readonly kind: 'operand'
      readonly input: number
      readonly axis: number
      readonly neutral: 'zeros' | 'ones' | 'slope'
      /** Of another node, whose operand it is. */
      readonly node?: Node
    }
  /** Entry `index` of the integers of an input or attribute is the number of classes (or `size`, a multiple of it). */
  | { readonly kind: 'integer'; readonly input: number; readonly attribute: string; readonly index: number; readonly size: number }
  /** A list of labels: an input, or attributes of which one is there. */
  | { readonly kind: 'labels'; readonly input: number | null; readonly attributes: readonly string[] }
  /** The number of classes may not be less. */
  | { readonly kind: 'atLeast'; readonly count: number }

export interface Behind {
  readonly op: Op
  readonly classes: number
  /** By input; null: not made of the head's result. */
  readonly carried: readonly (Carried | null)[]
  /** Declared sizes of an input or output, where the model says them. */
  readonly declared: (name: string) => Dims | null
  /** An operand that is the product of a stored scale, one a class, and a computed number: what changes there; null: it is none. */
  readonly stepsOf: (input: number) => readonly Change[] | null
  /** The elements of a shape that a Concat or a constant gives, null where one is computed; null: not known at all. */
  readonly shapeOf: (input: number, attribute: string) => ShapeList | null
}
/** A shape's entries and where each is stored: an index into the integers of a stored tensor, or into the attribute. */
export interface ShapeList {
  readonly values: Dims
  readonly editable: (index: number) => boolean
}

export interface Effect {
  /** By output. */
  readonly outputs: readonly (Carried | null)[]
  readonly changes?: readonly Change[]
}
/** Why the number of classes can't change here, in words that complete "X …". */
export type Refusal = string
type Rule = (at: Behind) => Effect | Refusal

const FREE: Carried = { kind: 'free' }
const SHAPE: Carried = { kind: 'shape' }
const give = (...outputs: readonly (Carried | null)[]): Effect => ({ outputs })
const classAt = ({ carried }: Behind, input = 0): ClassAxis | null => {
  const c = carried[input]
  return c?.kind === 'class' ? c : null
}
/** Same axis, other sizes: null where they are not known. */
const withDims = (c: ClassAxis, dims: Dims | null): ClassAxis => ({ ...c, dims })
const rankOf = (c: ClassAxis): number | null => c.dims?.length ?? null
/** An axis as attributes give it, from the last. */
const fromLast = (axis: number, rank: number | null): number | null => (axis < 0 ? -1 - axis : rank === null ? null : rank - 1 - axis)
const needsRank = (what: string): Refusal => `${what} by an axis whose place is not known: the model does not say the rank of its input`
const all = (at: Behind, value: Carried): Effect => ({ outputs: at.op.node.outputs.map(() => value) })

/** One value for one. */
const same: Rule = (at) => {
  const c = at.carried[0]
  return c ? give(c) : 'takes the scores as a setting'
}

/** Activations between codes and values: one scale for all; one a class would have to be calibrated. */
const calibrated: Rule = (at) => {
  const c = classAt(at)
  if (!c) return same(at)
  const isOne = at.op.inputs[1]?.dims?.every((d) => d === 1) ?? true
  return isOne ? { outputs: at.op.node.outputs.map((_, i) => (i === 0 ? c : FREE)) } : 'has calibrated scales, one a class'
}

/** Kernels over the axes behind the channels. */
const spatial =
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
const elementwise =
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
function withoutClasses(at: Behind): Effect | Refusal {
  const { op, carried, classes } = at
  if (carried.some((c) => c?.kind === 'shape')) return all(at, SHAPE)
  const isTable = op.inputs.some((c, i) => c && !carried[i] && classes > 1 && c.dims?.includes(classes))
  return isTable ? `meets a constant of ${classes} entries` : all(at, FREE)
}

/** Reductions by the axes of an attribute or an input; none: all. */
const reduce: Rule = (at) => {
  const { op } = at
  const c = classAt(at)
  if (!c) return all(at, at.carried[0]?.kind === 'shape' ? SHAPE : FREE)
  const axes = op.list(1, 'axes')
  if (!axes || axes.length === 0) return all(at, FREE)
  return reduced(c, axes, op.int('keepdims', 1) === 1)
}

function reduced(c: ClassAxis, axes: readonly number[], keeps: boolean): Effect | Refusal {
  const last = axes.map((a) => fromLast(a, rankOf(c)))
  if (last.some((a) => a === null)) return needsRank('reduces')
  if (last.includes(c.axis)) return give(FREE)
  const dims = c.dims?.flatMap((d, i, list) => (last.includes(list.length - 1 - i) ? (keeps ? [1] : []) : [d])) ?? null
  return give({ ...c, dims, axis: keeps ? c.axis : c.axis - last.filter((a) => a !== null && a < c.axis).length })
}

const argument: Rule = (at) => {
  const c = classAt(at)
  return c ? reduced(c, [at.op.int('axis', 0)], at.op.int('keepdims', 1) === 1) : all(at, FREE)
}

const normalization: Rule = (at) => {
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

const layerNorm: Rule = (at) => {
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

const transpose: Rule = (at) => {
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

const flatten: Rule = (at) => {
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
const reshape: Rule = (at) => {
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

const squeeze: Rule = (at) => {
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

const unsqueeze: Rule = (at) => {
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

const expand: Rule = (at) => {
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

const concat: Rule = (at) => {
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

const slice: Rule = (at) => {
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

const split: Rule = (at) => {
  const c = classAt(at)
  if (!c) return all(at, at.carried[0] ?? FREE)
  const axis = fromLast(at.op.int('axis', 0), rankOf(c))
  if (axis === null) return needsRank('splits')
  if (axis === c.axis) return 'splits the classes, one part a meaning'
  return all(at, withDims(c, c.dims?.map((d, i, l) => (l.length - 1 - i === axis ? null : d)) ?? null))
}

const gather: Rule = (at) => {
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

const topK: Rule = (at) => {
  const c = classAt(at)
  if (!c) return all(at, FREE)
  const axis = fromLast(at.op.int('axis', -1), rankOf(c))
  if (axis === null) return needsRank('takes the best')
  const k = at.op.list(1)?.[0] ?? at.op.int('k', 1)
  if (axis !== c.axis) return all(at, withDims(c, null))
  return { outputs: [FREE, FREE], changes: [{ kind: 'atLeast', count: k }] }
}

const zipMap: Rule = () => ({
  outputs: [FREE],
  changes: [{ kind: 'labels', input: null, attributes: ['classlabels_strings', 'classlabels_int64s'] }],
})

const featureExtractor: Rule = (at) => {
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

const labelEncoder: Rule = () => 'names classes by a table of its own'

const shape: Rule = (at) => all(at, SHAPE)
/** What is made by a shape has the size of the scores. */
const sized: Rule = (at) => (at.carried.some((c) => c?.kind === 'shape') ? 'makes values of the size of the scores' : same(at))

const rules = (names: string, rule: Rule, domain = 'ai.onnx'): Record<string, Rule> =>
  Object.fromEntries(names.split(' ').map((name) => [`${domain}:${name}`, rule]))

/** Operators behind a head: where the class axis goes, and what of them carries the number of classes. Add one here. */
export const behindHead: Readonly<Record<string, Rule>> = {
  ...rules(
    'Relu Sigmoid Softmax LogSoftmax Hardmax Softplus Softsign Tanh Exp Log Neg Abs Sqrt Reciprocal Clip LeakyRelu Elu Selu Celu',
    same,
  ),
  ...rules(
    'Gelu HardSigmoid HardSwish Mish Erf Floor Ceil Round Sign Not ThresholdedRelu Identity Cast CastLike Dropout IsNaN Sin Cos',
    same,
  ),
  ...rules('LpNormalization Trilu CumSum', same),
  ...rules('QuickGelu FastGelu Gelu', same, 'com.microsoft'),
  ...rules('QuantizeLinear DequantizeLinear DynamicQuantizeLinear', calibrated),
  ...rules('QuantizeLinear DequantizeLinear QLinearSigmoid QLinearLeakyRelu QLinearSoftmax', calibrated, 'com.microsoft'),
  'com.microsoft:QLinearAdd': elementwise('zeros', [0, 3]),
  'com.microsoft:QLinearMul': elementwise('ones', [0, 3]),
  'com.microsoft:QLinearGlobalAveragePool': spatial(true),
  'com.microsoft:QLinearAveragePool': spatial(false),
  ...rules('Add Sub Sum Max Min Mean', elementwise('zeros')),
  ...rules('Mul Div Pow', elementwise('ones')),
  ...rules('Equal Greater Less GreaterOrEqual LessOrEqual And Or Where Mod', elementwise(null)),
  'ai.onnx:PRelu': elementwise('slope'),
  ...rules('ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceLogSum ReduceSumSquare', reduce),
  ...rules('ArgMax ArgMin', argument),
  ...rules('BatchNormalization', normalization),
  ...rules('LayerNormalization', layerNorm),
  ...rules('GlobalAveragePool GlobalMaxPool', spatial(true)),
  ...rules('AveragePool MaxPool LpPool', spatial(false)),
  'ai.onnx:Transpose': transpose,
  'ai.onnx:Flatten': flatten,
  'ai.onnx:Reshape': reshape,
  'ai.onnx:Squeeze': squeeze,
  'ai.onnx:Unsqueeze': unsqueeze,
  'ai.onnx:Expand': expand,
  'ai.onnx:Concat': concat,
  'ai.onnx:Slice': slice,
  'ai.onnx:Split': split,
  'ai.onnx:Gather': gather,
  'ai.onnx:TopK': topK,
  ...rules('Shape Size', shape),
  ...rules('ConstantOfShape Range Tile OneHot', sized),
  'ai.onnx.ml:ZipMap': zipMap,
  'ai.onnx.ml:ArrayFeatureExtractor': featureExtractor,
  'ai.onnx.ml:LabelEncoder': labelEncoder,
  'ai.onnx.ml:Normalizer': same,
}
