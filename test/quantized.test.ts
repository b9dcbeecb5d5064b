import { readFileSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterEach, describe, expect, test } from 'vitest'
import { inspect } from '../src/index.js'
import { attribute, input, node, output } from './buildModel.js'
import { dequantizedWeights, storedNumbers } from './dequantize.js'
import { type QuantizedModel, quantizedModel, quantizedModels, type Reveals, zeros } from './quantizedModels.js'
import { moments, redraw, removeFolders } from './redraw.js'

afterEach(removeFolders)

/** The weight as the runtime's own operator has it, row-major as it is stored unpacked. */
async function revealed(path: string, { kind, ...rest }: Reveals): Promise<number[]> {
  const session = await InferenceSession.create(readFileSync(path), { logSeverityLevel: 4 })
  const [shape] = session.inputMetadata.flatMap((m) => (m.isTensor ? [m.shape as number[]] : []))
  const rows = shape?.[0] ?? 0
  const feed =
    kind === 'table'
      ? new Tensor(
          'int64',
          BigInt64Array.from({ length: rows }, (_, i) => BigInt(i)),
          [rows],
        )
      : new Tensor(
          'float32',
          Float32Array.from({ length: rows * rows }, (_, i) => Number(i % rows === Math.floor(i / rows))),
          'dims' in rest ? [rows, ...rest.dims] : [rows, rows],
        )
  const { y } = await session.run({ [session.inputNames[0] as string]: feed })
  const data = Array.from((y as Tensor).data as Float32Array)
  if (kind === 'table' || kind === 'matrix') return data
  const columns = data.length / rows
  return Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)] as number)
}

const FIVE_SIGMA = (count: number) => 5 / Math.sqrt(2 * count)

describe.each(Object.entries(quantizedModels))('%s', (_, { bytes, weight, reveals, run = 'passed' }: QuantizedModel) => {
  test('is found with its scale', async () => {
    const { before } = await redraw(bytes, { dryRun: true })
    const { parameters } = await inspect(before, { stats: true })
    const found = parameters.find((p) => p.name === weight)
    expect(found?.role).toMatch(/weight|embedding/)
    expect(found?.fanIn).toBeGreaterThan(1)
    const own = dequantizedWeights(before).get(weight) ?? []
    expect(found?.stats?.std).toBeCloseTo(moments(own).std, 6)
    expect(found?.stats?.mean).toBeCloseTo(moments(own).mean, 6)
    expect(parameters.filter((p) => p.role === 'quant_scale').map((p) => p.name)).toContain('w.scale')
    expect(parameters.filter((p) => p.role === 'scale')).toEqual([])
  })

  test('is redrawn truly: the formula’s deviation, no saturation, every other byte as it was, finite outputs', async () => {
    const { before, after, report, of } = await redraw(bytes, { run: true })
    const change = of(weight)
    const is = dequantizedWeights(after).get(weight) as number[]
    expect(change.fanIn).not.toBeNull()
    const formula = Math.sqrt(2 / (change.fanIn as number))
    expect(change.expected.std).toBeCloseTo(formula, 6)
    const { mean, std } = moments(is)
    expect(Math.abs(std / formula - 1)).toBeLessThan(Math.max(0.03, FIVE_SIGMA(is.length)))
    expect(change.after?.std).toBeCloseTo(std, 6)
    expect(change.after?.mean).toBeCloseTo(mean, 6)
    expect(change.quantization?.saturated).toBe(0)
    expect(change.checks.filter((c) => !c.passed)).toEqual([])
    expect(report.changed.flatMap((c) => c.checks).length).toBeGreaterThan(5)
    expect(report.notes.filter((note) => !note.startsWith('activations keep scales'))).toEqual([])
    expect(report.run.status, report.run.message).toBe(run)
    const listed = new Set(report.changed.map((c) => c.name))
    const [old, now] = [storedNumbers(before), storedNumbers(after)]
    for (const [name, numbers] of old) if (!listed.has(name)) expect(now.get(name)).toEqual(numbers)
  })

  test.skipIf(reveals === null)('the runtime sees the same weight', async () => {
    const { after } = await redraw(bytes)
    const [is, seen] = [dequantizedWeights(after).get(weight) as number[], await revealed(after, reveals as Reveals)]
    expect(seen.length).toBe(is.length)
    const farthest = is.reduce((most, v, i) => Math.max(most, Math.abs(v - (seen[i] as number))), 0)
    expect(farthest).toBeLessThan((reveals as Reveals).tolerance)
  })
})

test.each([
  ['DequantizeLinear, a scale a column', [64, 80], false, 'philox'],
  ['DequantizeLinear, a scale a column', [64, 80], false, 'torch'],
  ['MatMulNBits, 4 bits, a block that ends early', [64, 80], true, 'philox'],
  ['MatMulNBits, 4 bits, a block that ends early', [64, 80], true, 'torch'],
] as const)('%s: the draw is that of a float tensor of this name and shape', async (name, dims, isTransposed, rng) => {
  const { bytes, weight } = quantizedModels[name] as QuantizedModel
  const { after, of } = await redraw(bytes, { rng })
  const is = dequantizedWeights(after).get(weight) as number[]
  const steps = storedNumbers(after).get('w.scale')?.values as number[]
  const [K = 0, N = 0] = isTransposed ? [...dims].reverse() : dims
  const layer = node('Gemm', ['x', 'w'], ['y'], { name: 'layer', extra: [attribute.int('transB', Number(isTransposed))] })
  const floats = await redraw(quantizedModel(layer, zeros('w', 'FLOAT', dims), input('x', [1, K]), output('y', [1, N])), { rng })
  const drawn = storedNumbers(floats.after).get('w')?.values as number[]
  expect(drawn.length).toBe(is.length)
  is.forEach((v, i) => {
    const scale = isTransposed ? steps[Math.floor(i / 80) * 3 + Math.floor((i % 80) / 32)] : steps[i % 80]
    expect(Math.abs(v - (drawn[i] as number))).toBeLessThanOrEqual((scale as number) * 0.5001)
  })
  expect(of(weight).expected).toEqual(floats.of('w').expected)
})

test.each(Object.keys(quantizedModels))('%s: any initializer and both streams can be drawn as often as it takes', async (name) => {
  const { bytes, weight } = quantizedModels[name] as QuantizedModel
  for (const options of [{ init: 'orthogonal' }, { init: 'shuffle' }, { init: 'xavier_normal', rng: 'torch' }] as const) {
    const { report, of } = await redraw(bytes, { ...options, all: false, layers: [weight] })
    expect([options.init, of(weight).checks.filter((c) => !c.passed)]).toEqual([options.init, []])
    expect(report.bytes.identicalOutside).toBe(true)
  }
})
