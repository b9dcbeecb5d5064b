import type { FloatType, Values } from '../../types.js'
import { decodeBrains, decodeHalves, encodeBrains, encodeHalves } from './halfTypes.js'

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
const float32sOf = (values: Values) => (values instanceof Float32Array ? values : Float32Array.from(values))

export const codecs: Readonly<Record<FloatType, Codec>> = {
  FLOAT: {
    byteLength: 4,
    newValues: float32,
    encode: (values) => littleEndian(float32sOf(values)),
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
    encode: (values) => littleEndian(encodeHalves(float32sOf(values))),
    decode: (bytes, into) => decodeHalves(new Uint16Array(...aligned(bytes, 2)), into),
  },
  BFLOAT16: {
    byteLength: 2,
    newValues: float32,
    encode: (values) => littleEndian(encodeBrains(float32sOf(values))),
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
