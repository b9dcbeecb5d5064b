// Calibration: layers of a scrambled model get the deviation that they had, or 1.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { readModel } from '../src/readModel.js'
import type { ScrambleOptions } from '../src/reports.js'
import { probeModel } from '../src/probeModel.js'
import { scramble } from '../src/scramble.js'
import * as b from './buildModel.js'

// each is some runs in processes of their own
vi.setConfig({ testTimeout: 60_000 })

const WIDTH = 32
const noise = (name: string, count: number, size: number) => {
  let seed = Buffer.from(name).reduce((h, c) => (h * 31 + c) % 65521, 7)
  return Array.from({ length: count }, () => {
    seed = (seed * 75 + 74) % 65537
    return Math.fround(((seed / 65537) * 2 - 1) * size)
  })
}
const weight = (name: string, size: number) => b.initializer({ name, dims: [WIDTH, WIDTH], values: noise(name, WIDTH * WIDTH, size) })
const vector = (name: string, value: number) =>
  b.initializer({ name, dims: [WIDTH], values: noise(name, WIDTH, 0.1).map((v) => Math.fround(value + v)) })

const LAYERS = 8
/** A chain of matrices, each `size` as large as He's: outputs grow or fade with every layer. */
const chain = (size: number): b.Field[] => [
  ...Array.from({ length: LAYERS }, (_, i) => weight(`w${i}`, size * Math.sqrt(6 / WIDTH))),
  ...Array.from({ length: LAYERS }, (_, i) => [
    b.node('MatMul', [i === 0 ? 'x' : `r${i - 1}`, `w${i}`], [`m${i}`], { name: `layer${i}` }),
    b.node('Relu', [`m${i}`], [`r${i}`]),
  ]).flat(),
  b.node('Identity', [`r${LAYERS - 1}`], ['y']),
  b.input('x', [16, WIDTH]),
  b.output('y', [16, WIDTH]),
]

async function calibrated(graph: readonly b.Field[], options: ScrambleOptions = {}) {
  const folder = b.folderOf({ 'm.onnx': b.model(b.graph(b.bytes(2, 'g'), ...graph)) })
  const output = join(folder, 'out.onnx')
  const report = await scramble(join(folder, 'm.onnx'), { output, calibrate: 'original', ...options })
  return { folder, output, report, ratio: report.deviations[0]?.ratio ?? Number.NaN }
}
const near = (ratio: number, within = 1.6) => Math.abs(Math.log(ratio)) < Math.log(within)

test.each([0.02, 0.3, 3, 50])('outputs spread as they did, where every layer is %f times as large as He has it', async (size) => {
  const { report, ratio } = await calibrated(chain(size))
  expect(report.calibration).toMatchObject({ to: 'original', met: LAYERS, layers: LAYERS, message: null })
  expect(report.calibration?.passes).toBeLessThanOrEqual(3)
  expect(near(ratio), String(ratio)).toBe(true)
  expect(report.run.status).toBe('passed')
})

test('without it they are off by the product of all layers', async () => {
  const { report } = await calibrated(chain(0.02))
  const plain = await scramble(report.input, { output: join(b.folderOf({}), 'plain.onnx') })
  expect(plain.deviations[0]?.ratio).toBeGreaterThan(1e6)
})

test('to unit deviation', async () => {
  const { report, output } = await calibrated(chain(3), { calibrate: 'unit', rename: 'inner' })
  expect(report.calibration).toMatchObject({ to: 'unit', met: LAYERS })
  const model = readModel(output)
  const probe = await probeModel({ path: output, byteLength: model.byteLength, inputs: model.graph.inputs.slice(0, 1) }, ['y'])
  model.close()
  // of a rectified normal
  expect(probe.kind === 'ran' && near((probe.values[0]?.std ?? 0) / 0.58, 1.5)).toBe(true)
})

