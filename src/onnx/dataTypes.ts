import type { FloatType, Values } from '../types.js'

/** TensorProto.DataType by code: name and bits an element (0: no fixed size). Source: onnx.proto. */
export const dataTypes: Readonly<Record<number, readonly [name: string, bits: number]>> = {
  1: ['FLOAT', 32],
  2: ['UINT8', 8],
  3: ['INT8', 8],
  4: ['UINT16', 16],
  5: ['INT16', 16],
  6: ['INT32', 32],
  7: ['INT64', 64],
  8: ['STRING', 0],
  9: ['BOOL', 8],
  10: ['FLOAT16', 16],
  11: ['DOUBLE', 64],
  12: ['UINT32', 32],
  13: ['UINT64', 64],
  14: ['COMPLEX64', 64],
  15: ['COMPLEX128', 128],
  16: ['BFLOAT16', 16],
  17: ['FLOAT8E4M3FN', 8],
  18: ['FLOAT8E4M3FNUZ', 8],
  19: ['FLOAT8E5M2', 8],
  20: ['FLOAT8E5M2FNUZ', 8],
  21: ['UINT4', 4],
  22: ['INT4', 4],
  23: ['FLOAT4E2M1', 4],
  24: ['FLOAT8E8M0', 8],
  25: ['UINT2', 2],
  26: ['INT2', 2],
}

/** How the values of a float type are stored: little-endian, the last bit rounded to nearest, ties to even. */
interface Codec {
  readonly byteLength: number
  /** An array to draw values in: as wide as what the type can hold. */
  newValues(this: void, elementCount: number): Values
  /** May be the memory of `values` itself; good until the next call. */
  encode(this: void, values: Values): Uint8Array
  /** May be the memory of `bytes` itself, else the start of `into` if it is given: large tensors pass in chunks and leave no garbage. */
  decode(this: void, bytes: Uint8Array, into?: Float32Array): Values
}

const float32 = (elementCount: number) => new Float32Array(elementCount)
const float64 = (elementCount: number) => new Float64Array(elementCount)

export const codecs: Readonly<Record<FloatType, Codec>> = {
  FLOAT: {
    byteLength: 4,
    newValues: float32,
    encode: (values) => littleEndian(values instanceof Float32Array ? values : Float32Array.from(values)),
    decode: (bytes) => new Float32Array(...aligned(bytes, 4)),
  },
  DOUBLE: {
    byteLength: 8,
    newValues: float64,
    encode: (values) => littleEndian(values instanceof Float64Array ? values : Float64Array.from(values)),
    decode: (bytes) => new Float64Array(...aligned(bytes, 8)),
  },
  FLOAT16: {
    byteLength: 2,
    newValues: float32,
    encode: (values) => littleEndian(encodeHalves(values instanceof Float32Array ? values : Float32Array.from(values))),
    decode: (bytes, into) => decodeHalves(new Uint16Array(...aligned(bytes, 2)), into),
  },
  BFLOAT16: {
    byteLength: 2,
    newValues: float32,
    encode: (values) => littleEndian(encodeBrains(values instanceof Float32Array ? values : Float32Array.from(values))),
    decode: (bytes, into) => decodeBrains(new Uint16Array(...aligned(bytes, 2)), into),
  },
}

export const isFloatType = (name: string): name is FloatType => Object.hasOwn(codecs, name)

type TypedArray = Float32Array | Float64Array | Uint16Array

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The bytes of an array as ONNX stores them. */
function littleEndian(array: TypedArray): Uint8Array {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength)
  return hostIsLittleEndian ? bytes : swapped(Buffer.from(bytes), array.BYTES_PER_ELEMENT)
}

