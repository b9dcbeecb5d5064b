/** @import { Fill } from './job.js' */
import { tensorTypes } from './tensorTypes.js'

/**
 * Values of an input, the same at every call: floats are normals ('random') or uniform in (0, 1) ('positive'), integers and bools 0 or 1.
 * @param {string} name names the stream
 * @param {string} type onnxruntime-node's name
 * @param {number} elementCount
 * @param {Fill} fill
 */
export function makeValues(name, type, elementCount, fill) {
  const random = generator(name)
  if (type === 'string') return Array.from({ length: elementCount }, () => (fill === 'zeros' ? '0' : '1'))
  if (type === 'int4' || type === 'uint4') return new Uint8Array(Math.ceil(elementCount / 2)).fill(fill === 'zeros' ? 0 : 0x11)
  const array = tensorTypes[type]?.array
  if (!array) throw new TypeError(`no values for type ${type}`)
  const values = new array(elementCount)
  if (fill === 'zeros') return values
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    for (let i = 0; i < elementCount; i++) values[i] = fill === 'random' && random() < 0.5 ? 0n : 1n
  } else if (type.startsWith('float')) {
    const next = fill === 'random' ? () => normal(random) : fill === 'positive' ? random : () => 1
    for (let i = 0; i < elementCount; i++) values[i] = type === 'float16' ? halfBits(next()) : next()
  } else {
    for (let i = 0; i < elementCount; i++) values[i] = fill === 'random' && random() < 0.5 ? 0 : 1
  }
  return values
}

/** Uniforms in (0, 1): mulberry32, seeded with the name's FNV-1a hash. @param {string} name */
function generator(name) {
  let state = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t)
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32
  }
}

/** Box and Muller, one of the pair. @param {() => number} random */
const normal = (random) => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())

const single = new DataView(new ArrayBuffer(4))

/** float16 of a number below 65504, cut off rather than rounded; below 2^-14 it is 0. @param {number} value */
function halfBits(value) {
  single.setFloat32(0, value)
  const bits = single.getUint32(0)
  const magnitude = ((bits & 0x7fffffff) >>> 13) - (112 << 10)
  return ((bits >>> 16) & 0x8000) | (magnitude < 1 << 10 ? 0 : magnitude)
}
