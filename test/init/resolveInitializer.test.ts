import { expect, test } from 'vitest'
import { ReinitError } from '../../src/errors.js'
import { parseSeed } from '../../src/init/parseSeed.js'
import { resolveInitializer } from '../../src/init/resolveInitializer.js'

test.each([
  ['xavier_normal', {}, 'xavier_normal', { gain: 1, truncated: false }],
  ['glorot-uniform', {}, 'xavier_uniform', { gain: 1 }],
  ['xavier_uniform_', { gain: 'tanh' }, 'xavier_uniform', { gain: 5 / 3 }],
  ['kaiming_normal', {}, 'he_normal', { mode: 'fan_in', gain: Math.SQRT2, truncated: false }],
  ['keras.he_normal', {}, 'he_normal', { mode: 'fan_in', gain: Math.SQRT2, truncated: true }],
  ['he_uniform', { mode: 'fan_out', nonlinearity: 'tanh' }, 'he_uniform', { mode: 'fan_out', gain: 5 / 3 }],
  ['he_uniform', { gain: 2 }, 'he_uniform', { mode: 'fan_in', gain: 2 }],
  ['he_uniform', { negativeSlope: 2 }, 'he_uniform', { mode: 'fan_in', gain: 0.6324555320336759 }],
  ['he_uniform', { nonlinearity: 'leaky_relu', negativeSlope: -0.5 }, 'he_uniform', { mode: 'fan_in', gain: 1.2649110640673518 }],
  ['xavier_uniform', { gain: 'leaky_relu', negativeSlope: 0.3 }, 'xavier_uniform', { gain: 1.3545709229571927 }],
  ['xavier_uniform:gain=gelu', {}, 'xavier_uniform', { gain: 1.5335304411955353 }],
  ['constant:0.5', {}, 'constant', { value: 0.5 }],
  ['constant:value=-1e-3', {}, 'constant', { value: -1e-3 }],
  ['uniform:a=-0.1,b=0.1', {}, 'uniform', { a: -0.1, b: 0.1 }],
  ['trunc_normal:std=0.02', {}, 'trunc_normal', { mean: 0, std: 0.02, a: -2, b: 2 }],
  [
    'variance_scaling:scale=2,mode=fan_geo_avg,distribution=uniform',
    {},
    'variance_scaling',
    { scale: 2, mode: 'fan_geo_avg', distribution: 'uniform' },
  ],
] as const)('%s %j', (given, options, name, parameters) => {
  const resolved = resolveInitializer(given, options)
  expect(resolved).toEqual({ name, parameters })
  expect(resolveInitializer(JSON.parse(JSON.stringify(resolved)))).toEqual(resolved)
})

test.each([
  ['xavier_norml', {}, 'did you mean "xavier_normal"'],
  ['nonsense', {}, 'Unknown initializer "nonsense"'],
  ['toString', {}, 'Unknown initializer'],
  ['xavier_normal', { mode: 'fan_in' }, '--mode'],
  ['zeros', { gain: 2 }, '--gain'],
  ['he_normal', { gain: 1, nonlinearity: 'relu' }, 'exclude each other'],
  ['he_normal:gain=1', { gain: 2 }, 'given twice'],
  ['he_normal:gain=1,gain=2', {}, 'given twice'],
  ['he_normal', { nonlinearity: 'relu', negativeSlope: 0.2 }, 'leaky_relu'],
  ['he_normal', { gain: 'foo' }, '"foo" is neither a number nor a nonlinearity'],
  ['he_normal', { gain: NaN }, 'finite'],
  ['he_normal', { gain: -1 }, 'at least 0'],
  ['he_normal', { nonlinearity: 'rleu' }, 'did you mean "relu"'],
  ['he_normal', { mode: 'fan' }, 'one of fan_in, fan_out, fan_avg'],
  ['he_normal:truncated=maybe', {}, 'true or false'],
  ['normal:std=-1', {}, 'at least 0'],
  ['normal:std=1e999', {}, 'finite'],
  ['normal:std=0x10', {}, 'finite'],
  ['normal:st=1', {}, 'did you mean "std"'],
  ['normal:mean=0,1', {}, 'no key=value'],
  ['zeros:1', {}, 'no parameters'],
  ['constant', {}, 'needs value'],
  ['constant:', {}, 'needs value'],
] as const)('%s %j is refused', (given, options, message) => {
  expectUsage(() => resolveInitializer(given, options), message)
})

test.each([
  [0, 0n],
  ['0', 0n],
  ['18446744073709551615', 2n ** 64n - 1n],
  [2n ** 63n, 2n ** 63n],
  [Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
] as const)('seed %s', (given, seed) => expect(parseSeed(given)).toBe(seed))

test.each([
  [NaN, 'NaN'],
  [-1, '-1'],
  ['-1', '-1'],
  [1.5, '1.5'],
  [2 ** 53 + 2, 'above 2^53'],
  [2n ** 64n, '18446744073709551616'],
  ['1e3', '1e3'],
  ['', '""'],
  ['0x10', '0x10'],
] as const)('seed %s is refused', (given, message) => expectUsage(() => parseSeed(given), message))

function expectUsage(act: () => unknown, message: string): void {
  let thrown: unknown
  try {
    act()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(ReinitError)
  expect((thrown as ReinitError).exitCode).toBe(2)
  expect((thrown as ReinitError).message).toContain(message)
  expect((thrown as ReinitError).message).not.toContain('\n')
}
