import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeFill } from '../../src/init/makeFill.js'
import { resolveInitializer } from '../../src/init/resolveInitializer.js'
import { accumulate } from '../../src/init/statistics.js'
import type { FillTarget } from '../../src/types.js'
import { convolution, linear } from './target.js'

const old = Float32Array.from({ length: 25_000 }, (_, i) => Math.fround(i * 0.1))
const values = (start: number, end: number) => old.subarray(start, end)

// a published stream never changes: a hash that differs here is a new stream, which needs a new name
test.each([
  ['orthogonal', linear(100, 250), '51c61f01bdfbbb893011a26f38a79d2c5899e9f0a4c587d8f2ad213f67576e87'],
  ['orthogonal', linear(250, 100), '333ca7d2b3bbb0f7cb9dcf472cf61c7ebd0cf07dc14b5afb2fd36f8c62d518d2'],
  [
    'orthogonal:gain=2',
    linear(30, 40, { dims: [40, 30], layout: ['in', 'out'] }),
    'b038b0d92dcee94ed37ee32692fef61e51227ee911bfb41a39849b7a2b6eb0b2',
  ],
  ['orthogonal', convolution(64, 16, 3), '19a13c3bd0db8790f02005d0037a66184c6528f3c1f7769e3c8e36be7abc9cec'],
  ['delta_orthogonal', convolution(64, 32, 3, { groups: 4 }), '3f5c19dd61040418b5bb0a171e57cc405d80237b1381a0851959dbf836d72c63'],
  ['sparse:0.3', linear(100, 250), 'd65fec88ada50e69de624a6ebd8bb8383be5317b3e6d06ae261dac5c17d8df43'],
  ['shuffle', linear(100, 250), 'bff0d065b19c4204dec06e404d251218355fff3fbd912b200cf4fc647c755122'],
] as const)('%s: the values are frozen', (given, target, sha256) => {
  expect(createHash('sha256').update(draw(given, target)).digest('hex')).toBe(sha256)
})

test('[in, out] and [out, in] get the same matrix', () => {
  for (const given of ['orthogonal', 'eye']) {
    const rows = draw(given, linear(30, 40))
    const columns = draw(given, linear(30, 40, { dims: [40, 30], layout: ['in', 'out'] }))
    expect(columns.every((v, i) => v === rows[(i % 30) * 40 + Math.floor(i / 30)])).toBe(true)
  }
})

test('sparse: the same share of zeros in each column', () => {
  const drawn = draw('sparse:0.255', linear(100, 7))
  for (let c = 0; c < 7; c++) expect(drawn.filter((v, i) => i % 7 === c && v === 0).length).toBe(26)
})

test('dirac keeps channels, groups and centres', () => {
  expect(ones('dirac', convolution(4, 4, 3))).toEqual([0, 1, 2, 3].map((d) => (d * 4 + d) * 9 + 4))
  expect(ones('dirac', convolution(4, 4, 3, { groups: 2 }))).toEqual([4, 18 + 9 + 4, 36 + 4, 54 + 9 + 4])
  expect(ones('dirac:groups=1', convolution(4, 4, 3, { groups: 2 }))).toEqual([4, 18 + 9 + 4])
  expect(ones('dirac', convolution(2, 2, 4))).toEqual([10, 3 * 16 + 10])
})

test('shuffle keeps the values', () => {
  const drawn = draw('shuffle', linear(100, 250))
  expect(drawn).not.toEqual(old)
  expect(drawn.toSorted()).toEqual(old)
})

test('a packed projection gets an orthogonal matrix a part', () => {
  const target = linear(60, 20, { dims: [20, 60], layout: ['in', 'out'], stacked: 3 })
  const drawn = draw('orthogonal', target)
  for (let part = 0; part < 3; part++)
    for (let i = 0; i < 20; i++)
      for (let j = 0; j <= i; j++) {
        let dot = 0
        for (let k = 0; k < 20; k++) dot += (drawn[k * 60 + part * 20 + i] as number) * (drawn[k * 60 + part * 20 + j] as number)
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 6)
      }
})

test.each([
  ['orthogonal', (v: Float32Array) => v.set([(v[5] as number) + 1e-3], 5), 'orthogonal'],
  ['orthogonal', (v: Float32Array) => v.fill(NaN, 9, 10), 'orthogonal'],
  ['sparse:0.3', (v: Float32Array) => v.fill(0.01, v.indexOf(0), v.indexOf(0) + 1), 'zeros'],
  ['sparse:0.3', (v: Float32Array) => v.forEach((x, i) => (v[i] = 1.5 * x)), 'variance'],
  ['shuffle', (v: Float32Array) => v.fill(3.3, 5, 6), 'permutation'],
  ['from:x', (v: Float32Array) => v.fill(3.3, 5, 6), 'equal'],
  ['eye', (v: Float32Array) => v.fill(1, 5, 6), 'equal'],
] as const)('%s: what is changed is caught', (given, change, name) => {
  const target = linear(100, 250)
  expect(failed(given, target, draw(given, target))).toEqual([])
  const drawn = draw(given, target)
  change(drawn)
  expect(failed(given, target, drawn)).toContain(name)
})

test('delta_orthogonal: what is not at the centre is zero', () => {
  const target = convolution(64, 32, 3)
  const drawn = draw('delta_orthogonal', target)
  expect(failed('delta_orthogonal', target, drawn)).toEqual([])
  drawn[0] = 0.5
  expect(failed('delta_orthogonal', target, drawn)).toEqual(['zeros'])
})

test('torch_default zeroes the padding row of an embedding and no other', () => {
  const target = linear(50, 40, { role: 'embedding' })
  const drawn = draw('torch_default:padding_idx=3', target)
  expect(drawn.every((v, i) => (v === 0) === (Math.floor(i / 40) === 3))).toBe(true)
  expect(failed('torch_default:padding_idx=3', target, drawn)).toEqual([])
  drawn[130] = 1
  expect(failed('torch_default:padding_idx=3', target, drawn)).toEqual(['equal'])
})

function draw(given: string, target: FillTarget): Float32Array {
  const { filler } = makeFill(resolveInitializer(given), target, 0n, { values })
  const out = new Float32Array(target.elementCount)
  if (filler.access === 'random') filler.fill(out, 0)
  else if (filler.access === 'whole') filler.fill(out)
  return out
}

const ones = (given: string, target: FillTarget) => [...draw(given, target)].flatMap((v, i) => (v === 1 ? [i] : []))

function failed(given: string, target: FillTarget, drawn: Float32Array): string[] {
  const { distribution, structure } = makeFill(resolveInitializer(given), target, 0n, { values })
  const statistics = accumulate(distribution, target.dataType, target.elementCount, structure)
  for (let start = 0; start < drawn.length; start += 777) statistics.add(drawn.subarray(start, start + 777))
  return statistics.finish().checks.flatMap((check) => (check.passed ? [] : [check.name]))
}