const forms: Readonly<Record<string, { readonly graph: readonly b.Field[]; readonly layers: number }>> = {
  'a bias behind the matrix': {
    layers: 1,
    graph: [weight('w', 0.01), vector('bias', 2), b.node('MatMul', ['x', 'w'], ['m'], { name: 'fc' }), b.node('Add', ['m', 'bias'], ['y'])],
  },
  'a norm in one operator': {
    layers: 3,
    graph: [
      weight('w0', 5),
      vector('gamma', 0.05),
      vector('beta', 0),
      weight('w1', 0.2),
      b.node('MatMul', ['x', 'w0'], ['a'], { name: 'first' }),
      b.node('LayerNormalization', ['a', 'gamma', 'beta'], ['n'], { name: 'norm' }),
      b.node('MatMul', ['n', 'w1'], ['y'], { name: 'last' }),
    ],
  },
  'a norm as TensorFlow spells it': {
    layers: 3,
    graph: [
      weight('w0', 5),
      vector('gamma', 0.05),
      vector('beta', 0),
      weight('w1', 0.2),
      b.initializer({ name: 'eps', dims: [1], values: [1e-6] }),
      b.node('MatMul', ['x', 'w0'], ['a'], { name: 'first' }),
      b.node('ReduceMean', ['a'], ['mean'], { extra: [b.attribute.ints('axes', [1])] }),
      b.node('Sub', ['a', 'mean'], ['d']),
      b.node('Mul', ['d', 'd'], ['dd']),
      b.node('ReduceMean', ['dd'], ['variance'], { extra: [b.attribute.ints('axes', [1])] }),
      b.node('Add', ['variance', 'eps'], ['above']),
      b.node('Sqrt', ['above'], ['sigma']),
      b.node('Reciprocal', ['sigma'], ['inverse']),
      b.node('Mul', ['inverse', 'gamma'], ['factor'], { name: 'norm/mul' }),
      b.node('Mul', ['a', 'factor'], ['p']),
      b.node('Mul', ['mean', 'factor'], ['q']),
      b.node('Sub', ['beta', 'q'], ['s']),
      b.node('Add', ['p', 's'], ['n']),
      b.node('MatMul', ['n', 'w1'], ['y'], { name: 'last' }),
    ],
  },
  'a weight that serves twice': {
    layers: 2,
    graph: [
      weight('w', 0.05),
      b.node('MatMul', ['x', 'w'], ['a'], { name: 'once' }),
      b.node('Tanh', ['a'], ['t']),
      b.node('MatMul', ['t', 'w'], ['y'], { name: 'twice' }),
    ],
  },
  'rows that are looked up, selu and a power': {
    layers: 3,
    graph: [
      b.initializer({ name: 'table', dims: [9, WIDTH], values: noise('table', 9 * WIDTH, 40) }),
      weight('w0', 0.002),
      weight('w1', 3),
      b.initializer({ name: 'two', dims: [], values: [2] }),
      b.initializer({ name: 'ids', type: 'INT64', dims: [16], values: Array.from({ length: 16 }, (_, i) => i % 9) }),
      b.node('Gather', ['table', 'ids'], ['e'], { name: 'embed' }),
      b.node('Add', ['e', 'x'], ['in']),
      b.node('MatMul', ['in', 'w0'], ['a'], { name: 'first' }),
      b.node('Selu', ['a'], ['s']),
      b.node('Pow', ['s', 'two'], ['p']),
      b.node('MatMul', ['p', 'w1'], ['y'], { name: 'last' }),
    ],
  },
  'integers that are quantized as they come': {
    layers: 1,
    graph: [
      b.initializer({ name: 'w', type: 'INT8', dims: [WIDTH, WIDTH], values: noise('w', WIDTH * WIDTH, 100).map(Math.round) }),
      b.initializer({ name: 'w_scale', dims: [], values: [0.00001] }),
      b.initializer({ name: 'w_zero', type: 'INT8', dims: [], values: [0] }),
      b.node('DynamicQuantizeLinear', ['x'], ['q', 'x_scale', 'x_zero']),
      b.node('MatMulInteger', ['q', 'w', 'x_zero', 'w_zero'], ['i'], { name: 'fc' }),
      b.node('Cast', ['i'], ['f'], { extra: [b.attribute.int('to', 1)] }),
      b.node('Mul', ['x_scale', 'w_scale'], ['scales']),
      b.node('Mul', ['f', 'scales'], ['y']),
    ],
  },
}

test.each(Object.entries(forms))('%s', async (_, { graph, layers }) => {
  const { report, ratio } = await calibrated([...graph, b.input('x', [16, WIDTH]), b.output('y', [16, WIDTH])])
  expect(report.calibration).toMatchObject({ layers, message: null })
  expect(near(ratio), String(ratio)).toBe(true)
  expect(report.audit?.clean).toBe(true)
})

test('to unit deviation from tensors of their own moments', async () => {
  const graph = [
    weight('w', 5),
    b.initializer({ name: 'gamma', dims: [WIDTH], values: Array<number>(WIDTH).fill(7) }),
    vector('beta', 0),
    b.node('MatMul', ['x', 'w'], ['a'], { name: 'first' }),
    b.node('LayerNormalization', ['a', 'gamma', 'beta'], ['y'], { name: 'norm' }),
    b.input('x', [16, WIDTH]),
    b.output('y', [16, WIDTH]),
  ]
  const { report } = await calibrated(graph, { calibrate: 'unit', like: 'moments' })
  expect(report.calibration).toMatchObject({ to: 'unit', met: 2, layers: 2, message: null })
  const of = (name: string) => report.changed.find((c) => c.name === name)
  expect(of('w')).toMatchObject({ initializer: 'trunc_normal' })
  expect(of('gamma')).toMatchObject({ initializer: 'constant', before: { mean: 7 } })
  expect(near(of('gamma')?.after?.mean ?? 0, 1.2)).toBe(true)
})

test('the file is the same again, and says its factors', async () => {
  const [first, again] = await Promise.all([calibrated(chain(0.3)), calibrated(chain(0.3))])
  expect(readFileSync(first.output).equals(readFileSync(again.output))).toBe(true)
  const factors = first.report.calibration?.factors ?? []
  expect(factors).toHaveLength(LAYERS)
  for (const { factor } of factors) expect(factor).toBe(Number(factor.toPrecision(2)))
})

test('a model that does not run is scrambled, and says that it was not calibrated', async () => {
  const graph = [
    weight('w', 1),
    b.node('MatMul', ['x', 'w'], ['m'], { name: 'fc' }),
    b.node('Unheard', ['m'], ['y'], { domain: 'not.here' }),
  ]
  const { report } = await calibrated([...graph, b.input('x', [2, WIDTH]), b.output('y', [2, WIDTH])])
  expect(report.calibration).toMatchObject({ layers: 1, met: 0, factors: [] })
  expect(report.calibration?.message).toMatch(/^the input does not run: /)
  expect(report.output).not.toBeNull()
})

test('it is made of runs', async () => {
  await expect(calibrated(chain(1), { run: false })).rejects.toThrow(/--calibrate is made of runs/)
  await expect(calibrated(chain(1), { dryRun: true })).rejects.toThrow(/--calibrate is made of runs/)
})
