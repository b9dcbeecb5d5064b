/** @import { RunOutput } from '../types.js' */
import { tensorTypes } from './tensorTypes.js'

/**
 * An output's numbers: mean, std (of the population), min and max of all elements; null where there are none.
 * @param {string} name
 * @param {{ type: string, dims: readonly number[], data: unknown }} tensor as onnxruntime-node gives it
 * @returns {RunOutput}
 */
export function describeOutput(name, { type, dims, data }) {
  const value = { name, dataType: tensorTypes[type]?.dataType ?? type, shape: [...dims] }
  const at = reader(type, data)
  const count = dims.reduce((n, d) => n * d, 1)
  if (at === null || count === 0) return { ...value, finite: at === null ? null : true, mean: null, std: null, min: null, max: null }
  let [sum, min, max, finite, nan] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true, false]
  for (let i = 0; i < count; i++) {
    const v = at(i)
    sum += v
    if (v < min) min = v
    if (v > max) max = v
    finite &&= Number.isFinite(v)
    nan ||= Number.isNaN(v)
  }
  if (nan) min = max = Number.NaN
  const mean = sum / count
  let squares = 0
  for (let i = 0; i < count; i++) squares += (at(i) - mean) ** 2
  return { ...value, finite, mean, std: Math.sqrt(squares / count), min, max }
}

/**
 * Element i as a number; null for strings and packed types.
 * @param {string} type
 * @param {unknown} data
 * @returns {((i: number) => number) | null}
 */
function reader(type, data) {
  if (type === 'float16' && data instanceof Uint16Array) return (i) => halfToNumber(data[i] ?? 0)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return (i) => Number(data[i])
  // Float16Array where Node has one
  if (ArrayBuffer.isView(data) && !(data instanceof DataView) && tensorTypes[type]?.npy) {
    const values = /** @type {ArrayLike<number>} */ (/** @type {unknown} */ (data))
    return (i) => Number(values[i])
  }
  return null
}

/** @param {number} half */
function halfToNumber(half) {
  const sign = half & 0x8000 ? -1 : 1
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023]
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}
