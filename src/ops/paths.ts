import { behindDequantize, behindQuant, behindQuantize } from './dequantized.js'
import { fateOf } from './fateOf.js'
import type { Op } from './op.js'
import type { Scope } from './scope.js'
import { type Constant, expanded, permuted, REPEATED, reshaped, sliced, type View, withAxes } from './view.js'

type Path = (op: Op) => readonly (Constant | null)[]

const same: Path = (op) => [op.inputs[0] ?? null]
const one =
  (change: (c: Constant, op: Op, dims: readonly number[]) => Constant | null): Path =>
  (op) => {
    const c = op.inputs[0]
    return [c ? (c.dims ? change(c, op, c.dims) : c) : null]
  }
/** A path that can't be followed keeps the tensors, without their axes. */
const blurred = (c: Constant): Constant => withAxes({ ...c, dims: null }, null, () => null)
const from = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis)

/** Operators between a stored tensor and its slot, by domain:op_type: how they move its axes. Add one here. */
export const paths: Readonly<Record<string, Path>> = {
  'ai.onnx:Identity': same,
  'ai.onnx:Cast': same,
  'ai.onnx:CastLike': same,
  'ai.onnx:QuantizeLinear': behindQuantize,
  'ai.onnx:DequantizeLinear': behindDequantize,
  'com.microsoft:DequantizeLinear': behindDequantize,
  'onnx.brevitas:Quant': behindQuant,
  'qonnx.custom_op.general:Quant': behindQuant,
  'finn.custom_op.general:Quant': behindQuant,
  'ai.onnx:Transpose': one((c, op, dims) => permuted(c, op.ints('perm') ?? dims.map((_, i) => dims.length - 1 - i))),
  'ai.onnx:Reshape': one((c, op, dims) => {
    const shape = op.list(1, 'shape')
    const target = shape && completed(shape, dims, op.int('allowzero', 0) === 1)
    return target ? reshaped(c, target) : blurred(c)
  }),
  'ai.onnx:Flatten': one((c, op, dims) => {
    const axis = from(op.int('axis', 1), dims.length)
    return reshaped(c, [product(dims.slice(0, axis)), product(dims.slice(axis))])
  }),
  'ai.onnx:Squeeze': one((c, op, dims) => {
    const axes = op.list(1, 'axes')?.map((a) => from(a, dims.length))
    return keepAxes(c, dims, (i) => (axes ? !axes.includes(i) : dims[i] !== 1))
  }),
  'ai.onnx:Unsqueeze': one((c, op, dims) => {
    const axes = op.list(1, 'axes')
    if (!axes) return blurred(c)
    const rank = dims.length + axes.length
    const added = new Set(axes.map((a) => from(a, rank)))
    if (added.size < axes.length || [...added].some((a) => a < 0 || a >= rank)) return blurred(c)
    const insert = <T>(list: readonly T[], value: T) => {
      const rest = [...list]
      return Array.from({ length: rank }, (_, i) => (added.has(i) ? value : (rest.shift() as T)))
    }
    return withAxes(c, insert(dims, 1), (a) => insert(a, []))
  }),
  'ai.onnx:Tile': one((c, op, dims) => {
    const repeats = op.list(1)
    return repeats?.length === dims.length ? tiled(c, dims, repeats) : blurred(c)
  }),
  'ai.onnx:Pad': one(blurred),
  'ai.onnx:Resize': one(blurred),
  'ai.onnx:Upsample': one(blurred),
  'ai.onnx:Expand': one((c, op) => {
    const shape = op.list(1)
    return shape ? expanded(c, shape) : blurred(c)
  }),
  'ai.onnx:Split': (op) => {
    const c = op.inputs[0]
    if (!c?.dims) return op.node.outputs.map(() => c ?? null)
    const axis = from(op.int('axis', 0), c.dims.length)
    const count = op.node.outputs.length
    const even = Math.ceil((c.dims[axis] ?? 0) / count)
    const sizes = op.list(1, 'split') ?? op.node.outputs.map((_, i) => Math.min(even, (c.dims?.[axis] ?? 0) - i * even))
    return op.node.outputs.map((_, i) => sliced(c, axis, sizes[i] ?? even))
  },
  'ai.onnx:Slice': one((c, op, dims) => {
    const [starts, ends] = [op.list(1, 'starts'), op.list(2, 'ends')]
    if (!starts || !ends) return blurred(c)
    const axes = op.list(3, 'axes') ?? starts.map((_, i) => i)
    const steps = op.list(4) ?? starts.map(() => 1)
    return axes.reduce<Constant>((seen, a, i) => {
      const axis = from(a, dims.length)
      return sliced(seen, axis, lengthOf(dims[axis] ?? 0, starts[i] ?? 0, ends[i] ?? 0, steps[i] ?? 1))
    }, c)
  }),
  /** One index is a path (a slice of a stack, the one of a Loop's turn); a list of indices is a lookup, unless a weight is picked so. */
  'ai.onnx:Gather': (op) => {
    const [c, index] = op.inputs
    if (!c?.dims) return [null]
    const axis = from(op.int('axis', 0), c.dims.length)
    if (index?.dims?.length === 0 || isTurn(op.scope, op.inputNames[1])) return [keepAxes(c, c.dims, (i) => i !== axis)]
    const [count, ...rest] = index?.dims ?? []
    if (count === undefined || rest.length > 0) return [null]
    return [fateOf(op.scope, op.node.outputs[0] ?? '') === 'weight' ? sliced(c, axis, count) : null]
  },
  'ai.onnx:Concat': (op) => {
    const parts = op.inputs
    if (!parts.every((p) => p !== null) || parts.length === 0) return [null]
    const [first] = parts
    const rank = first?.dims?.length
    if (rank === undefined || parts.some((p) => p.dims?.length !== rank)) return [merged(parts, null)]
    const axis = from(op.int('axis', 0), rank)
    return [merged(parts, first?.dims?.map((d, i) => (i === axis ? parts.reduce((n, p) => n + (p.dims?.[axis] ?? 0), 0) : d)) ?? null)]
  },
  'ai.onnx:SplitToSequence': one((c, op, dims) => {
    const axis = from(op.int('axis', 0), dims.length)
    const [given, length] = [op.list(1), dims[axis] ?? 0]
    const isNumber = op.inputs[1]?.dims?.length === 0
    const size = given ? (isNumber ? (given[0] ?? 1) : null) : 1
    if (op.inputNames[1] && !given) return blurred(c)
    const sizes =
      size === null ? (given ?? []) : Array.from({ length: Math.ceil(length / size) }, (_, i) => Math.min(size, length - i * size))
    const isKept = given !== null || op.int('keepdims', 1) === 1
    const parts = sizes.map((n) => sliced(c, axis, n))
    return { ...blurred(c), parts: isKept ? parts : parts.map((p) => keepAxes(p, p.dims ?? [], (i) => i !== axis)) }
  }),
  'ai.onnx:SequenceConstruct': ({ inputs: parts }) => [parts.every((p) => p !== null) ? { ...merged(parts, null), parts } : null],
  'ai.onnx:SequenceAt': (op) => {
    const [c, at] = [op.inputs[0], op.list(1)?.[0]]
    return [(at === undefined ? null : c?.parts?.at(at)) ?? (c ? blurred(c) : null)]
  },
  'ai.onnx:BatchNormalization': standardized,
  'ai.onnx:InstanceNormalization': standardized,
  'ai.onnx:LayerNormalization': standardized,
  'ai.onnx:MatMul': factors,
  'ai.onnx:Gemm': factors,
  'ai.onnx:Neg': same,
  'ai.onnx:Mul': combined,
  'ai.onnx:Div': combined,
  'ai.onnx:Add': combined,
  'ai.onnx:Sub': combined,
}

