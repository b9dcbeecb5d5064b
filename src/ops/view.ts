import type { AxisRole, DataType, Reading, Tensor } from '../types.js'

/** A factor of a stored axis: `axis` of the tensor, or REPEATED for elements that are there once and seen `size` times. */
export interface Atom {
  readonly axis: number
  readonly size: number
}
export const REPEATED = -1

/** A tensor, or a part of one, as an operator sees it behind Transpose, Reshape, Slice, …: each seen axis is a product of atoms. */
export interface View {
  readonly tensor: Tensor
  /** Outermost atom first; null where a path mixes the axes beyond telling. */
  readonly axes: readonly (readonly Atom[])[] | null
  /**
   * What the operator sees of it: its own values, moved; a product in which it is only a factor (weight norm's g); or something computed
   * from it otherwise, whose slot is not its own.
   */
  readonly as: 'values' | 'factor' | 'source'
  /** The DequantizeLinear, or the rounding, that it came through. */
  readonly dequantized: Dequantized | null
}

/** The affine form that a constant came through: DequantizeLinear, and of floats that the graph rounds to codes QuantizeLinear or Quant. */
export interface Dequantized {
  readonly scales: readonly Tensor[]
  readonly zeroPoints: readonly Tensor[]
  /** Of the stored tensor's axes: how many elements have a scale in common. */
  readonly blocks: readonly number[]
  readonly reads: readonly Reading[]
  /** What floats are rounded to. */
  readonly rounds: Rounding | null
  readonly fixed: string | null
}

interface Rounding {
  readonly codeType: DataType
  /** Narrower than the type. */
  readonly limits: readonly [least: number, greatest: number] | null
}

/** A value made of stored tensors alone: `views` that together fill it (or, behind an If, stand for one another). */
export interface Constant {
  /** null where the path does not tell. */
  readonly dims: readonly number[] | null
  readonly views: readonly View[]
  /** Of a sequence: its tensors. */
  readonly parts?: readonly Constant[]
  /** Its integers, once somebody asked; null: they are not known. */
  ints?: readonly number[] | null
}

export const denseDims = (tensor: Tensor): readonly number[] => tensor.denseDims ?? tensor.dims

export function constantOf(tensor: Tensor): Constant {
  const dims = denseDims(tensor)
  return { dims, views: [{ tensor, axes: dims.map((size, axis) => [{ axis, size }]), as: 'values', dequantized: null }] }
}

export const sizeOf = (atoms: readonly Atom[]): number => atoms.reduce((n, a) => n * a.size, 1)

/** The same views with other axes. */
export function withAxes(
  c: Constant,
  dims: readonly number[] | null,
  change: (axes: readonly (readonly Atom[])[]) => View['axes'],
): Constant {
  return { dims, views: c.views.map((v) => ({ ...v, axes: v.axes?.length === c.dims?.length && v.axes ? change(v.axes) : null })) }
}

export function permuted(c: Constant, perm: readonly number[]): Constant {
  const pick = <T>(list: readonly T[]) => perm.flatMap((i) => list[i] ?? [])
  return withAxes(c, c.dims && pick(c.dims), (axes) => perm.map((i) => axes[i] ?? []))
}

/**
 * `dims` seen as `shape` (row-major). Both sides are cut into the shortest runs of equal product; inside a run atoms are dealt from the
 * innermost on, and the outermost axis takes the rest, whatever part of a concatenation it is.
 */
export function reshaped(c: Constant, shape: readonly number[]): Constant {
  const { dims } = c
  if (!dims) return { dims: shape, views: c.views.map((v) => ({ ...v, axes: null })) }
  return withAxes(c, shape, (axes) => {
    const result: (readonly Atom[])[] = []
    for (const [from, to] of runs(dims, shape)) {
      const dealt = deal(axes.slice(...from).flat(), shape.slice(...to))
      if (!dealt) return null
      result.push(...dealt)
    }
    return result
  })
}

type Run = readonly [from: readonly [number, number], to: readonly [number, number]]

