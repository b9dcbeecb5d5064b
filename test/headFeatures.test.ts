// What enters a changed head is what entered it before, to the bit: looked at in runs of both models.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions } from '../src/reports.js'
import type { Probe } from '../src/types.js'
import * as b from './buildModel.js'

vi.setConfig({ testTimeout: 60_000 })
/** What becomes of the probes of a run, by the model that is looked at: an output differs where no byte of the plan says why. */
let tamper: (probe: Probe, of: 'after' | 'before') => Probe = (probe) => probe
let probes = 0
vi.mock('../src/probeModel.js', async (original) => {
  const module = await original<typeof import('../src/probeModel.js')>()
  const probeModel = async (...given: Parameters<typeof module.probeModel>) => {
    probes++
    return tamper(await module.probeModel(...given), given[0].path.includes('.after') ? 'after' : 'before')
  }
  return { probeModel }
})

const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))
const float = (name: string, dims: readonly number[]) => b.initializer({ name, dims, values: values(dims.reduce((n, d) => n * d, 1)) })
/** x [2, 4] → a hidden layer, f [2, 8] → 3 classes. */
const trunk = [float('w0', [4, 8]), b.node('MatMul', ['x', 'w0'], ['m'], { name: 'trunk' }), b.node('Relu', ['m'], ['f'])]
const head = [
  float('fc.w', [3, 8]),
  b.node('Gemm', ['f', 'fc.w'], ['y'], { name: 'fc', extra: [b.attribute.int('transB', 1)] }),
  b.input('x', [2, 4]),
  b.output('y', [2, 3]),
]
const integers = [
  b.initializer({ name: 's', dims: [], values: [0.1] }),
  b.initializer({ name: 'z', type: 'UINT8', dims: [], values: [3] }),
  b.node('QuantizeLinear', ['f', 's', 'z'], ['f.q']),
  b.initializer({ name: 'fc.w', type: 'INT8', dims: [8, 3], values: Array.from({ length: 24 }, (_, i) => i * 9 - 100) }),
  b.node('MatMulInteger', ['f.q', 'fc.w', 'z'], ['i'], { name: 'fc' }),
  b.node('Cast', ['i'], ['c'], { extra: [b.attribute.int('to', 1)] }),
  b.initializer({ name: 'fc.s', dims: [3], values: [0.5, 0.25, 0.125] }),
  b.node('Mul', ['c', 'fc.s'], ['y']),
  b.input('x', [2, 4]),
  b.output('y', [2, 3]),
]

async function job(fields: readonly b.Field[], options: ReinitOptions = {}, change: typeof tamper = (probe) => probe) {
  const folder = b.folderOf({ 'm.onnx': b.model(b.graph(b.bytes(2, 'g'), ...fields)) })
  tamper = change
  probes = 0
  const report = await reinit(join(folder, 'm.onnx'), {
    ...(options.rules || options.featureExtractor ? {} : { layers: ['fc'], init: 'he_normal' }),
    ...(options.featureExtractor ? { layers: ['fc'] } : { numClasses: 5 }),
    output: join(folder, 'out.onnx'),
    ...options,
  })
  return { ...report.run, probes, files: readdirSync(folder).sort() }
}
const f = { name: 'f', dataType: 'FLOAT', shape: [2, 8] }

test.each<[string, readonly b.Field[], ReinitOptions, typeof f]>([
  ['another number of classes', [...trunk, ...head], {}, f],
  ['a head that is cut off', [...trunk, ...head], { featureExtractor: true }, f],
  ['kept classes', [...trunk, ...head], { keepClasses: [1] }, f],
  ['features that are an output', [...trunk, ...head, b.output('f', [2, 8])], {}, f],
  ['integers', [...trunk, ...integers], {}, { name: 'f.q', dataType: 'UINT8', shape: [2, 8] }],
])('%s: the features are equal', async (_, fields, options, value) => {
  const { status, features, files, outputs } = await job(fields, options)
  expect({ status, features }).toEqual({ status: 'passed', features: { status: 'equal', values: [value] } })
  expect(files).toEqual(['m.onnx', 'out.onnx'])
  // the copies that are looked at are not the result
  if (!options.featureExtractor) expect(outputs.map((o) => o.name)).not.toContain(value.name === 'f' ? '' : value.name)
})

const rule = (layer: string) => ({ layers: [layer], init: 'he_normal' })

test.each([[[rule('fc'), rule('trunk')]], [[{ all: true, init: 'auto' }]]])(
  'features that the same job changes are not compared',
  async (rules) => {
    const { status, features, outputs, probes: runs } = await job([...trunk, ...head], { rules })
    expect(outputs[0]?.shape).toEqual([2, 5])
    const message = '"w0", in front of them, is redrawn too'
    expect({ status, runs, features }).toEqual({ status: 'passed', runs: 0, features: { status: 'not-compared', values: [], message } })
  },
)

