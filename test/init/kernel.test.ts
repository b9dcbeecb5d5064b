import { expect, test } from 'vitest'
import { compileKernel } from '../../assembly/compile.mjs'
import { compiledDraw } from '../../src/init/kernel/compiledDraw.js'
import { encodeCompiled } from '../../src/init/kernel/compiledEncode.js'
import { compiledQrMemory } from '../../src/init/kernel/compiledQr.js'
import { instantiate } from '../../src/init/kernel/kernel.js'
import { measure } from '../../src/init/measure.js'
import { stream } from '../../src/init/philox.js'
import { plainDraw, transformOf } from '../../src/init/plainDraw.js'
import { orthonormalize, plainQrMemory, type QrMemory } from '../../src/init/qr.js'
import type { RandomDraw } from '../../src/init/rules.js'
import { roundTo } from '../../src/init/roundTo.js'
import { Generator } from '../../src/init/torch/generator.js'
import { normal } from '../../src/init/torch/samplers.js'
import { codecs } from '../../src/onnx/values/dataTypes.js'
import { encodeBrains, encodeHalves } from '../../src/onnx/values/halfTypes.js'
import type { FloatType, Moments, Values } from '../../src/types.js'

const module = new WebAssembly.Module(await compileKernel())
const kernel = instantiate(module)

const draws: Readonly<Record<string, RandomDraw>> = {
  uniform: { kind: 'uniform', low: -1, high: 1 },
  'uniform between 0.1 and 0.3': { kind: 'uniform', low: 0.1, high: 0.3 },
  normal: { kind: 'normal', mean: 0, std: 1 },
  'normal of mean 3': { kind: 'normal', mean: 3, std: 0.1 },
  'cut at ±2': { kind: 'truncated_normal', mean: 0, std: 1, low: -2, high: 2 },
  'cut far out': { kind: 'truncated_normal', mean: 0, std: 0.02, low: -2, high: 2 },
  'cut on the left': { kind: 'truncated_normal', mean: 0, std: 1, low: -1, high: 8 },
  'cut on the right': { kind: 'truncated_normal', mean: 1, std: 2, low: -9, high: 0 },
  'one tail': { kind: 'truncated_normal', mean: 0, std: 1, low: 5, high: 7 },
}

test.each(Object.entries(draws))('%s: the kernel draws the values of plain TypeScript', (_, drawn) => {
  const transform = transformOf(drawn)
  const source = stream(0xfedcba9876543210n, 'scope', 'w')
  const [plain, compiled] = [new Float32Array(2_000_003), new Float32Array(2_000_003)]
  plainDraw(source, transform, plain, 2 ** 34 - 1_000_000)
  compiledDraw(kernel, source, transform, compiled, 2 ** 34 - 1_000_000)
  expectSameBits(compiled, plain)
  // every start in a block with every length of up to seventeen blocks, and the lengths about a call's
  for (let start = 0; start < 4; start++)
    for (const length of [...Array(69).keys(), 8188, 8189, 8190, 8191, 8192, 8193, 8196, 16_387]) {
      const [a, b] = [new Float64Array(length), new Float64Array(length)]
      plainDraw(source, transform, a, 1000 + start)
      compiledDraw(kernel, source, transform, b, 1000 + start)
      expect(b).toEqual(a)
    }
})

test.each([
  [1, 1],
  [5, 3],
  [33, 33],
  [64, 31],
  [130, 97],
  [300, 257],
])('orthonormalize %d × %d: the same bits', (rows, columns) => {
  const fill = ({ a, stride }: QrMemory) => {
    const row = new Float64Array(columns)
    for (let r = 0; r < rows; r++) {
      plainDraw(stream(0n, '', 'w'), transformOf({ kind: 'normal', mean: 0, std: 1 }), row, r * columns)
      a.set(row, r * stride)
    }
  }
  const plain = plainQrMemory(rows, columns)
  const compiled = compiledQrMemory(instantiate(module), rows, columns) as QrMemory
  for (const memory of [plain, compiled]) {
    fill(memory)
    orthonormalize(memory, rows, columns)
  }
  expectSameBits(compiled.a, plain.a)
})

test("a matrix beyond WebAssembly's memory is left to plain TypeScript", () => {
  expect(compiledQrMemory(kernel, 40_000, 40_000)).toBeNull()
})