/** A weight that is normalized before it is used (weight standardization); the norm's scale is a factor of it. */
function standardized(op: Op): readonly (Constant | null)[] {
  const [c, scale] = op.inputs
  if (!c || fateOf(op.scope, op.node.outputs[0] ?? '') !== 'weight') return [null]
  return [{ dims: c.dims, views: [...c.views, ...(scale?.views ?? []).map(asFactor)] }]
}

/**
 * Two factors whose product is a weight (low rank): of [M, R]·[R, N] the operator that takes it sees each as what it is, a matrix from in
 * to out, the axis that they share in the place of the other's.
 */
function factors(op: Op): readonly (Constant | null)[] {
  const [a, b, c] = op.inputs
  if (a?.dims?.length !== 2 || b?.dims?.length !== 2 || c || fateOf(op.scope, op.node.outputs[0] ?? '') !== 'weight') return [null]
  const turned = (x: Constant, flag: string) => (op.int(flag, 0) !== 0 ? permuted(x, [1, 0]) : x)
  const [left, right] = [turned(a, 'transA'), turned(b, 'transB')]
  return [merged([left, right], [left.dims?.[0] ?? 1, right.dims?.[1] ?? 1])]
}

function tiled(c: Constant, dims: readonly number[], repeats: readonly number[]): Constant {
  const many = (i: number) => repeats[i] ?? 1
  return withAxes(
    c,
    dims.map((d, i) => d * many(i)),
    (axes) => axes.map((own, i) => (many(i) === 1 ? own : [{ axis: REPEATED, size: many(i) }, ...own])),
  )
}

