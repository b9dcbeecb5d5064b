import type { FloatType } from '../types.js'

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

type Values = Float32Array | Float64Array

interface Codec {
  readonly byteLength: number
  decode(this: void, bytes: DataView, at: number): number
  encode(this: void, bytes: DataView, at: number, value: number): void
}

const bits = new DataView(new ArrayBuffer(4))

/** How one value of a float type is stored, little-endian. */
export const codecs: Readonly<Record<FloatType, Codec>> = {
  FLOAT: { byteLength: 4, decode: (b, at) => b.getFloat32(at, true), encode: (b, at, v) => b.setFloat32(at, v, true) },
  DOUBLE: { byteLength: 8, decode: (b, at) => b.getFloat64(at, true), encode: (b, at, v) => b.setFloat64(at, v, true) },
  FLOAT16: {
    byteLength: 2,
    decode: (b, at) => halfToNumber(b.getUint16(at, true)),
    encode: (b, at, v) => b.setUint16(at, numberToHalf(v), true),
  },
  BFLOAT16: {
    byteLength: 2,
    decode: (b, at) => brainToNumber(b.getUint16(at, true)),
    encode: (b, at, v) => b.setUint16(at, numberToBrain(v), true),
  },
}

export const isFloatType = (name: string): name is FloatType => Object.hasOwn(codecs, name)

export function encodeValues(type: FloatType, values: Values): Uint8Array {
  const { byteLength, encode } = codecs[type]
  const bytes = new Uint8Array(values.length * byteLength)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) encode(view, i * byteLength, values[i] as number)
  return bytes
}

function halfToNumber(h: number): number {
  const sign = h & 0x8000 ? -1 : 1
  const exponent = (h >> 10) & 31
  const fraction = h & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** Round to nearest, ties to even. */
function numberToHalf(value: number): number {
  bits.setFloat32(0, value)
  const sign = (bits.getUint32(0) >>> 16) & 0x8000
  const v = Math.abs(value)
  if (Number.isNaN(value)) return sign | 0x7e00
  if (v >= 65520) return sign | 0x7c00
  const exponent = Math.max(-14, Math.floor(Math.log2(v || 2 ** -14)))
  const steps = roundEven(v / 2 ** (exponent - 10))
  return sign | (v < 2 ** -14 ? roundEven(v * 2 ** 24) : ((exponent + 15) << 10) + (steps - 1024))
}

function roundEven(x: number): number {
  const low = Math.floor(x)
  const rest = x - low
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low
}

function brainToNumber(b: number): number {
  bits.setUint32(0, b << 16)
  return bits.getFloat32(0)
}

function numberToBrain(value: number): number {
  bits.setFloat32(0, value)
  const u = bits.getUint32(0)
  return Number.isNaN(value) ? (u >>> 16) | 0x40 : ((u + 0x7fff + ((u >>> 16) & 1)) >>> 16) & 0xffff
}
