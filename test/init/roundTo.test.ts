import { expect, test } from 'vitest'
import { roundTo } from '../../src/init/roundTo.js'

test.each([
  ['FLOAT16', 65519, 65504],
  ['FLOAT16', 65520, Infinity],
  ['FLOAT16', -1e9, -Infinity],
  ['FLOAT16', 2 ** -25, 0],
  ['FLOAT16', -1e-9, -0],
  ['BFLOAT16', -0, -0],
  ['FLOAT16', -0.1, -0.0999755859375],
  ['FLOAT16', 2 ** -25 * 1.0001, 2 ** -24],
  ['FLOAT16', 1 + 2 ** -11, 1],
  ['FLOAT16', 1 + 3 * 2 ** -11, 1 + 2 ** -9],
  ['FLOAT16', 0.1, 0.0999755859375],
  ['BFLOAT16', 0.1, 0.10009765625],
  ['BFLOAT16', 1 + 2 ** -8, 1],
  ['BFLOAT16', 3.4e38, Infinity],
  ['BFLOAT16', 3.39e38, 3.3895313892515355e38],
  ['FLOAT', 0.1, Math.fround(0.1)],
  ['DOUBLE', 0.1, 0.1],
] as const)('%s holds %d as %d', (dataType, value, expected) => expect(roundTo(dataType, value)).toBe(expected))

test('NaN stays, and values on the grid stay', () => {
  expect(roundTo('FLOAT16', NaN)).toBeNaN()
  for (let bits = 1; bits < 2 ** 15; bits += 7) {
    const value = bits * 2 ** -24
    if (bits < 2048) expect(roundTo('FLOAT16', value)).toBe(value)
  }
})
