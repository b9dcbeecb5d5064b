import { expect, test } from 'vitest'
import { calculateGain } from '../../src/init/gains.js'
import { makeFill } from '../../src/init/makeFill.js'
import { resolveInitializer } from '../../src/init/resolveInitializer.js'
import type { FillTarget } from '../../src/types.js'
import { linear } from './target.js'

const auto = resolveInitializer('auto')

test.each([
  [null, 'xavier_normal', 1],
  ['tanh', 'xavier_normal', 1],
  ['sigmoid', 'xavier_normal', 1],
  ['softmax', 'xavier_normal', 1],
  ['relu', 'he_normal', Math.SQRT2],
  ['relu6', 'he_normal', Math.SQRT2],
  ['leaky_relu', 'he_normal', Math.sqrt(2 / 1.0001)],
  ['prelu', 'he_normal', Math.sqrt(2 / 1.0625)],
  ['selu', 'lecun_normal', null],
  ['gelu', 'he_normal', 1.5335304411955353],
  ['silu', 'he_normal', 1.676532470331091],
  ['mish', 'he_normal', 1.486847581273208],
  ['elu', 'he_normal', 1.2451983007007066],
  ['hardswish', 'he_normal', 1.7366572127665416],
  ['softplus', 'he_normal', 1.0418668355353018],
] as const)('auto, %s follows: %s', (activation, name, gain) => {
  const fill = makeFill(auto, linear(40, 30, { activation }), 0n)
  expect(fill.initializer.name).toBe(name)
  if (gain === null) expect(fill.gain).toBeNull()
  else expect(fill.gain).toBeCloseTo(gain, 14)
  expect(fill.why).toContain(activation ?? 'no activation')
  // what auto came down to is an initializer that can be asked for, and gives the same
  expect(resolveInitializer(fill.initializer)).toEqual(fill.initializer)
})

test.each([
  ['bias', {}, { family: 'constant', mean: 0 }],
  ['scale', {}, { family: 'constant', mean: 1 }],
  ['variance', {}, { family: 'constant', mean: 1 }],
  ['slope', {}, { family: 'constant', mean: 0.25 }],
  ['embedding', { dims: [100, 16], elementCount: 1600 }, { family: 'normal', std: 0.25 }],
  ['position', {}, { family: 'normal', std: 0.02 }],
] as const)('auto, role %s', (role, given, expected) => {
  expect(makeFill(auto, linear(40, 30, { role, ...given }), 0n).distribution).toMatchObject(expected)
})

const lstm = (given: Partial<FillTarget>): FillTarget => ({
  ...linear(1, 1),
  opType: 'LSTM',
  stacked: 4,
  layout: ['batch', 'out', 'in'],
  ...given,
})

test('auto, recurrent: an orthogonal matrix a gate', () => {
  const target = lstm({ role: 'recurrent', dims: [2, 32, 8], elementCount: 512, fan: { fanIn: 8, fanOut: 8 } })
  const { filler, initializer } = makeFill(auto, target, 0n)
  expect(initializer).toEqual({ name: 'orthogonal', parameters: { gain: 1, per: 'matrix' } })
  const values = new Float64Array(512)
  if (filler.access === 'whole') filler.fill(values)
  for (let gate = 0; gate < 8; gate++)
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 8; j++) {
        let dot = 0
        for (let k = 0; k < 8; k++) dot += (values[gate * 64 + i * 8 + k] as number) * (values[gate * 64 + j * 8 + k] as number)
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 12)
      }
})

test.each(['auto', 'keras_default'])('%s: the forget gate of an LSTM starts open', (name) => {
  const target = lstm({ role: 'bias', dims: [2, 24], elementCount: 48, fan: null, layout: ['batch', 'out'] })
  const { filler } = makeFill(resolveInitializer(name), target, 0n)
  const values = new Float32Array(48)
  if (filler.access === 'random') filler.fill(values, 0)
  const direction = [0, 0, 0, 0, 0, 0, 1, 1, 1, ...Array<number>(15).fill(0)]
  expect([...values]).toEqual([...direction, ...direction])
})

test('auto: the last layer of a residual branch, as asked', () => {
  const target = linear(40, 30, { activation: null, residualBranches: 16 })
  expect(makeFill(auto, target, 0n).gain).toBe(1)
  expect(makeFill(resolveInitializer('auto:residual=scale'), target, 0n)).toMatchObject({
    gain: 0.25,
    why: expect.stringContaining('÷ √16'),
  })
  expect(makeFill(resolveInitializer('auto:residual=zero'), target, 0n).distribution).toMatchObject({ family: 'constant', mean: 0 })
  expect(makeFill(resolveInitializer('auto:residual=scale'), { ...target, residualBranches: null }, 0n).gain).toBe(1)
})

// torch.nn.init.calculate_gain of torch 2.15
test.each([
  ['linear', undefined, 1],
  ['conv_transpose3d', undefined, 1],
  ['sigmoid', undefined, 1],
  ['tanh', undefined, 1.6666666666666667],
  ['relu', undefined, 1.4142135623730951],
  ['leaky_relu', undefined, 1.4141428569978354],
  ['selu', undefined, 0.75],
  ['leaky_relu', 0, 1.4142135623730951],
  ['leaky_relu', 0.2, 1.3867504905630728],
  ['leaky_relu', 0.3, 1.3545709229571927],
  ['leaky_relu', 2.23606797749979, 0.5773502691896257],
  ['leaky_relu', -0.5, 1.2649110640673518],
  ['leaky_relu', 2, 0.6324555320336759],
  ['nonsense', undefined, null],
  ['constructor', undefined, null],
] as const)('gain of %s %s', (name, slope, gain) => expect(calculateGain(name, slope)).toBe(gain))
