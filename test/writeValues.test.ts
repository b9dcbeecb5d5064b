import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecs } from '../src/onnx/values/dataTypes.js'
import type { FloatType } from '../src/types.js'

const codesOf = (type: FloatType, values: Float32Array) => {
  const bytes = Uint8Array.from(codecs[type].encode(values))
  return new Uint16Array(bytes.buffer)
}
const valuesOf = (type: FloatType, codes: Uint16Array) => codecs[type].decode(new Uint8Array(codes.buffer))
const all = Uint16Array.from({ length: 65536 }, (_, i) => i)

describe.each([
  ['FLOAT16', 10, 5],
  ['BFLOAT16', 7, 8],
] as const)('%s', (type, fractionBits, exponentBits) => {
  const bias = 2 ** (exponentBits - 1) - 1
  const infinity = (2 ** exponentBits - 1) << fractionBits
  /** IEEE 754: sign, biased exponent, fraction. */
  const meaning = (code: number) => {
    const [sign, exponent, fraction] = [code >> 15 ? -1 : 1, (code & infinity) >> fractionBits, code % 2 ** fractionBits]
    if ((code & infinity) === infinity) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    return sign * (exponent === 0 ? fraction * 2 ** (1 - bias - fractionBits) : (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias))
  }

  test('every code has its value, and comes back', () => {
    const values = valuesOf(type, all) as Float32Array
    expect(values).toEqual(Float32Array.from(all, meaning))
    const back = codesOf(type, values)
    expect([...all].filter((code) => back[code] !== code && !Number.isNaN(values[code]))).toEqual([])
    expect(codesOf(type, Float32Array.of(Number.NaN)).every((c) => (c & infinity) === infinity && c % 2 ** fractionBits !== 0)).toBe(true)
  })

  test('between two neighbours a value goes to the nearest, halfway to the even one', () => {
    const low = all.subarray(0, infinity)
    // what the code behind the last finite one would mean if it were no infinity: rounding overflows halfway there
    const above = (code: number) => (code + 1 === infinity ? 2 ** (bias + 1) : meaning(code + 1))
    const middle = Float32Array.from(low, (code) => (meaning(code) + above(code)) / 2)
    const codes = codesOf(type, middle)
    const down = codesOf(type, middle.map(below))
    const up = codesOf(
      type,
      middle.map((v) => -below(-v)),
    )
    const negative = codesOf(
      type,
      middle.map((v) => -v),
    )
    const wrong = [...low].filter((code) => {
      const even = code % 2 === 0 ? code : code + 1
      return codes[code] !== even || down[code] !== code || up[code] !== code + 1 || negative[code] !== even + 0x8000
    })
    expect(wrong).toEqual([])
  })
})

/** The next float32 towards −∞. */
function below(value: number): number {
  const word = new Int32Array(Float32Array.of(value).buffer)
  word[0] = value > 0 ? (word[0] as number) - 1 : (word[0] as number) + 1
  return new Float32Array(word.buffer)[0] as number
}

test.each(['FLOAT', 'DOUBLE'] as const)('%s values come back from bytes at any place', (type) => {
  const { byteLength, newValues, encode, decode } = codecs[type]
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true })), fc.nat(9), (list, shift) => {
      const values = newValues(list.length)
      values.set(list)
      const memory = new Uint8Array(shift + values.length * byteLength)
      memory.set(encode(values), shift)
      expect(decode(memory.subarray(shift))).toEqual(values)
    }),
    { seed: 3 },
  )
})

test('values are little-endian', () => {
  expect([...codecs.FLOAT.encode(Float32Array.of(1))]).toEqual([0, 0, 0x80, 0x3f])
  expect([...codecs.DOUBLE.encode(Float64Array.of(-2))]).toEqual([0, 0, 0, 0, 0, 0, 0, 0xc0])
  expect([...codecs.FLOAT16.encode(Float32Array.of(1))]).toEqual([0, 0x3c])
  expect([...codecs.BFLOAT16.encode(Float32Array.of(1))]).toEqual([0x80, 0x3f])
})
