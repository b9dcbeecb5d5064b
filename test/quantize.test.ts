import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codeTypes, nearestCode } from '../src/init/codeTypes.js'
import {
  dequantize,
  extremesOf,
  type Grid,
  halfGap,
  isScaleType,
  neededScale,
  quantize,
  scaleAs,
  scaleCount,
  scaleIndices,
  widen,
} from '../src/init/quantize.js'
import { packer, unpack } from '../src/onnx/quantized/packing.js'

const integers = Object.entries(codeTypes).flatMap(([name, type]) => (type && type.values === null ? [[name, type] as const] : []))
const floats = Object.entries(codeTypes).flatMap(([name, type]) => (type?.values ? [[name, type, type.values] as const] : []))

describe('types of codes', () => {
  test.each([
    ['INT2', -2, 1],
    ['UINT4', 0, 15],
    ['INT8', -128, 127],
    ['UINT16', 0, 65535],
    ['INT32', -2147483648, 2147483647],
    ['FLOAT4E2M1', -6, 6],
    ['FLOAT8E4M3FN', -448, 448],
    ['FLOAT8E4M3FNUZ', -240, 240],
    ['FLOAT8E5M2', -57344, 57344],
    ['FLOAT8E5M2FNUZ', -57344, 57344],
  ])('%s is %d to %d', (name, least, greatest) => {
    expect(codeTypes[name]).toMatchObject({ least, greatest })
  })

  test('values of float codes are those of the specifications', () => {
    const values = (name: string) => Array.from(codeTypes[name]?.values ?? [])
    expect(values('FLOAT4E2M1')).toEqual([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6])
    expect([0x01, 0x08, 0x38, 0x39, 0x7e, 0x7f, 0xb8].map((c) => values('FLOAT8E4M3FN')[c])).toEqual([
      2 ** -9,
      2 ** -6,
      1,
      1.125,
      448,
      NaN,
      -1,
    ])
    expect([0x01, 0x40, 0x7f, 0x80, 0xff].map((c) => values('FLOAT8E4M3FNUZ')[c])).toEqual([2 ** -10, 1, 240, NaN, -240])
    expect([0x01, 0x3c, 0x7b, 0x7c, 0x7d].map((c) => values('FLOAT8E5M2')[c])).toEqual([2 ** -16, 1, 57344, NaN, NaN])
    expect([0x01, 0x40, 0x7f, 0x80].map((c) => values('FLOAT8E5M2FNUZ')[c])).toEqual([2 ** -17, 1, 57344, NaN])
  })

  test.each(floats)('%s: the nearest code is the nearest of all, ties go to the even one', (_, type, values) => {
    const finite = Array.from(values, (value, code) => ({ value, code })).filter(({ value }) => !Number.isNaN(value))
    const middles = finite.slice(1, 2 ** (type.bits - 1) - 1).map(({ value, code }) => (value + (values[code - 1] as number)) / 2)
    const any = fc.oneof(
      fc.double({ min: type.least * 1.1, max: type.greatest * 1.1, noNaN: true }),
      fc.constantFrom(...middles.filter(Number.isFinite)),
    )
    fc.assert(
      fc.property(any, (x) => {
        const code = nearestCode(type, x)
        const distance = Math.abs((values[code] as number) - x)
        const best = Math.min(...finite.map(({ value }) => Math.abs(value - x)))
        expect(distance).toBe(best)
        const ties = finite.filter(({ value }) => Math.abs(value - x) === best && value !== 0)
        if (new Set(ties.map((t) => t.value)).size > 1) expect(code % 2).toBe(0)
        if (Math.abs(x) < type.greatest) expect(distance).toBeLessThanOrEqual(halfGap(type, code))
      }),
    )
  })
})

/** A grid of at most four axes, and one of its elements by its coordinates. */
const grids = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 7 })), { minLength: 1, maxLength: 4 })
  .map((axes): Grid => ({ dims: axes.map(([d]) => d), blocks: axes.map(([, b]) => b) }))
const sizeOf = ({ dims }: Grid) => dims.reduce((n, d) => n * d, 1)

/** The scale of an element by the definition, one coordinate after the other. */
function scaleOf({ dims, blocks }: Grid, element: number): number {
  let [rest, index, stride] = [element, 0, 1]
  for (let i = dims.length - 1; i >= 0; i--) {
    const [dim, block] = [dims[i] as number, blocks[i] as number]
    index += Math.floor((rest % dim) / block) * stride
    stride *= Math.ceil(dim / block)
    rest = Math.floor(rest / dim)
  }
  return index
}

