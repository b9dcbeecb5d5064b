import { isReadable, readValues } from '../onnx/readValues.js'
import type { Model, Tensor, Weight } from '../types.js'

/** Two matrices with equal values, the second perhaps transposed: a tie that the exporter split. */
export interface Tie {
  readonly first: Weight
  readonly second: Weight
  readonly isTransposed: boolean
}

/** Smaller ones are equal by chance or by default. */
const MIN_ELEMENTS = 256
/** Places that are compared; on the diagonal, which transposition leaves, the first. */
const DIAGONAL = 8
const SAMPLES = 64

/** Embedding and output layer that were one tensor in training, among a model's matrices: told from samples, not from every value. */
export function findTies(model: Model, weights: readonly Weight[]): Tie[] {
  const groups = new Map<string, Weight[]>()
  for (const w of weights) {
    const { dims, elementCount } = w.tensor
    if (dims.length !== 2 || elementCount < MIN_ELEMENTS || !isReadable(w.tensor) || w.fan === null) continue
    const diagonal = Array.from({ length: DIAGONAL }, (_, i) => at(model, w.tensor, place(i, dims), place(i, dims)))
    if (diagonal.every((v) => v === diagonal[0])) continue
    const key = [Math.min(...dims), Math.max(...dims), ...diagonal].join()
    groups.set(key, [...(groups.get(key) ?? []), w])
  }
  return [...groups.values()].flatMap(([first, ...others]) =>
    others.flatMap((second) => (first ? (tieOf(model, first, second) ?? []) : [])),
  )
}

const place = (i: number, dims: readonly number[]) => Math.floor((i * (Math.min(...dims) - 1)) / (DIAGONAL - 1))

function tieOf(model: Model, first: Weight, second: Weight): Tie | null {
  const [a, b] = [first.tensor, second.tensor]
  const [rows = 0, columns = 0] = a.dims
  const agrees = (isTransposed: boolean) =>
    Array.from({ length: SAMPLES }, (_, i) => [Math.floor((i * (rows - 1)) / (SAMPLES - 1)), (i * 7919) % columns] as const).every(
      ([r, c]) => at(model, a, r, c) === (isTransposed ? at(model, b, c, r) : at(model, b, r, c)),
    )
  if (a.dims[0] === b.dims[0] && agrees(false)) return { first, second, isTransposed: false }
  return a.dims[0] === b.dims[1] && agrees(true) ? { first, second, isTransposed: true } : null
}

function at(model: Model, tensor: Tensor, row: number, column: number): number {
  const index = row * (tensor.dims[1] ?? 1) + column
  return readValues(model, tensor, index, index + 1)[0] as number
}
