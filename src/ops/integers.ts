import type { Op } from './op.js'

type Ints = readonly number[]
type Evaluate = (op: Op) => Ints | null

/** Shapes, axes, ends of slices: longer lists are data. */
const MAX_COUNT = 256

const same: Evaluate = (op) => op.list(0)
/** numpy's broadcasting, of lists and single numbers. */
const pairwise =
  (of: (a: number, b: number) => number): Evaluate =>
  (op) => {
    const [a, b] = [op.list(0), op.list(1)]
    if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return null
    const at = (list: Ints, i: number) => list[list.length === 1 ? 0 : i] ?? Number.NaN
    return Array.from({ length: a.length === 1 ? b.length : a.length }, (_, i) => of(at(a, i), at(b, i)))
  }

/** What graphs compute shapes and axes with, where the exporter did not fold it, by op_type of ai.onnx. Add one here. */
const integers: Readonly<Record<string, Evaluate>> = {
  Constant: (op) => op.ints('value_ints') ?? numberOf(op.int('value_int', Number.NaN)),
  Shape(op) {
    const dims = op.inputs[0]?.dims
    return dims?.slice(op.int('start', 0), op.int('end', dims.length)) ?? null
  },
  Size: (op) => numberOf(op.inputs[0]?.dims?.reduce((n, d) => n * d, 1) ?? Number.NaN),
  Identity: same,
  Cast: same,
  CastLike: same,
  Reshape: same,
  Squeeze: same,
  Unsqueeze: same,
  Concat(op) {
    const parts = op.inputNames.map((_, i) => op.list(i))
    return parts.every((p) => p !== null) ? parts.flat() : null
  },
  Gather(op) {
    const [list, indices] = [op.list(0), op.list(1)]
    return list && indices && op.inputs[0]?.dims?.length === 1 ? indices.map((i) => list.at(i) ?? Number.NaN) : null
  },
  Slice(op) {
    const [list, starts, ends] = [op.list(0), op.list(1, 'starts'), op.list(2, 'ends')]
    if (!list || starts?.length !== 1 || ends?.length !== 1 || (op.list(4) ?? [1])[0] !== 1) return null
    return list.slice(starts[0], ends[0])
  },
  Add: pairwise((a, b) => a + b),
  Sub: pairwise((a, b) => a - b),
  Mul: pairwise((a, b) => a * b),
  Div: pairwise((a, b) => Math.trunc(a / b)),
  Mod: pairwise((a, b) => a - b * Math.floor(a / b)),
  Min: pairwise(Math.min),
  Max: pairwise(Math.max),
  Neg: (op) => op.list(0)?.map((a) => -a) ?? null,
  Range(op) {
    const [[from], [to], [step]] = [op.list(0) ?? [], op.list(1) ?? [], op.list(2) ?? []]
    const count = Math.max(0, Math.ceil(((to ?? Number.NaN) - (from ?? 0)) / (step ?? Number.NaN)))
    return count <= MAX_COUNT ? Array.from({ length: count }, (_, i) => (from ?? 0) + i * (step ?? 1)) : null
  },
}

const numberOf = (value: number): Ints | null => (Number.isNaN(value) ? null : [value])
/** These give lists, even of one; the others one number where all they are given is one. */
const givesList = /^(Shape|Range|Concat|Unsqueeze|Reshape)$/

/** Small integers that a node computes from constants, with the shape of the result; null where it computes none. */
export function integersOf(op: Op): { readonly ints: Ints; readonly dims: readonly number[] } | null {
  // an operator may be called toString
  const ints = op.key.startsWith('ai.onnx:') && Object.hasOwn(integers, op.opType) ? integers[op.opType]?.(op) : null
  if (!ints || ints.length > MAX_COUNT) return null
  const isNumber = ints.length === 1 && !givesList.test(op.opType) && !hasList(op)
  return { ints, dims: isNumber ? [] : [ints.length] }
}

function hasList(op: Op): boolean {
  if (op.opType === 'Constant') return op.ints('value_ints') !== null
  return op.inputs.some((c, i) => c?.dims?.length !== 0 && (op.opType !== 'Gather' || i === 1))
}