describe('grids of scales', () => {
  test.each<[string, Grid, number, number[]]>([
    ['one for all', { dims: [2, 3], blocks: [2, 3] }, 1, [0, 0, 0, 0, 0, 0]],
    ['one an output', { dims: [2, 3], blocks: [1, 3] }, 2, [0, 0, 0, 1, 1, 1]],
    ['one a column', { dims: [2, 3], blocks: [2, 1] }, 3, [0, 1, 2, 0, 1, 2]],
    ['blocks that end early', { dims: [2, 3], blocks: [1, 2] }, 4, [0, 0, 1, 2, 2, 3]],
    ['blocks of rows', { dims: [3, 2], blocks: [2, 1] }, 4, [0, 1, 0, 1, 2, 3]],
    ['a number', { dims: [], blocks: [] }, 1, [0]],
  ])('%s', (_, grid, count, expected) => {
    const out = new Uint32Array(expected.length)
    scaleIndices(grid, 0, out)
    expect(scaleCount(grid)).toBe(count)
    expect([...out]).toEqual(expected)
  })

  test('any stretch of any grid is as the definition says', () => {
    fc.assert(
      fc.property(grids, fc.nat(), fc.nat(), (grid, a, b) => {
        const [start, end] = [a % (sizeOf(grid) + 1), b % (sizeOf(grid) + 1)].sort((x, y) => x - y) as [number, number]
        const out = new Uint32Array(end - start)
        scaleIndices(grid, start, out)
        expect([...out]).toEqual(Array.from(out, (_, i) => scaleOf(grid, start + i)))
      }),
    )
  })
})

const drawn = fc.float32Array({ min: -100, max: 100, noNaN: true, minLength: 1, maxLength: 60 })

describe('codes of values', () => {
  test.each(integers)(
    '%s: in steps of the least scale that holds them, values come back to half a step and none is saturated',
    (_, type) => {
      fc.assert(
        fc.property(drawn, fc.nat(), fc.integer({ min: 1, max: 20 }), (values, place, block) => {
          const grid = { dims: [values.length], blocks: [block] }
          const indices = new Uint32Array(values.length)
          scaleIndices(grid, 0, indices)
          // not at an end: from there one sign has no codes
          const zero = type.least + 1 + (place % (type.greatest - type.least - 1 || 1))
          const extremes = extremesOf(scaleCount(grid))
          widen(extremes, values, indices)
          const needed = Array.from(extremes.least, (least, k) => neededScale(least, extremes.greatest[k] as number, zero, type))
          const scales = needed.map((s) => (s === 0 ? 1 : (scaleAs('FLOAT', s) as number)))
          const steps = { type, limits: type, scales, zeros: [zero] }
          const [codes, back] = [new Int32Array(values.length), new Float64Array(values.length)]
          expect(quantize(steps, values, indices, codes)).toBe(0)
          dequantize(steps, codes, indices, back)
          values.forEach((v, i) => {
            expect(codes[i]).toBeGreaterThanOrEqual(type.least)
            expect(codes[i]).toBeLessThanOrEqual(type.greatest)
            expect(Math.abs((back[i] as number) - v)).toBeLessThanOrEqual((scales[indices[i] as number] as number) * (0.5 + 1e-6))
          })
        }),
      )
    },
  )

  test('half goes to even, what is beyond the ends to the ends, and is counted', () => {
    const type = codeTypes['INT8'] as NonNullable<(typeof codeTypes)['INT8']>
    const out = new Int32Array(7)
    const values = Float32Array.of(0.5, 1.5, -0.5, -1.5, 2.5, 200, -128)
    const limits = { least: -127, greatest: 127 }
    expect(quantize({ type, limits, scales: [1], zeros: [0] }, values, new Uint32Array(7), out)).toBe(2)
    expect([...out]).toEqual([0, 2, 0, -2, 2, 127, -127])
  })

  test('a zero point between two integers is part of what is rounded', () => {
    const type = codeTypes['UINT4'] as NonNullable<(typeof codeTypes)['UINT4']>
    const [codes, back] = [new Int32Array(3), new Float64Array(3)]
    const steps = { type, limits: type, scales: [0.1], zeros: [7.25] }
    quantize(steps, Float32Array.of(0, 0.03, -0.7), new Uint32Array(3), codes)
    expect([...codes]).toEqual([7, 8, 0])
    dequantize(steps, codes, new Uint32Array(3), back)
    expect(back[0]).toBeCloseTo(-0.025, 10)
  })

  test.each(floats)('%s: the nearest value in steps of the scale, the greatest being the greatest', (_, type, values) => {
    fc.assert(
      fc.property(drawn, (given) => {
        const most = Math.max(...given.map(Math.abs))
        if (most === 0) return
        const [codes, indices] = [new Int32Array(given.length), new Uint32Array(given.length)]
        const scale = neededScale(Math.min(0, ...given), Math.max(0, ...given), 0, type)
        expect(quantize({ type, limits: type, scales: [scale], zeros: [0] }, given, indices, codes)).toBe(0)
        given.forEach((v, i) => {
          const distance = Math.abs((values[codes[i] as number] as number) - v / scale)
          expect(distance).toBeLessThanOrEqual(halfGap(type, codes[i] as number) * (1 + 1e-9))
        })
      }),
    )
  })
})

