import { expect, test } from 'vitest'
import { makeFill } from '../../src/init/makeFill.js'
import { chiSquareLimits, normalBelow, normalLimit } from '../../src/init/quantiles.js'
import { resolveInitializer } from '../../src/init/resolveInitializer.js'
import { roundTo } from '../../src/init/roundTo.js'
import { accumulate } from '../../src/init/statistics.js'
import type { Distribution, FillTarget, FloatType, Values } from '../../src/types.js'
import { linear } from './target.js'

test('a gain wrong by √2 is caught from 300 elements on', () => {
  const target = linear(15, 20)
  expect(failed(draw('he_normal', target), expected('he_normal:gain=1', target))).toContain('variance')
  expect(failed(draw('he_normal:gain=1', target), expected('he_normal', target))).toContain('variance')
  expect(failed(draw('he_normal', target), expected('he_normal', target))).toEqual([])
})

test('swapped fans are caught with He on 512×128', () => {
  const target = linear(512, 128)
  const swapped = { ...target, fan: { fanIn: 512, fanOut: 128 } }
  for (const name of ['he_normal', 'he_uniform']) {
    expect(failed(draw(name, swapped), expected(name, target))).toContain('variance')
    expect(failed(draw(name, target), expected(name, target))).toEqual([])
  }
})

test('a uniform in place of a normal, and the other way, is caught by its shape', () => {
  const target = linear(100, 100)
  expect(failed(draw('xavier_uniform', target), expected('xavier_normal', target))).toContain('shape')
  expect(failed(draw('xavier_normal', target), expected('xavier_uniform', target))).toEqual(expect.arrayContaining(['shape', 'range']))
  expect(failed(draw('xavier_normal', target), expected('xavier_normal:truncated=true', target))).toContain('range')
})

test('a seed that is off by one is caught by drawing again', () => {
  const target = linear(100, 100)
  expect(draw('xavier_normal', target, 1n)).not.toEqual(draw('xavier_normal', target, 0n))
  expect(draw('xavier_normal', target, 0n)).toEqual(draw('xavier_normal', target, 0n))
})

test('a shifted mean, a constant tensor and NaN are caught', () => {
  const target = linear(100, 100)
  const normal = expected('normal', target)
  expect(failed(draw('normal:mean=0.1', target), normal)).toContain('mean')
  expect(failed(draw('zeros', target), normal)).toEqual(['variance', 'shape'])
  expect(failed(draw('normal', target).fill(NaN, 3, 4), normal)).toEqual(['mean', 'variance'])
  expect(failed(draw('normal', target).fill(Infinity, 3, 4), normal)).toEqual(['mean', 'variance', 'range'])
  expect(failed(draw('normal', target), expected('constant:1', target))).toEqual(['equal'])
  expect(failed(draw('constant:0.1', target), expected('constant:0.1', target))).toEqual([])
})

test('a few values pass as consistent', () => {
  for (const name of ['normal', 'uniform', 'trunc_normal'])
    for (let n = 1; n < 40; n++) expect(failed(draw(name, linear(1, n)), expected(name, linear(1, n)))).toEqual([])
})

test('half types: rounding is no alarm, subnormals included', () => {
  for (const dataType of ['FLOAT16', 'BFLOAT16'] as const)
    for (const given of ['xavier_uniform', 'normal:std=1e-5', 'normal:std=1e-7', 'uniform:a=-1e-6,b=1e-6', 'trunc_normal_tf:std=1e-6']) {
      const target = linear(500, 300, { dataType })
      const values = draw(given, target).map((v) => roundTo(dataType, v))
      expect(failed(values, expected(given, target), dataType), `${dataType} ${given}`).toEqual([])
    }
})

test('moments of old values: any chunks, far from zero, NaN and infinities', () => {
  const values = Float64Array.from({ length: 10_000 }, (_, i) => 1e8 + (i % 7))
  const whole = moments(values)
  expect(moments(values.subarray(0, 1), values.subarray(1, 4000), values.subarray(4000))).toMatchObject({ min: 1e8, max: 1e8 + 6 })
  expect(whole.std).toBeCloseTo(2.0001, 3)
  const { mean, std } = moments(values.subarray(0, 1), values.subarray(1, 4000), values.subarray(4000))
  expect(Math.abs(mean - whole.mean)).toBeLessThan(1e-6)
  expect(Math.abs(std - whole.std)).toBeLessThan(1e-9)
  expect(moments(Float64Array.of(1, NaN, 3))).toEqual({ mean: NaN, std: NaN, min: 1, max: 3 })
  expect(moments(Float64Array.of(1, -Infinity))).toEqual({ mean: -Infinity, std: NaN, min: -Infinity, max: 1 })
  expect(moments(new Float32Array(0))).toEqual({ mean: NaN, std: NaN, min: NaN, max: NaN })
  expect(moments(Float32Array.of(7))).toEqual({ mean: 7, std: 0, min: 7, max: 7 })
})

// by SciPy 1.15: norm.isf(p/2), chi2.ppf(p/2, n)/n and chi2.isf(p/2, n)/n
test('quantiles', () => {
  expect(normalLimit(2.5e-7)).toBeCloseTo(5.15770131219888, 9)
  expect(normalLimit(2.5e-13)).toBeCloseTo(7.318906340010956, 9)
  expect(normalLimit(0.05)).toBeCloseTo(1.959963984540054, 9)
  for (const [n, low, high] of [
    [1, 2.454369260617044e-14, 27.942103922149393],
    [2, 1.25e-7, 15.89495],
    [5, 0.0011215, 8.076596],
    [10, 0.0220919, 5.1786115],
  ] as const) {
    const limits = chiSquareLimits(n, 2.5e-7)
    expect(limits.low / low).toBeCloseTo(1, 4)
    expect(limits.high / high).toBeCloseTo(1, 5)
  }
  expect(normalBelow(-2)).toBeCloseTo(0.022750131948179195, 15)
})

function expected(given: string, target: FillTarget): Distribution {
  return makeFill(resolveInitializer(given), target, 0n).distribution
}

function draw(given: string, target: FillTarget, seed = 0n): Float32Array {
  const { filler } = makeFill(resolveInitializer(given), target, seed)
  const values = new Float32Array(target.elementCount)
  if (filler.access === 'random') filler.fill(values, 0)
  return values
}

/** Names of the checks that values do not pass. */
function failed(values: Values, distribution: Distribution, dataType: FloatType = 'FLOAT'): string[] {
  const statistics = accumulate(distribution, dataType, values.length)
  statistics.add(values)
  return statistics.finish().checks.flatMap((check) => (check.passed ? [] : [check.name]))
}

function moments(...chunks: Values[]) {
  const statistics = accumulate(null, 'DOUBLE', 0)
  for (const chunk of chunks) statistics.add(chunk)
  return statistics.finish().moments
}
