// float32 to the codes of float16 and bfloat16, nearest, ties to even, and back. NaN stays NaN, made quiet.

import { encodeCompiled } from '../../init/kernel/compiledEncode.js'
import { type Kernel, kernel } from '../../init/kernel/kernel.js'

/** From this many values on the compiled kernel is worth its call. */
const FEWEST = 64

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
export function encodeHalves(values: Float32Array, compiled: Kernel | null = kernel()): Uint16Array {
  const out = scratch16(values.length)
  if (values.length >= FEWEST && encodeCompiled('float16', values, out, compiled)) return out
  const { base, shift } = (halfTables ??= makeHalfTables())
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

export function decodeHalves(codes: Uint16Array, into: Float32Array = new Float32Array(codes.length)): Float32Array {
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
export function encodeBrains(values: Float32Array, compiled: Kernel | null = kernel()): Uint16Array {
  const out = scratch16(values.length)
  if (values.length >= FEWEST && encodeCompiled('bfloat16', values, out, compiled)) return out
  const words = bits(values)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    const isNaN = (word & 0x7fffffff) > 0x7f800000
    out[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return out
}

export function decodeBrains(codes: Uint16Array, into: Float32Array = new Float32Array(codes.length)): Float32Array {
  const out = into.subarray(0, codes.length)
  const words = bits(out)
  for (let i = 0; i < codes.length; i++) words[i] = (codes[i] as number) << 16
  return out
}
