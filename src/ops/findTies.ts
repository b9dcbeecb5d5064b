import { isReadable, readValues } from '../onnx/values/readValues.js'
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

/**
 * Embedding and output layer that were one tensor in training, among a model's matrices: told from samples, not from every value.
 * `concerned`: ties of one of these are looked for.
 */
export function findTies(model: Model, weights: readonly Weight[], concerned: ReadonlySet<Weight> | null = null): Tie[] {
  const matrices = weights.filter(
    ({ tensor, fan }) => tensor.dims.length === 2 && tensor.elementCount >= MIN_ELEMENTS && fan !== null && isReadable(tensor),
  )
  const split = (groups: readonly Weight[][], by: (tensor: Tensor) => string | number) =>
    groups.flatMap((group) => alike(group, by)).filter((group) => group.length > 1 && (!concerned || group.some((w) => concerned.has(w))))
  let groups = split([matrices], ({ dims }) => `${Math.min(...dims)},${Math.max(...dims)}`)
  const onDiagonal = (tensor: Tensor, i: number) => at(model, tensor, place(i, tensor.dims), place(i, tensor.dims))
  for (let i = 0; i < DIAGONAL; i++) groups = split(groups, (tensor) => onDiagonal(tensor, i))
  const order = new Map(matrices.map((w, i) => [w, i]))
  const rank = ([first]: readonly Weight[]) => (first && order.get(first)) ?? 0
  return groups
    .sort((a, b) => rank(a) - rank(b))
    .flatMap(([first, ...others]) => {
      if (!first) return []
      const start = onDiagonal(first.tensor, 0)
      const isUniform = Array.from({ length: DIAGONAL }, (_, i) => onDiagonal(first.tensor, i)).every((v) => v === start)
      return isUniform ? [] : others.flatMap((second) => tieOf(model, first, second) ?? [])
    })
}

function alike(weights: readonly Weight[], by: (tensor: Tensor) => string | number): Weight[][] {
  const groups = new Map<string | number, Weight[]>()
  for (const w of weights) {
    const key = by(w.tensor)
    const group = groups.get(key)
    if (group) group.push(w)
    else groups.set(key, [w])
  }
  return [...groups.values()]
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