test('a layer beside the head does not enter it', async () => {
  const hidden = [float('side', [4, 2]), b.node('MatMul', ['x', 'side'], ['h'], { name: 'side' })]
  const beside = [...hidden, float('o.w', [2, 2]), b.node('MatMul', ['h', 'o.w'], ['o'], { name: 'other' }), b.output('o', [2, 2])]
  const { features, outputs } = await job([...trunk, ...head, ...beside], { rules: [rule('fc'), rule('side')] })
  expect(outputs.map((o) => o.shape)).toEqual([
    [2, 5],
    [2, 2],
  ])
  expect(features?.status).toBe('equal')
})

test('outputs that nothing of the head reaches are as they were too, but for those that the same job changes', async () => {
  const beside = [
    float('side', [4, 2]),
    b.node('MatMul', ['x', 'side'], ['o'], { name: 'side' }),
    b.output('o', [2, 2]),
    b.output('m', [2, 8]),
  ]
  const o = { name: 'o', dataType: 'FLOAT', shape: [2, 2] }
  const m = { name: 'm', dataType: 'FLOAT', shape: [2, 8] }
  const { features } = await job([...trunk, ...head, ...beside])
  expect(features).toEqual({ status: 'equal', values: [f, o, m] })
  const cut = await job([...trunk, ...head, ...beside], { featureExtractor: true })
  expect(cut.features).toEqual({ status: 'equal', values: [f, o, m] })
  const more = [
    float('in', [4, 2]),
    b.node('MatMul', ['x', 'in'], ['p'], { name: 'in' }),
    b.node('MatMul', ['p', 'out'], ['q'], { name: 'out' }),
  ]
  const both = await job([...trunk, ...head, ...more, float('out', [2, 2]), b.output('q', [2, 2])], { rules: [rule('fc'), rule('in')] })
  expect(both.features).toEqual({ status: 'equal', values: [f] })
})

test('a sequence can not be compared', async () => {
  const { features } = await job([...trunk, ...head, b.node('SequenceConstruct', ['m'], ['list']), b.message(12, [b.bytes(1, 'list')])])
  expect(features).toEqual({ status: 'equal', values: [f] })
})

test('a model that gives other values at every run can not be compared', async () => {
  const noise = [b.node('RandomNormalLike', ['m'], ['r']), b.node('Add', ['m', 'r'], ['f'])]
  const { status, features, probes: runs } = await job([...trunk.slice(0, 2), ...noise, ...head])
  const message = '"f" of the input model is another at every run'
  expect({ status, runs, features }).toEqual({ status: 'passed', runs: 3, features: { status: 'not-compared', values: [f], message } })
})

test('other features are no result, and nothing is written', async () => {
  const other = (probe: Probe, of: string): Probe =>
    of === 'before' || probe.kind === 'none'
      ? probe
      : { ...probe, values: probe.values.map((v) => ({ ...v, mean: 0.5, std: 2, sha256: '00' })) }
  const { status, message, features, files } = await job([...trunk, ...head], {}, other)
  expect(status).toBe('failed')
  expect(message).toMatch(
    /^"f", in front of the head, was FLOAT \[2, 8\] with mean [\d.]+ and .* is FLOAT \[2, 8\] with mean 0\.5 and deviation 2/,
  )
  expect(features).toMatchObject({ status: 'different', values: [f], message })
  expect(files).toEqual(['m.onnx'])
})

test.each(['after', 'before'] as const)('the model %s can not be run: said, and no failure', async (which) => {
  const none = { kind: 'none', status: 'timeout', message: 'no result after 1 s' } as const
  const { status, features } = await job([...trunk, ...head], {}, (probe, of) => (of === which ? none : probe))
  expect(status).toBe('passed')
  expect(features).toMatchObject({
    status: 'not-compared',
    message: which === 'after' ? 'no result after 1 s' : 'the input model: no result after 1 s',
  })
})

test('without a head that changes, a run, or features there is nothing to compare', async () => {
  const first = [float('fc.w', [4, 3]), b.node('MatMul', ['x', 'fc.w'], ['y'], { name: 'fc' }), ...head.slice(2)]
  expect((await job(first)).features).toBeUndefined()
  expect((await job([...trunk, ...head], { run: false })).features).toBeUndefined()
  const folder = b.folderOf({ 'm.onnx': b.model(b.graph(b.bytes(2, 'g'), ...trunk, ...head)) })
  const { run } = await reinit(join(folder, 'm.onnx'), { ...rule('fc'), output: join(folder, 'out.onnx') })
  expect(run).not.toHaveProperty('features')
})
