import type { FillTarget } from '../types.js'

/**
 * Gates in torch's order, as indices of ONNX's: LSTM is stored i o f c and torch draws i f g o; GRU is stored z r h and torch draws r z n.
 */
export const gates: Readonly<Record<string, readonly number[]>> = {
  LSTM: [0, 2, 3, 1],
  GRU: [1, 0, 2],
  RNN: [0],
  DynamicQuantizeLSTM: [0, 2, 3, 1],
}

/** Gates of a tensor that is the operator's own [D, …]. What the graph puts together first (the legacy exporter without folding) is as torch has it. */
function storedGates({ opType, role, dims, layout }: FillTarget): readonly number[] | null {
  const isOwn = role === 'bias' ? dims.length === 2 : dims.length === 3 && layout[0] === 'batch'
  return (isOwn && (role === 'weight' || role === 'recurrent' || role === 'bias') && gates[opType]) || null
}

/** Whether the framework holds the matrix the other way round: [in, out] (MatMul, Gemm with transB = 0) where it has [out, in]. */
export function isTransposed({ layout, role }: FillTarget): boolean {
  return layout.length === 2 && layout[0] === 'in' && layout[1] === 'out' && role !== 'embedding'
}

/** Where the element that torch draws as number `index` is stored; null: in the same order. */
export function frameworkOrder(target: FillTarget): ((index: number) => number) | null {
  const { dims, role, layout } = target
  if (isTransposed(target)) {
    const [inner, outer] = dims as [number, number]
    return (index) => (index % inner) * outer + Math.floor(index / inner)
  }
  const order = storedGates(target)
  if (order === null || order.length === 1 || layout[2] === 'out') return null
  // rows of all gates lie along axis 1; a bias holds two such runs
  const runs = role === 'bias' ? 2 : 1
  const perGate = ((dims[1] as number) / runs / order.length) * (role === 'bias' ? 1 : (dims[2] as number))
  return (index) => {
    const gate = Math.floor(index / perGate) % order.length
    return index + ((order[gate] as number) - gate) * perGate
  }
}

/** Matrices in a tensor, rows = out, columns = everything else that is no batch: element (r, c) of matrix m is at bases[m] + rowOffsets[r] + columnOffsets[c]. */
export interface Matrices {
  readonly rows: number
  readonly columns: number
  readonly bases: readonly number[]
  readonly rowOffsets: Float64Array
  readonly columnOffsets: Float64Array
}

/**
 * The matrices that orthogonal, eye and sparse fill: one for each batch index, gate or packed projection. `asTorch`: gates stay together, in
 * torch's order. Convolutions, transposed ones too, are taken as torch stores them: the first axis against the rest.
 */
export function matricesOf(target: FillTarget, asTorch = false): Matrices | null {
  const { dims, layout, elementCount } = target
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1))
  const axes = (role: string) => layout.flatMap((r, axis) => (r === role ? [axis] : []))
  const byRole = layout.includes('in') && layout.includes('out') && !layout.includes('spatial') && target.role !== 'embedding'
  if (!byRole && dims.length < 2) return null
  const offsets = (of: readonly number[]) =>
    of.reduce<number[]>(
      (all, axis) =>
        all.flatMap((offset) => Array.from({ length: dims[axis] as number }, (_, i) => offset + i * (strides[axis] as number))),
      [0],
    )
  const all = dims.map((_, axis) => axis)
  const bases = byRole ? offsets(axes('batch')) : [0]
  let rowOffsets = byRole ? offsets(axes('out')) : offsets([0])
  const columnOffsets = byRole ? offsets(axes('in')) : offsets(all.slice(1))
  if (asTorch) {
    const order = storedGates(target)
    if (order !== null && byRole) {
      const perGate = rowOffsets.length / order.length
      rowOffsets = order.flatMap((gate) => rowOffsets.slice(gate * perGate, (gate + 1) * perGate))
    }
    return matrices(bases, rowOffsets, columnOffsets)
  }
  const stacked = byRole && rowOffsets.length % target.stacked === 0 ? target.stacked : 1
  const rows = rowOffsets.length / stacked
  const parts = Array.from({ length: stacked }, (_, s) => rowOffsets[s * rows] ?? 0)
  return elementCount === 0
    ? null
    : matrices(
        bases.flatMap((base) => parts.map((part) => base + part)),
        rowOffsets.slice(0, rows),
        columnOffsets,
      )
}

const matrices = (bases: readonly number[], rowOffsets: readonly number[], columnOffsets: readonly number[]): Matrices => ({
  rows: rowOffsets.length,
  columns: columnOffsets.length,
  bases,
  rowOffsets: Float64Array.from(rowOffsets),
  columnOffsets: Float64Array.from(columnOffsets),
})