describe('scales in the type that they are stored in', () => {
  test.each([
    ['FLOAT', 1 + 2 ** -30, 1 + 2 ** -23],
    ['FLOAT', 0.1, 0.10000000149011612],
    ['FLOAT16', 1 + 2 ** -20, 1 + 2 ** -10],
    ['FLOAT16', 2 ** -30, 2 ** -24],
    ['FLOAT16', 1e9, 65504],
    ['BFLOAT16', 1.001, 1 + 2 ** -7],
    ['FLOAT8E8M0', 0.3, 0.5],
    ['FLOAT8E8M0', 0.25, 0.25],
    ['DOUBLE', 0.1, 0.1],
  ])('%s: the least that holds %d is %d', (type, needed, expected) => {
    expect(isScaleType(type)).toBe(true)
    expect(scaleAs(type, needed)).toBe(expected)
  })

  test.each(['FLOAT', 'FLOAT16', 'BFLOAT16', 'FLOAT8E8M0'])('%s: never below what is needed, and a step at most above', (type) => {
    const step = { FLOAT: 2 ** -23, FLOAT16: 2 ** -10, BFLOAT16: 2 ** -7, FLOAT8E8M0: 1 }[type] as number
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 6e4, noNaN: true }), (needed) => {
        const scale = scaleAs(type, needed) as number
        expect(scale).toBeGreaterThanOrEqual(needed)
        expect(scale).toBeLessThanOrEqual(needed * (1 + step))
        expect(scaleAs(type, scale)).toBe(scale)
      }),
    )
  })

  test('other types have no scales', () => {
    expect([isScaleType('INT8'), scaleAs('INT8', 1)]).toEqual([false, null])
  })
})

describe('packing', () => {
  test.each<[string, number, number, number, number[], number[]]>([
    ['the first of two is low', 4, 4, 4, [1, 2, -1, -8], [0x21, 0x8f]],
    ['an odd one is padded with nothing', 4, 3, 3, [1, 2, 3], [0x21, 0x03]],
    ['four in a byte', 2, 4, 4, [0, 1, 2, 3], [0b11100100]],
    ['rows of their own bytes', 4, 3, 3, [1, 2, 3, 4, 5, 6], [0x21, 0x03, 0x54, 0x06]],
    ['rows padded to blocks', 4, 2, 4, [1, 2, 3, 4], [0x21, 0x88, 0x43, 0x88]],
    ['bytes', 8, 2, 2, [-1, 127], [255, 127]],
    ['16 bits, little-endian', 16, 2, 2, [-2, 258], [254, 255, 2, 1]],
  ])('%s', (_, bits, row, paddedRow, codes, bytes) => {
    const packing = { bits, signed: codes.some((c) => c < 0), row, paddedRow }
    expect([...packer(packing, 8)(Int32Array.from(codes))]).toEqual(bytes)
    const read = (start: number, end: number) => Uint8Array.from(bytes).subarray(start, end)
    expect([...unpack(packing, read, 0, codes.length)]).toEqual(codes)
  })

  test('any codes come back from any stretch, however they were handed over', () => {
    const shapes = fc.record({
      bits: fc.constantFrom(2, 4, 8, 16, 32),
      signed: fc.boolean(),
      row: fc.integer({ min: 1, max: 9 }),
      pad: fc.integer({ min: 0, max: 5 }),
    })
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        (shape, rows, cuts, stream) => {
          const { bits, signed, row } = shape
          const packing = { bits, signed: signed || bits === 32, row, paddedRow: row + (bits < 8 ? shape.pad : 0) }
          const codes = Int32Array.from({ length: row * rows }, () => {
            const code = (stream.next().value as number) % 2 ** bits
            return packing.signed && code >= 2 ** (bits - 1) ? code - 2 ** bits : code
          })
          const pack = packer(packing, 1)
          const ends = [...cuts.map((c) => c % (codes.length + 1)), codes.length].sort((a, b) => a - b)
          const bytes = Buffer.concat(ends.map((end, i) => Uint8Array.from(pack(codes.subarray(ends[i - 1] ?? 0, end)))))
          expect(bytes.length).toBe(bits < 8 ? rows * Math.ceil((packing.paddedRow * bits) / 8) : (codes.length * bits) / 8)
          const [start, end] = [ends[0] as number, codes.length]
          expect([...unpack(packing, (from, to) => bytes.subarray(from, to), start, end)]).toEqual([...codes.subarray(start, end)])
        },
      ),
    )
  })
})