/** Stored bytes as memory that a typed array can lie on: the host's byte order, a start that is a multiple of the width. */
function aligned(bytes: Uint8Array, width: number): [buffer: ArrayBuffer, byteOffset: number, length: number] {
  const fits = hostIsLittleEndian && bytes.byteOffset % width === 0
  const memory = fits ? bytes : Uint8Array.from(bytes)
  if (!hostIsLittleEndian) swapped(Buffer.from(memory.buffer), width)
  return [memory.buffer as ArrayBuffer, memory.byteOffset, memory.byteLength / width]
}

const swapped = (bytes: Buffer, width: number) => (width === 2 ? bytes.swap16() : width === 4 ? bytes.swap32() : bytes.swap64())

let codesOut = new Uint16Array(0)

function scratch16(length: number): Uint16Array {
  if (codesOut.length < length) codesOut = new Uint16Array(length)
  return codesOut.subarray(0, length)
}

const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length)

/**
 * IEEE 754 binary16. Two tables of float32's sign and exponent (van der Zijp, "Fast Half Float Conversions", 2008) give where a half
 * starts and how far the mantissa moves; half of what falls off is added first, less one where the last bit that stays is even.
 */
function encodeHalves(values: Float32Array): Uint16Array {
  const { base, shift } = (halfTables ??= makeHalfTables())
  const out = scratch16(values.length)
  const words = bits(values)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    const mantissa = word & 0x7fffff
    const index = word >>> 23
    const move = shift[index] as number
    if (move === NAN_OR_INFINITY) {
      out[i] = (base[index] as number) | (mantissa === 0 ? 0 : 0x200)
      continue
    }
    // the implicit one is in `whole`, so that a carry of the rounding runs into the exponent, up to infinity
    const whole = move > 13 ? mantissa | 0x800000 : mantissa
    const kept = whole >>> move
    const rest = whole - (kept << move)
    const middle = 1 << (move - 1)
    out[i] = (base[index] as number) + kept + (rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0)
  }
  return out
}

const NAN_OR_INFINITY = 0
let halfTables: { readonly base: Uint16Array; readonly shift: Uint8Array } | undefined

function makeHalfTables() {
  const base = new Uint16Array(512)
  const shift = new Uint8Array(512)
  for (let index = 0; index < 512; index++) {
    const sign = index & 256 ? 0x8000 : 0
    const exponent = (index & 255) - 127
    if (exponent === 128) [base[index], shift[index]] = [sign | 0x7c00, NAN_OR_INFINITY]
    // beyond 65504: nothing of the mantissa stays
    else if (exponent > 15) [base[index], shift[index]] = [sign | 0x7c00, 25]
    else if (exponent >= -14) [base[index], shift[index]] = [sign | ((exponent + 15) << 10), 13]
    // subnormal: the mantissa with its one moves right; below 2^-25 it is gone
    else [base[index], shift[index]] = [sign, Math.min(25, -1 - exponent)]
  }
  return { base, shift }
}

let halves: Float32Array | undefined

function decodeHalves(codes: Uint16Array, into: Float32Array = new Float32Array(codes.length)): Float32Array {
  const table = (halves ??= Float32Array.from({ length: 65536 }, (_, code) => halfToNumber(code)))
  const out = into.subarray(0, codes.length)
  for (let i = 0; i < codes.length; i++) out[i] = table[codes[i] as number] as number
  return out
}

function halfToNumber(code: number): number {
  const sign = code & 0x8000 ? -1 : 1
  const exponent = (code >> 10) & 31
  const fraction = code & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** bfloat16: the upper half of a float32. */
function encodeBrains(values: Float32Array): Uint16Array {
  const out = scratch16(values.length)
  const words = bits(values)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    const isNaN = (word & 0x7fffffff) > 0x7f800000
    out[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return out
}

function decodeBrains(codes: Uint16Array, into: Float32Array = new Float32Array(codes.length)): Float32Array {
  const out = into.subarray(0, codes.length)
  const words = bits(out)
  for (let i = 0; i < codes.length; i++) words[i] = (codes[i] as number) << 16
  return out
}
