import { afterEach, describe, expect, test } from 'vitest'
import type { ReinitOptions } from '../src/reports.js'
import { attribute, input, node, output } from './buildModel.js'
import { dequantizedWeights, storedNumbers } from './dequantize.js'
import {
  codes,
  int8,
  type QuantizedModel,
  quantizedModel,
  quantizedModels,
  scale,
  tensor,
  uint8,
  withDequantizedBias,
  zeros,
} from './quantizedModels.js'
import { redraw, removeFolders } from './redraw.js'

afterEach(removeFolders)

/** A layer with an int32 bias, and how to read the bias' step: one scale, or one an output. */
const biased: Readonly<Record<string, Uint8Array>> = {
  QLinearConv: (quantizedModels['QLinearConv'] as QuantizedModel).bytes,
  QGemm: (quantizedModels['QGemm'] as QuantizedModel).bytes,
  'QGemm with alpha': quantizedModel(
    node('QuantizeLinear', ['x', 'x.scale', 'x.zero'], ['x.q']),
    node('QGemm', ['x.q', 'x.scale', 'x.zero', 'w', 'w.scale', 'w.zero', 'b'], ['y'], {
      domain: 'com.microsoft',
      name: 'layer',
      extra: [attribute.int('transB', 1), attribute.float('alpha', 0.5)],
    }),
    int8('w', [40, 32]),
    scale('w.scale', []),
    zeros('w.zero', 'INT8', []),
    tensor('b', 'INT32', [40], codes(40, -3000, 3000)),
    tensor('x.scale', 'FLOAT', [], [0.01]),
    zeros('x.zero', 'UINT8', [], 128),
    input('x', [4, 32]),
    output('y', [4, 40]),
  ),
  'DequantizeLinear, a scale an output': withDequantizedBias([40], 'own'),
  'DequantizeLinear, one scale': withDequantizedBias([], 'own'),
}

const realBias = (path: string) => dequantizedWeights(path).get('b') as number[]
/** Values of one step of each element of the bias. */
function biasSteps(path: string): number[] {
  const ints = storedNumbers(path).get('b')?.values as number[]
  const [x, w] = ['x.scale', 'w.scale'].map((n) => storedNumbers(path).get(n)?.values as number[]) as [number[], number[]]
  return ints.map((_, i) => (x[0] as number) * (w[w.length === 1 ? 0 : i] as number))
}

describe.each(Object.entries(biased))('the bias of %s', (_, bytes) => {
  test('is zero', async () => {
    const { after, of } = await redraw(bytes, { run: true })
    expect(
      storedNumbers(after)
        .get('b')
        ?.values.every((v) => v === 0),
    ).toBe(true)
    expect(of('b')).toMatchObject({ initializer: 'zeros', after: { mean: 0, std: 0 } })
  })

  test('is the nearest step to a number', async () => {
    const { after } = await redraw(bytes, { bias: 0.25 })
    const steps = biasSteps(after)
    realBias(after).forEach((v, i) => expect(Math.abs(v - 0.25)).toBeLessThanOrEqual((steps[i] as number) * 0.501))
  })

  test.each<[string, Partial<ReinitOptions>]>([
    ['with --bias keep', { bias: 'keep' }],
    ['where weights alone are selected', { roles: ['weight'] }],
  ])('keeps its values in the new steps %s', async (_name, options) => {
    const { before, after, of } = await redraw(bytes, options)
    const [old, now, steps] = [realBias(before), realBias(after), biasSteps(after)]
    expect(storedNumbers(after).get('b')?.values).not.toEqual(storedNumbers(before).get('b')?.values)
    now.forEach((v, i) => expect(Math.abs(v - (old[i] as number))).toBeLessThanOrEqual((steps[i] as number) * 0.501))
    expect(of('b')).toMatchObject({ initializer: 'kept', quantization: { saturated: 0 } })
    const own = storedNumbers(after).get('b.scale')?.values
    own?.forEach((s, i) => expect(s / (steps[own.length === 1 ? 0 : i] as number)).toBeCloseTo(1, 6))
  })

  test('changes alone where it is selected alone', async () => {
    const { before, after, report } = await redraw(bytes, { roles: ['bias'], bias: 0.25 })
    expect(report.changed.map((c) => c.name)).toEqual(['b'])
    const steps = biasSteps(before)
    realBias(after).forEach((v, i) => expect(Math.abs(v - 0.25)).toBeLessThanOrEqual((steps[i] as number) * 0.501))
  })
})

test('a bias in steps of its own keeps them', async () => {
  const { before, after, report } = await redraw(withDequantizedBias([], 'other'), { bias: 'keep' })
  expect(report.changed.map((c) => c.name)).toEqual(['w', 'w.scale'])
  expect(realBias(after)).toEqual(realBias(before))
})

test('an 8-bit bias is its zero point, or gets a scale for its value', async () => {
  const model = quantizedModel(
    node('QuantizeLinear', ['x', 'x.scale', 'x.zero'], ['x.q']),
    node('QLinearMatMul', ['x.q', 'x.scale', 'x.zero', 'w', 'w.scale', 'w.zero', 'y.scale', 'y.zero'], ['p'], { name: 'layer' }),
    node('QLinearAdd', ['b', 'b.scale', 'b.zero', 'p', 'y.scale', 'y.zero', 'y.scale', 'y.zero'], ['y.q'], { domain: 'com.microsoft' }),
    node('DequantizeLinear', ['y.q', 'y.scale', 'y.zero'], ['y']),
    int8('w', [8, 16]),
    scale('w.scale', []),
    zeros('w.zero', 'INT8', []),
    uint8('b', [16]),
    scale('b.scale', []),
    zeros('b.zero', 'UINT8', [], 144),
    zeros('y.zero', 'UINT8', [], 128),
    tensor('y.scale', 'FLOAT', [], [1 / 64]),
    tensor('x.scale', 'FLOAT', [], [1 / 255]),
    zeros('x.zero', 'UINT8', []),
    input('x', [2, 8]),
    output('y', [2, 16]),
  )
  const { after } = await redraw(model, { run: true })
  expect(storedNumbers(after).get('b')?.values).toEqual(Array(16).fill(144))
  const other = await redraw(model, { run: true, bias: -3 })
  expect(storedNumbers(other.after).get('b')?.values).toEqual(Array(16).fill(0))
  for (const v of realBias(other.after)) expect(v).toBeCloseTo(-3, 5)
})