test.each([
  [1_000_000, 'FLOAT'],
  [1_000_005, 'FLOAT'],
  [100_015, 'FLOAT16'],
  [100_001, 'BFLOAT16'],
  ...Array.from({ length: 20 }, (_, i) => [16 + i, 'FLOAT'] as const),
  [4096, 'FLOAT'],
  [4096 + 31, 'FLOAT'],
] as const)('torch normals, %d of %s: the same bits', (count, dataType: FloatType) => {
  for (const [mean, std] of [
    [0, 1],
    [0.3, 0.02],
  ] as const) {
    const [plain, compiled] = [new Float32Array(count), new Float32Array(count)]
    normal(new Generator(7n), dataType, count, mean, std, null)(plain)
    const next = normal(new Generator(7n), dataType, count, mean, std, kernel)
    for (let start = 0; start < count; start += 30_011) next(compiled.subarray(start, start + 30_011))
    expectSameBits(compiled, plain)
  }
})

test('measure: the same bins, the same moments but for the last digits', () => {
  const values = new Float32Array(200_003)
  plainDraw(stream(0n, '', 'w'), transformOf({ kind: 'normal', mean: 1, std: 2 }), values, 0)
  for (const special of [[], [NaN], [Infinity, -Infinity], [1e30, -1e30]]) {
    values.set(special, 100_000)
    const [plain, compiled] = [null, kernel].map((of) => {
      const counts = new Uint32Array(4097)
      const { add, finish } = measure({ first: -11, perUnit: 170, counts }, of)
      add(values.subarray(0, 3))
      add(values.subarray(3, 150_000))
      add(values.subarray(150_000))
      return { counts, ...finish() }
    }) as [Measured, Measured]
    expect(compiled.counts).toEqual(plain.counts)
    expect([compiled.min, compiled.max]).toEqual([plain.min, plain.max])
    if (Number.isFinite(plain.std)) expect(compiled.std / plain.std).toBeCloseTo(1, 12)
    else expect(compiled.std).toBe(plain.std)
    if (Number.isFinite(plain.mean)) expect(Math.abs(compiled.mean - plain.mean)).toBeLessThan(1e-12 * plain.std)
  }
})

test('measure: a large chunk gives the digits and the bins of its pieces', () => {
  const values = new Float32Array(200_003)
  plainDraw(stream(0n, '', 'w'), transformOf({ kind: 'normal', mean: 1, std: 2 }), values, 0)
  for (const of of [null, kernel]) {
    const [whole, pieces] = [values.length, 65_536].map((length) => {
      const counts = new Uint32Array(4097)
      const { add, finish } = measure({ first: -11, perUnit: 170, counts }, of)
      for (let start = 0; start < values.length; start += length) add(values.subarray(start, start + length))
      return { counts, ...finish() }
    })
    expect(whole).toEqual(pieces)
  }
})

test.each([
  ['float16', 'FLOAT16'],
  ['bfloat16', 'BFLOAT16'],
] as const)('%s: the codes of every rounding, NaN payloads as in plain TypeScript', (type, dataType) => {
  // every upper half of a float32 with what makes a tie, and a little more or less
  const lower = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001]
  const bits = Uint32Array.from(
    { length: 65_536 * lower.length },
    (_, i) => Math.floor(i / lower.length) * 65_536 + (lower[i % lower.length] as number),
  )
  const values = new Float32Array(bits.buffer)
  const codes = new Uint16Array(values.length)
  expect(encodeCompiled(type, values, codes, kernel)).toBe(true)
  const decode = codecs[dataType].decode(new Uint8Array(codes.buffer))
  let different = 0
  for (let i = 0; i < values.length; i++) if (!Object.is(decode[i], roundTo(dataType, values[i] as number))) different++
  expect(different).toBe(0)
  expect(plainCodes[type](values, null).every((code, i) => code === codes[i])).toBe(true)
  const part = new Uint16Array(13)
  encodeCompiled(type, values.subarray(5, 18), part, kernel)
  expect(part).toEqual(codes.subarray(5, 18))
  expect(encodeCompiled(type, values, codes, null)).toBe(false)
})

const plainCodes = { float16: encodeHalves, bfloat16: encodeBrains }

type Measured = Moments & { counts: Uint32Array }

function expectSameBits(actual: Values, expected: Values): void {
  const bytes = (v: Values) => Buffer.from(v.buffer, v.byteOffset, v.byteLength)
  expect(Buffer.compare(bytes(actual), bytes(expected))).toBe(0)
}
