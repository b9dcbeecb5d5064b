import type { Tensor } from '../types.js'
import { type Open, pieces } from './heldNumbers.js'

/** Of a tensor, one number at each of some positions, standardized; `order`: of which order of its axes, in words ('' as they are). */
export interface Sample {
  readonly order: string
  readonly values: Float32Array
}

/** Tensors of more axes have more orders than are worth a look: of those, the axes reversed and each neighbouring pair exchanged. */
const MOST_AXES = 4

/** `count` positions below `elementCount`, ascending, the same ones always; all where there are no more. */
export function positions(elementCount: number, count: number): Float64Array {
  if (elementCount <= count) return Float64Array.from({ length: elementCount }, (_, i) => i)
  // one in each of `count` equal parts, at a place that no row or column has in common
  const part = elementCount / count
  let state = 1
  return Float64Array.from({ length: count }, (_, i) => {
    state = (Math.imul(state, 0x915f77f5) + 0x6d2b79f5) | 0
    return Math.floor((i + (state >>> 0) / 2 ** 32) * part)
  })
}

/** How many orders of a tensor's axes are compared. */
export const orderCount = (dims: readonly number[]): number => ordersOf(dims.filter((d) => d !== 1).length).length

/**
 * What stands at these positions of the tensor, and of its axes in any other order. One pass over the tensor in constant memory.
 */
export function samplesOf(tensor: Tensor, at: Float64Array, open: Open, withOrders: boolean): Sample[] {
  const dims = tensor.dims.filter((d) => d !== 1)
  const orders = withOrders && dims.reduce((n, d) => n * d, 1) === tensor.elementCount ? ordersOf(dims.length) : [[]]
  const samples = orders.map((order) => ({
    order: order.every((axis, i) => axis === i) ? '' : inWords(order),
    values: new Float32Array(at.length),
  }))
  // ascending by where the number stands; what it is for in the lower digits
  const goals = orders.length * at.length
  const places = new Float64Array(goals)
  orders.forEach((order, which) => {
    for (let slot = 0; slot < at.length; slot++)
      places[which * at.length + slot] = placeIn(dims, order, at[slot] as number) * goals + which * at.length + slot
  })
  places.sort()
  let next = 0
  for (const { start, values } of pieces(tensor, open)) {
    for (; next < goals; next++) {
      const from = Math.floor((places[next] as number) / goals)
      if (from >= start + values.length) break
      const goal = (places[next] as number) - from * goals
      const sample = samples[Math.floor(goal / at.length)] as Sample
      sample.values[goal % at.length] = values[from - start] as number
    }
  }
  for (const { values } of samples) standardize(values)
  return samples
}

const inWords = (order: readonly number[]) => (order.length === 2 ? 'transposed' : `axes in the order ${order.join(', ')}`)

/** Axes of a tensor with `rank` axes in other orders, the given one first. */
function ordersOf(rank: number): number[][] {
  const given = Array.from({ length: rank }, (_, i) => i)
  if (rank > MOST_AXES)
    return [given, given.toReversed(), ...given.slice(1).map((i) => given.map((axis) => (axis === i ? i - 1 : axis === i - 1 ? i : axis)))]
  const all = (left: readonly number[]): number[][] =>
    left.length < 2 ? [[...left]] : left.flatMap((axis) => all(left.filter((a) => a !== axis)).map((rest) => [axis, ...rest]))
  return all(given)
}

/** Where an element stands that is at `position` of the tensor with its axes in that order. */
function placeIn(dims: readonly number[], order: readonly number[], position: number): number {
  if (order.length === 0) return position
  const index: number[] = []
  let rest = position
  for (let i = order.length - 1; i >= 0; i--) {
    const axis = order[i] as number
    const size = dims[axis] as number
    index[axis] = rest % size
    rest = Math.floor(rest / size)
  }
  return dims.reduce((place, size, axis) => place * size + (index[axis] as number), 0)
}

/** To mean 0 and deviation 1; what is not finite, and values that are all equal, become 0. */
function standardize(values: Float32Array): void {
  let [sum, n] = [0, 0]
  for (const v of values)
    if (Number.isFinite(v)) {
      sum += v
      n++
    }
  const mean = sum / n
  let squares = 0
  for (const v of values) if (Number.isFinite(v)) squares += (v - mean) ** 2
  const factor = squares > 0 ? 1 / Math.sqrt(squares / n) : 0
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number
    values[i] = Number.isFinite(v) ? (v - mean) * factor : 0
  }
}
