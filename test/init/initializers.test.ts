import { expect, test } from 'vitest'
import { type Initializer, initializers } from '../../src/init/initializers.js'
import { makeFill } from '../../src/init/makeFill.js'
import { resolveInitializer } from '../../src/init/resolveInitializer.js'
import { roundTo } from '../../src/init/roundTo.js'
import { accumulate } from '../../src/init/statistics.js'
import type { FillTarget, InitializerSpec } from '../../src/types.js'
import { convolution, linear } from './target.js'

/** What each initializer is tried on: a matrix, unless it asks for a convolution. */
const target = linear(60, 150)
const targets: Readonly<Record<string, FillTarget>> = { dirac: convolution(64, 32, 3), delta_orthogonal: convolution(64, 32, 3) }
const targetOf = (spec: InitializerSpec) => targets[spec.name] ?? target
/** Old values, exact in every type: for match, shuffle and from. */
const context = {
  values: (start: number, end: number) => Float64Array.from({ length: end - start }, (_, i) => ((((start + i) * 37) % 256) - 96) / 64),
}

/** Parameters that must be given. */
const required = ({ parameters }: Initializer) =>
  Object.fromEntries(
    Object.entries(parameters).flatMap(([key, p]) =>
      p.default === null && p.optional !== true ? [[key, p.type === 'string' ? 'x' : 0.5]] : [],
    ),
  )
/** Every initializer with its defaults, and with every choice and the other boolean of each parameter. */
const cases = Object.entries(initializers).flatMap(([name, entry]) => {
  const others = Object.entries(entry.parameters).flatMap(([key, p]) =>
    (p.choices ?? (p.type === 'boolean' ? [!p.default] : [])).map((value) => ({ ...required(entry), [key]: value })),
  )
  return [required(entry), ...others].map(
    (given) => [`${name} ${JSON.stringify(given)}`, resolveInitializer({ name, parameters: given })] as const,
  )
})

test.each(cases)('%s: the same seed gives the same values, in any chunks', (_, spec) => {
  const whole = values(spec, targetOf(spec), 5n)
  expect(values(spec, targetOf(spec), 5n)).toEqual(whole)
  const { filler } = makeFill(spec, targetOf(spec), 5n, context)
  if (filler.access !== 'random') return
  const parts = new Float32Array(whole.length)
  for (let start = 0, length = 1; start < parts.length; start += length, length = (length * 3 + 1) % 2003)
    filler.fill(parts.subarray(start, start + length), start)
  expect(parts).toEqual(whole)
})

test.each(cases)('%s: the checks pass in every type, and fail for other values', (_, spec) => {
  for (const dataType of ['FLOAT', 'DOUBLE', 'FLOAT16', 'BFLOAT16'] as const) {
    const of = { ...targetOf(spec), dataType }
    const drawn = values(spec, of, 0n)
    const { checks, moments } = prove(spec, of, drawn)
    expect(checks.length).toBeGreaterThan(0)
    for (const check of checks) expect(check, `${dataType} ${check.name}`).toMatchObject({ passed: true })
    const { mean, std } = makeFill(spec, of, 0n, context).distribution
    expect(Math.abs(moments.mean - mean)).toBeLessThanOrEqual(0.06 * std + 0.01 * Math.abs(mean))
    expect(Math.abs(moments.std - std)).toBeLessThanOrEqual(0.05 * std)
    drawn[7] = 70
    expect(
      prove(spec, of, drawn).checks.some((check) => !check.passed),
      dataType,
    ).toBe(true)
  }
})

test.each(Object.entries(initializers))('%s: parameters are described, and what is out of range refused', (name, entry) => {
  expect(entry.summary).not.toBe('')
  for (const [key, p] of Object.entries(entry.parameters)) {
    expect(p.description).not.toBe('')
    const bad: (number | string)[] = p.type === 'string' ? [''] : p.type === 'number' ? ['x', NaN, Infinity] : ['x']
    if (p.minimum !== undefined) bad.push(p.minimum - 1)
    if (p.maximum !== undefined) bad.push(p.maximum + 1)
    for (const value of bad)
      expect(() => resolveInitializer({ name, parameters: { ...required(entry), [key]: value } }), `${key}=${value}`).toThrow(key)
  }
  expect(() => resolveInitializer({ name, parameters: { nonsense: 1 } })).toThrow('nonsense')
})

test('names, aliases and presets are all different', () => {
  const names = Object.entries(initializers).flatMap(([name, entry]: [string, Initializer]) => [
    name,
    ...entry.aliases,
    ...Object.keys(entry.presets ?? {}),
  ])
  expect(new Set(names).size).toBe(names.length)
})

test('seed, scope and name each change the values', () => {
  const spec = resolveInitializer('xavier_normal')
  const drawn = [
    values(spec, target, 0n),
    values(spec, target, 1n),
    values(spec, { ...target, scope: 'f' }, 0n),
    values(spec, { ...target, name: 'g' }, 0n),
  ]
  expect(new Set(drawn.map((v) => v.join())).size).toBe(4)
})

test.each([
  ['xavier_normal', { fan: null }, 'no fan_in'],
  ['he_normal', { fan: { fanIn: 0, fanOut: 4 } }, 'fan_in 0'],
  ['constant:1e5', { dataType: 'FLOAT16' }, 'FLOAT16'],
  ['normal:std=1e38', {}, 'FLOAT'],
  ['normal:std=1e-9', { dataType: 'FLOAT16' }, 'FLOAT16'],
  ['uniform:a=1,b=0', {}, 'above'],
  ['trunc_normal:a=2,b=2', {}, 'not below'],
  ['trunc_normal:a=7,b=8', {}, 'nearer'],
  ['eye', { dims: [4, 4, 3, 3], layout: ['out', 'in', 'spatial', 'spatial'] }, '[4, 4, 3, 3]'],
  ['eye', { dims: [8], layout: [] }, '[8]'],
  ['dirac', {}, '3 to 5 axes'],
  ['dirac:groups=5', { dims: [8, 4, 3] }, '8 channels of tensor "fc.weight" don\'t divide into 5'],
  ['delta_orthogonal', {}, '3 to 5 axes'],
  ['delta_orthogonal', { dims: [4, 8, 3] }, '8 and 4'],
  ['orthogonal', { dims: [8], layout: [] }, 'two axes'],
  ['sparse:0.1', { dims: [8], layout: [] }, 'two axes'],
  ['match', {}, "can't be read"],
  ['torch_default', { role: 'bias', fan: null }, 'fan_in'],
  ['torch_default:padding_idx=60', { role: 'embedding' }, 'padding_idx 60'],
] as const)('%s on %j is refused', (given, different, message) => {
  expect(() => makeFill(resolveInitializer(given), { ...target, ...different }, 0n)).toThrow(message)
})

function values(spec: InitializerSpec, of: FillTarget, seed: bigint): Float32Array {
  const { filler } = makeFill(spec, of, seed, context)
  const out = new Float32Array(of.elementCount)
  if (filler.access === 'random') filler.fill(out, 0)
  else if (filler.access === 'whole') filler.fill(out)
  else filler.next(out)
  return out
}

/** Moments and checks of values as the type holds them. */
function prove(spec: InitializerSpec, of: FillTarget, drawn: Float32Array) {
  const { distribution, structure } = makeFill(spec, of, 0n, context)
  const statistics = accumulate(distribution, of.dataType, of.elementCount, structure)
  const stored = Float64Array.from(drawn, (v) => roundTo(of.dataType, v))
  statistics.add(stored.subarray(0, 1001))
  statistics.add(stored.subarray(1001))
  return statistics.finish()
}
