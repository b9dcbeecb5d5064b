import { expect, test } from 'vitest'
import { makeFill } from '../../src/init/makeFill.js'
import { resolveInitializer } from '../../src/init/resolveInitializer.js'
import { linear } from './target.js'

// limits and deviations of Keras 3.15's initializers at the given fans
test.each([
  ['keras.glorot_uniform', 512, 10, 0.06189844605901729, 0.10721125348377948],
  ['keras.glorot_normal', 512, 10, 0.06189844605901729, 0.14073815442409623],
  ['keras.he_normal', 512, 10, 0.0625, 0.14210590429231956],
  ['keras.he_uniform', 512, 10, 0.0625, 0.10825317547305482],
  ['keras.lecun_normal', 512, 10, 0.04419417382415922, 0.10048404857174567],
  ['keras.lecun_uniform', 512, 10, 0.04419417382415922, 0.07654655446197431],
  ['keras.glorot_normal', 27, 576, 0.05759122837209067, 0.13094485739394296],
  ['keras.he_normal', 147, 3136, 0.11664236870396086, 0.2652091085355922],
  ['keras.he_uniform', 7, 11, 0.5345224838248488, 0.9258200997725514],
  ['variance_scaling', 5, 3, 0.4472135954999579, 1.016827078405458],
  ['variance_scaling:mode=fan_avg,distribution=uniform', 5, 3, 0.5, 0.8660254037844386],
  ['variance_scaling:scale=2,mode=fan_avg', 27, 576, 0.05759122837209067 * Math.SQRT2, 0.13094485739394296 * Math.SQRT2],
  ['variance_scaling:mode=fan_geo_avg,distribution=uniform', 512, 10, 0.11821770112539698, 0.20475906],
  ['variance_scaling:scale=0.7,mode=fan_out,distribution=uniform', 512, 10, 0.2645751311064591, 0.458257569495584],
] as const)('%s of fans %d, %d', (given, fanIn, fanOut, std, limit) => {
  const { distribution } = makeFill(resolveInitializer(given), linear(fanOut, fanIn), 0n)
  expect(distribution.std).toBeCloseTo(std, 14)
  expect(distribution.max).toBeCloseTo(limit, 8)
  expect(distribution.min).toBe(-(distribution.max as number))
})

/** The first value of each kind behind jax.random.key(0): uniform on ±1, N(0, 1), and that cut at ±2. */
const FIRST = { uniform: 0.8953341467905855, normal: 1.622642159461975, truncated_normal: 1.4559592008590698 }

// the first value that jax.nn.initializers (0.10.2) give behind key(0): as all are made of the same first number, they tell the deviations
test.each([
  ['glorot_uniform', 512, 10, 0.0959898829460144],
  ['keras.glorot_normal', 512, 10, 0.10245449841022491],
  ['he_uniform', 512, 10, 0.09692274779081345],
  ['keras.he_normal', 512, 10, 0.10345020145177841],
  ['lecun_uniform', 512, 10, 0.0685347393155098],
  ['keras.lecun_normal', 512, 10, 0.07315033674240112],
  ['variance_scaling:scale=1.0,mode=fan_geo_avg,distribution=normal', 512, 10, 0.1918250173330307],
  ['variance_scaling:scale=0.7,mode=fan_out,distribution=normal', 512, 10, 0.42931073904037476],
  ['variance_scaling:scale=0.3333333333333333,mode=fan_in,distribution=uniform', 512, 10, 0.039568547159433365],
  ['variance_scaling:scale=2.0,mode=fan_out,distribution=truncated_normal', 512, 10, 0.7402293086051941],
  ['trunc_normal_tf:std=0.02', 512, 10, 0.029119184240698814],
  ['glorot_uniform', 27, 576, 0.0893104076385498],
  ['keras.glorot_normal', 27, 576, 0.09532518684864044],
  ['he_uniform', 27, 576, 0.42206451296806335],
  ['keras.he_normal', 27, 576, 0.45048925280570984],
  ['lecun_uniform', 27, 576, 0.2984446883201599],
  ['keras.lecun_normal', 27, 576, 0.3185440003871918],
  ['variance_scaling:scale=1.0,mode=fan_geo_avg,distribution=normal', 27, 576, 0.14530353248119354],
  ['variance_scaling:scale=0.7,mode=fan_out,distribution=normal', 27, 576, 0.05656665936112404],
  ['variance_scaling:scale=0.3333333333333333,mode=fan_in,distribution=uniform', 27, 576, 0.1723071038722992],
  ['variance_scaling:scale=2.0,mode=fan_out,distribution=truncated_normal', 27, 576, 0.09753377735614777],
  ['trunc_normal_tf:std=0.02', 27, 576, 0.029119184240698814],
] as const)('%s of fans %d, %d: as JAX, whose first value is %d', (given, fanIn, fanOut, first) => {
  const { distribution } = makeFill(resolveInitializer(given), linear(fanOut, fanIn), 0n)
  const { family, std, max, parent } = distribution
  const unit = { uniform: max ?? NaN, normal: std, truncated_normal: parent?.std ?? NaN }
  if (family === 'constant' || family === 'structured') expect.unreachable()
  expect(first / unit[family] / FIRST[family]).toBeCloseTo(1, 6)
})

test.each([
  ['flax_default', 'weight', 'lecun_normal', { truncated: true }],
  ['flax_default', 'embedding', 'normal', { mean: 0, std: 1 / Math.sqrt(30) }],
  ['flax_default', 'recurrent', 'orthogonal', { gain: 1, per: 'matrix' }],
  ['keras_default', 'weight', 'xavier_uniform', { gain: 1 }],
  ['keras_default', 'embedding', 'uniform', { a: -0.05, b: 0.05 }],
  ['keras_default', 'recurrent', 'orthogonal', { gain: 1, per: 'tensor' }],
] as const)('%s, role %s: %s', (given, role, name, parameters) => {
  const { initializer, why } = makeFill(resolveInitializer(given), linear(40, 30, { role }), 0n)
  expect(initializer).toEqual({ name, parameters })
  expect(why).not.toBeNull()
})

test.each([
  ['torch_default', 'slope', 0.25],
  ['keras_default', 'slope', 0],
  ['flax_default', 'slope', 0.01],
  ['flax_default', 'bias', 0],
  ['torch_default', 'scale', 1],
  ['torch_default', 'shift', 0],
] as const)('%s, role %s: %d', (given, role, mean) => {
  const { distribution } = makeFill(resolveInitializer(given), linear(40, 30, { role }), 0n)
  expect(distribution).toMatchObject({ family: 'constant', mean })
})

test("torch_default goes by the framework's fan: [in, out] counts as [out, in], a transposed convolution as it is stored", () => {
  const bound = (given: Parameters<typeof linear>[2]) =>
    makeFill(resolveInitializer('torch_default'), linear(16, 33, given), 0n).distribution.max
  expect(bound({})).toBeCloseTo(1 / Math.sqrt(33), 15)
  expect(bound({ layout: ['in', 'out'] })).toBeCloseTo(1 / 4, 15)
  expect(bound({ dims: [16, 33, 3, 3], layout: ['in', 'out', 'spatial', 'spatial'], opType: 'ConvTranspose' })).toBeCloseTo(
    1 / Math.sqrt(297),
    15,
  )
  expect(bound({ role: 'bias', dims: [16], fan: { fanIn: 25, fanOut: 1 } })).toBeCloseTo(0.2, 15)
  expect(bound({ opType: 'GRU', role: 'recurrent', dims: [1, 48, 16], layout: ['batch', 'out', 'in'], stacked: 3 })).toBeCloseTo(0.25, 15)
})
