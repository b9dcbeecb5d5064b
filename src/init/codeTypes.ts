import type { DataType } from '../types.js'

/** A type whose values stand for others by a scale: integers, and floats of 8 or 4 bits. */
export interface CodeType {
  readonly bits: number
  /** The least and the greatest value. */
  readonly least: number
  readonly greatest: number
  /** Floats: the value of each code; null: a code is its own value (two's complement where `least` is below 0). */
  readonly values: Float64Array | null
}

const integers = (bits: number, signed: boolean): CodeType => ({
  bits,
  least: signed ? -(2 ** (bits - 1)) : 0,
  greatest: signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1,
  values: null,
})

/**
 * Sign, exponent and mantissa, IEEE 754 with another bias; `special` says which codes are no finite numbers. Sources: Micikevicius et al.
 * 2022 (FN, E5M2), Noune et al. 2022 (FNUZ: no negative zero, its code is NaN), OCP MX 1.0 (E2M1).
 */
function floats(exponentBits: number, mantissaBits: number, bias: number, special: (code: number) => boolean): CodeType {
  const bits = 1 + exponentBits + mantissaBits
  const values = Float64Array.from({ length: 2 ** bits }, (_, code) => {
    if (special(code)) return Number.NaN
    const sign = code >> (bits - 1) === 1 ? -1 : 1
    const exponent = (code >> mantissaBits) & (2 ** exponentBits - 1)
    const fraction = (code & (2 ** mantissaBits - 1)) / 2 ** mantissaBits
    return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias))
  })
  const greatest = values.reduce((most, v) => (v > most ? v : most), 0)
  return { bits, least: -greatest, greatest, values }
}

/** Types of quantized weights, by their TensorProto name. */
export const codeTypes: Readonly<Record<DataType, CodeType | undefined>> = {
  INT2: integers(2, true),
  UINT2: integers(2, false),
  INT4: integers(4, true),
  UINT4: integers(4, false),
  INT8: integers(8, true),
  UINT8: integers(8, false),
  INT16: integers(16, true),
  UINT16: integers(16, false),
  INT32: integers(32, true),
  FLOAT4E2M1: floats(2, 1, 1, () => false),
  FLOAT8E4M3FN: floats(4, 3, 7, (code) => (code & 0x7f) === 0x7f),
  FLOAT8E4M3FNUZ: floats(4, 3, 8, (code) => code === 0x80),
  FLOAT8E5M2: floats(5, 2, 15, (code) => (code & 0x7f) > 0x7b),
  FLOAT8E5M2FNUZ: floats(5, 2, 16, (code) => code === 0x80),
}

/** The code of the value nearest to x, ties to the even code, beyond the ends the ends. NaN for an integer type. */
export function nearestCode({ bits, values, greatest }: CodeType, x: number): number {
  if (values === null) return Number.NaN
  const magnitude = Math.abs(x)
  const half = 2 ** (bits - 1)
  // codes of one sign rise with their values
  let [low, high] = [0, half - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((values[middle] as number) <= magnitude) low = middle
    else high = middle - 1
  }
  const [below, above] = [values[low] as number, values[low + 1] as number]
  const up = magnitude < greatest && (magnitude - below > above - magnitude || (magnitude - below === above - magnitude && (low & 1) === 1))
  const code = up ? low + 1 : low
  return x < 0 && code > 0 ? code + half : code
}