/** The number of a Loop's turn, the first input of its body. */
const isTurn = ({ graph, caller }: Scope, name: string | undefined) => caller?.node.opType === 'Loop' && graph.inputs[0]?.name === name

const merged = (parts: readonly Constant[], dims: readonly number[] | null): Constant => ({ dims, views: parts.flatMap((p) => p.views) })

function keepAxes(c: Constant, dims: readonly number[], keep: (axis: number) => boolean): Constant {
  return withAxes(
    c,
    dims.filter((_, i) => keep(i)),
    (axes) => axes.filter((_, i) => keep(i)),
  )
}

const product = (dims: readonly number[]) => dims.reduce((n, d) => n * d, 1)

/** Reshape's target with 0 (keep) and −1 (infer) filled in; null where it does not fit. */
function completed(shape: readonly number[], dims: readonly number[], zeroIsZero: boolean): number[] | null {
  const kept = shape.map((d, i) => (d === 0 && !zeroIsZero ? (dims[i] ?? 0) : d))
  const known = product(kept.filter((d) => d !== -1))
  const target = kept.map((d) => (d === -1 ? product(dims) / known : d))
  return product(target) === product(dims) && target.every(Number.isInteger) ? target : null
}

function lengthOf(dim: number, start: number, end: number, step: number): number {
  const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x < 0 ? x + dim : x, low), high)
  if (step > 0) return Math.max(0, Math.ceil((clamp(end, 0, dim) - clamp(start, 0, dim)) / step))
  return Math.max(0, Math.ceil((clamp(start, -1, dim - 1) - clamp(end, -1, dim - 1)) / -step))
}

/**
 * Arithmetic of two constants (a scaled weight, weight norm's v·(g/‖v‖)): operands of the result's own shape carry the axes, the
 * others are factors.
 */
function combined(op: Op): readonly (Constant | null)[] {
  const [a, b] = op.inputs
  if (!a || !b) return [null]
  const rank = Math.max(a.dims?.length ?? 0, b.dims?.length ?? 0)
  const padded = (c: Constant) => (c.dims ? [...Array<number>(rank - c.dims.length).fill(1), ...c.dims] : null)
  const [da, db] = [padded(a), padded(b)]
  const dims = (da ?? db)?.map((d, i) => Math.max(d, db?.[i] ?? 1)) ?? null
  const size = dims && product(dims)
  // one number times something of unknown shape: the shape stays unknown
  if (size === null || (size === 1 && !(da && db))) return [{ dims: null, views: [a, b].flatMap((c) => c.views).map(asFactor) }]
  const carries = (c: Constant) => c.dims !== null && product(c.dims) === size
  const full = [a, b].filter(carries)
  // a mask shapes a weight, and is none
  const masks = op.opType === 'Mul' && full.length === 2 ? full.filter((c) => op.isMask(c)) : []
  const carriers = masks.length === 1 ? full.filter((c) => c !== masks[0]) : full
  const views = carriers.flatMap((c) => expanded(c, dims ?? []).views)
  const held = new Set(views.map((v) => v.tensor))
  const factors = [a, b].filter((c) => !carries(c)).flatMap((c) => c.views)
  return [{ dims, views: [...views, ...factors.filter((v) => !held.has(v.tensor)).map(asFactor)] }]
}

const asFactor = (v: View): View => ({ ...v, axes: null, as: v.as === 'source' ? 'source' : 'factor' })