function runs(dims: readonly number[], shape: readonly number[]): Run[] {
  const found: Run[] = []
  let [i, j] = [0, 0]
  while (i < dims.length || j < shape.length) {
    const [i0, j0] = [i, j]
    let [a, b] = [1, 1]
    do {
      if ((a <= b && i < dims.length) || j >= shape.length) a *= dims[i++] ?? 1
      else b *= shape[j++] ?? 1
    } while (a !== b && (i < dims.length || j < shape.length))
    found.push([
      [i0, i],
      [j0, j],
    ])
  }
  return found
}

function deal(atoms: readonly Atom[], sizes: readonly number[]): Atom[][] | null {
  const rest = atoms.filter((a) => a.size !== 1)
  const result: Atom[][] = sizes.map(() => [])
  for (let j = sizes.length - 1; j > 0; j--) {
    let need = sizes[j] as number
    while (need > 1) {
      const atom = rest.pop()
      if (!atom) return null
      const take = atom.size <= need ? atom.size : need
      if (need % take !== 0 || atom.size % take !== 0) return null
      if (take < atom.size) rest.push({ axis: atom.axis, size: atom.size / take })
      ;(result[j] as Atom[]).unshift({ axis: atom.axis, size: take })
      need /= take
    }
  }
  if (sizes.length === 0) return rest.length === 0 ? [] : null
  ;(result[0] as Atom[]).unshift(...rest)
  return result
}

/** A stretch of `length` along `axis`: the outermost atom shrinks. */
export function sliced(c: Constant, axis: number, length: number): Constant {
  if (length === c.dims?.[axis]) return c
  if (c.dims?.[axis] === undefined) return withAxes({ ...c, dims: null }, null, () => null)
  const dims = c.dims?.map((d, i) => (i === axis ? length : d)) ?? null
  return withAxes(c, dims, (axes) => {
    const result = [...axes]
    const atoms = (axes[axis] ?? []).filter((a) => a.size !== 1)
    const inner = sizeOf(atoms.slice(1))
    const first = atoms[0]
    if (length === 1) result[axis] = [{ axis: first?.axis ?? REPEATED, size: 1 }]
    else if (!first || length % inner !== 0) return null
    else result[axis] = [{ axis: first.axis, size: length / inner }, ...atoms.slice(1)]
    return result
  })
}

/** `dims` repeated to `shape` (numpy's broadcasting). */
export function expanded(c: Constant, shape: readonly number[]): Constant {
  const rank = Math.max(c.dims?.length ?? 0, shape.length)
  const given = [...Array<number>(rank - shape.length).fill(1), ...shape]
  const dims = c.dims && [...Array<number>(rank - c.dims.length).fill(1), ...c.dims].map((d, i) => (d === 1 ? (given[i] ?? 1) : d))
  return withAxes(c, dims ?? given, (axes) =>
    given.map((size, i) => {
      const own = axes[i - (rank - axes.length)] ?? []
      return sizeOf(own) === 1 && size > 1
        ? [
            { axis: own[0]?.axis ?? REPEATED, size: 1 },
            { axis: REPEATED, size },
          ]
        : own
    }),
  )
}

/** Roles of the stored tensor's axes from the roles of the seen axes; where atoms of one axis disagree, in beats spatial, the larger the smaller. */
export function storedLayout(view: View, roles: readonly AxisRole[]): AxisRole[] {
  const rank = denseDims(view.tensor).length
  const layout: AxisRole[] = []
  const sizes = Array<number>(rank).fill(0)
  view.axes?.forEach((atoms, i) => {
    for (const { axis, size } of atoms) {
      const role = roles[i]
      if (axis === REPEATED || role === undefined) continue
      const beats =
        layout[axis] === 'spatial' && role === 'in' ? true : layout[axis] === 'in' && role === 'spatial' ? false : size > (sizes[axis] ?? 0)
      if (beats) [layout[axis], sizes[axis]] = [role, size]
    }
  })
  // axes of one element, dropped and added again, are told by their order
  const added = roles.filter((_, i) => view.axes?.[i]?.every((a) => a.size === 1 && a.axis === REPEATED))
  return denseDims(view.tensor).map((size, axis) => layout[axis] ?? (size === 1 ? added.shift() : undefined) ?? 'batch')
}

/** The stored tensor that a constant is all of, moved at most. */
export function soleTensor(c: Constant | null | undefined): Tensor | null {
  const [view, ...more] = c?.views ?? []
  return view && more.length === 0 && view.as === 'values' ? view.tensor : null
}
