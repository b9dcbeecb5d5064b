import { expect, test } from 'vitest'
import { normals, uniforms } from '../src/init/draw.js'
import { philox, stream } from '../src/init/philox.js'

// Random123's known-answer vectors for philox4x32-10
test.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])('philox %j', (counter, key, expected) => {
  const out = new Uint32Array(4)
  philox(counter as [number, number, number, number], key as [number, number], out)
  expect([...out]).toEqual(expected)
})

test.each([
  ['uniform', uniforms, 0.5, 1 / 12],
  ['normal', normals, 0, 1],
] as const)('%s: mean and variance within five standard errors, any chunking the same', (_, draw, mean, variance) => {
  const s = stream(7n, '', 'w')
  const n = 100_000
  const all = new Float64Array(n)
  draw(s, all, 0)
  const m = all.reduce((a, b) => a + b, 0) / n
  expect(Math.abs(m - mean)).toBeLessThan(5 * Math.sqrt(variance / n))
  expect(Math.abs(all.reduce((a, b) => a + (b - mean) ** 2, 0) / n / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n))
  const part = new Float64Array(101)
  draw(s, part, 777)
  expect([...part]).toEqual([...all.subarray(777, 878)])
})
