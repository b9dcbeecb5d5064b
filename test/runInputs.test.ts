import { expect, test } from 'vitest'
import { attempts, bindShapes } from '../src/run/attempts.js'
import { describeOutput } from '../src/run/describeOutput.js'
import { evaluateDimension } from '../src/run/evaluateDimension.js'
import { makeValues } from '../src/run/makeValues.js'
import { tensorTypes } from '../src/run/tensorTypes.js'

const sizes: Readonly<Record<string, number>> = { past: 3, seq: 4, batch: 2, s0: 5 }
const formulas: Readonly<Record<string, number | null>> = {
  'past + 1': 4,
  'past+seq': 7,
  '2*s0': 10,
  '2*(past + seq) - batch*s0': 4,
  's0//2': 2,
  '((s0 - 1)//2) + 1': 3,
  past: null,
  'past - seq': null,
  'past-total': null,
  'batch-size': null,
  '1/0': null,
  'past +': null,
  'past seq 1': null,
  '(past + 1': null,
  's0//0': null,
  '日本 + 1': null,
  '': null,
}
test.each(Object.entries(formulas))('"%s" as a formula', (name, value) => {
  expect(
    evaluateDimension(
      name,
      (part) => Object.hasOwn(sizes, part),
      (part) => sizes[part] as number,
    ),
  ).toBe(value)
})

const input = (name: string, ...shape: (number | string)[]) => ({ name, shape })
const unbound = { dims: {}, inputs: {}, unranked: [] }
const largest = attempts.find((a) => a.size === 512 && a.axes === 'all') as (typeof attempts)[number]
const trailing = { ...largest, axes: 'trailing' as const }

test('the first attempt is all ones', () => {
  expect(bindShapes([input('x', 'n', 3, '', ''), input('s')], unbound, attempts[0] as typeof largest)).toEqual([[1, 3, 1, 1], []])
})
test('the first of several axes is the batch, by its name elsewhere too', () => {
  const shapes = bindShapes([input('x', 'b', 3, 'h', ''), input('lengths', 'b'), input('wave', 'n')], unbound, largest)
  expect(shapes).toEqual([[1, 3, 512, 512], [1], [512]])
})
test('trailing axes have no number behind them, in one of their places', () => {
  const shapes = bindShapes(
    [input('wave', '', ''), input('state', 2, '', 128), input('h', 2, 'n', 4), input('y', 1, 'n')],
    unbound,
    trailing,
  )
  expect(shapes).toEqual([
    [1, 512],
    [2, 1, 128],
    [2, 512, 4],
    [1, 512],
  ])
})
test('what the user gives holds in every attempt', () => {
  const file = { kind: 'file', path: '', start: 0, byteLength: 0, shape: [6, 7] } as const
  const job = { dims: { past: 9, b: 2 }, inputs: { y: file }, unranked: ['z'] }
  expect(bindShapes([input('x', 'b', 'past', 'past + 1'), input('y', 'b', 'n'), input('z')], job, { ...largest, past: 0 })).toEqual([
    [2, 9, 10],
    [6, 7],
    [1, 512],
  ])
})

test.each(Object.entries(tensorTypes))('%s has values for every fill', (type, { array }) => {
  for (const fill of ['zeros', 'ones', 'random', 'positive'] as const) {
    const values = makeValues('x', type, 10, fill)
    expect(values.length).toBe(type.endsWith('int4') ? 5 : 10)
    expect(values).toBeInstanceOf(array ?? Array)
    expect(makeValues('x', type, 10, fill)).toEqual(values)
  }
})

/** Mean and standard deviation of 100,000 values; four standard errors. */
const moments = {
  random: [0, 1, 0.013],
  positive: [0.5, Math.sqrt(1 / 12), 0.004],
} as const
test.each(['float32', 'float64', 'float16'])('%s: normals and uniforms', (type) => {
  for (const [fill, [mean, std, limit]] of Object.entries(moments)) {
    const count = 100_000
    const data = makeValues('x', type, count, fill as keyof typeof moments)
    const output = describeOutput('x', { type, dims: [count], data })
    expect(output.finite).toBe(true)
    expect(Math.abs((output.mean as number) - mean)).toBeLessThan(limit)
    expect(Math.abs((output.std as number) - std)).toBeLessThan(limit)
    if (fill === 'positive') expect(output.min).toBeGreaterThanOrEqual(0)
  }
})
test('inputs of other names have other values', () => {
  expect(makeValues('x', 'float32', 4, 'random')).not.toEqual(makeValues('y', 'float32', 4, 'random'))
})

const outputs: Readonly<Record<string, readonly [type: string, data: unknown, expected: object]>> = {
  floats: ['float32', Float32Array.of(1, 2, 3, 6), { dataType: 'FLOAT', finite: true, mean: 3, std: Math.sqrt(3.5), min: 1, max: 6 }],
  halves: [
    'float16',
    Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff),
    { dataType: 'FLOAT16', finite: true, min: -2, max: 65504, mean: (1 - 2 + 2 ** -24 + 65504) / 4 },
  ],
  'integers of 64 bits': ['int64', BigInt64Array.of(-4n, 4n, 0n, 8n), { dataType: 'INT64', finite: true, mean: 2, min: -4, max: 8 }],
  infinity: ['float32', Float32Array.of(1, Infinity, 1, 1), { finite: false, min: 1, max: Infinity }],
  'not a number': ['float64', Float64Array.of(1, Number.NaN, 1, 1), { finite: false, mean: Number.NaN, min: Number.NaN, max: Number.NaN }],
  'a half that is not a number': ['float16', Uint16Array.of(0, 0, 0x7e00, 0xfc00), { finite: false, min: Number.NaN }],
  strings: ['string', ['a', 'b', 'c', 'd'], { dataType: 'STRING', finite: null, mean: null, std: null, min: null, max: null }],
}
test.each(Object.entries(outputs))('an output of %s', (_, [type, data, expected]) => {
  expect(describeOutput('y', { type, dims: [2, 2], data })).toMatchObject({ name: 'y', shape: [2, 2], ...expected })
})
test('an output without elements', () => {
  const none = { finite: true, mean: null, std: null, min: null, max: null }
  expect(describeOutput('y', { type: 'float32', dims: [0, 2], data: new Float32Array() })).toMatchObject(none)
})
