import { expect, test } from 'vitest'
import { type Initializer, initializers } from '../../src/init/initializers.js'
import { makeFill } from '../../src/init/makeFill.js'
import { resolveInitializer } from '../../src/init/resolveInitializer.js'
import { roundTo } from '../../src/init/roundTo.js'
import { accumulate } from '../../src/init/statistics.js'
import type { FillTarget, FloatType, InitializerSpec } from '../../src/types.js'
import { linear } from './target.js'

const target = linear(96, 250)
/** Every initializer with its defaults, and with every choice and the other boolean of each parameter. */
const cases = Object.entries(initializers).flatMap(([name, { parameters }]) => {
  const base = Object.fromEntries(
    Object.entries(parameters).flatMap(([key, p]) =>
      p.default === null && p.optional !== true ? [[key, p.type === 'string' ? 'x' : 0.5]] : [],
    ),
  )
  const others = Object.entries(parameters).flatMap(([key, p]) =>
    (p.choices ?? (p.type === 'boolean' ? [!p.default] : [])).map((value) => ({ ...base, [key]: value })),
  )
  return [base, ...others].map((given) => [`${name} ${JSON.stringify(given)}`, resolveInitializer({ name, parameters: given })] as const)
})

test.each(cases)('%s: the same seed gives the same values, in any chunks', (_, spec) => {
  const whole = values(spec, target, 5n)
  expect(values(spec, target, 5n)).toEqual(whole)
  const { filler } = makeFill(spec, target, 5n)
  if (filler.access !== 'random') return
  const parts = new Float32Array(target.elementCount)
  for (let start = 0, length = 1; start < parts.length; start += length, length = (length * 3 + 1) % 5003)
    filler.fill(parts.subarray(start, start + length), start)
  expect(parts).toEqual(whole)
})

test.each(cases)('%s: mean and deviation as expected, in every type', (_, spec) => {
  for (const dataType of ['FLOAT', 'DOUBLE', 'FLOAT16', 'BFLOAT16'] as const) {
    const { distribution } = makeFill(spec, target, 0n)
    const { checks } = prove(spec, { ...target, dataType }, 0n, distribution)
    for (const check of checks) expect(check, `${dataType} ${check.name}`).toMatchObject({ passed: true })
  }
})

test.each(Object.entries(initializers))('%s: parameters are described, and what is out of range refused', (name, entry) => {
  for (const [key, p] of Object.entries(entry.parameters)) {
    expect(p.description).not.toBe('')
    const bad: (number | string)[] = p.type === 'string' ? [''] : p.type === 'number' ? ['x', NaN, Infinity] : ['x']
    if (p.minimum !== undefined) bad.push(p.minimum - 1)
    if (p.maximum !== undefined) bad.push(p.maximum + 1)
    for (const value of bad) expect(() => resolveInitializer({ name, parameters: { [key]: value } }), `${key}=${value}`).toThrow(key)
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
] as const)('%s on %j is refused', (given, different, message) => {
  expect(() => makeFill(resolveInitializer(given), { ...target, ...different }, 0n)).toThrow(message)
})

function values(spec: InitializerSpec, of: FillTarget, seed: bigint): Float32Array {
  const { filler } = makeFill(spec, of, seed)
  const out = new Float32Array(of.elementCount)
  if (filler.access === 'random') filler.fill(out, 0)
  else if (filler.access === 'whole') filler.fill(out)
  else filler.next(out)
  return out
}

/** Checks of the values as the type holds them. */
function prove(spec: InitializerSpec, of: FillTarget, seed: bigint, expected: ReturnType<typeof makeFill>['distribution']) {
  const statistics = accumulate(expected, of.dataType, of.elementCount)
  statistics.add(Float64Array.from(values(spec, of, seed), (v) => roundTo(of.dataType as FloatType, v)))
  return statistics.finish()
}
