import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { draw } from '../../src/init/draw.js'
import { stream } from '../../src/init/philox.js'
import { transformOf } from '../../src/init/plainDraw.js'
import type { RandomDraw } from '../../src/init/rules.js'

const N = 1_000_003
const draws: Readonly<Record<string, { draw: RandomDraw; sha256: string }>> = {
  uniform: { draw: { kind: 'uniform', low: -1, high: 1 }, sha256: '1d1a2136dd5db5af8009aeedd97dcc16385e415166daa9c0927ff58abfa73a21' },
  'uniform between 0.1 and 0.3': {
    draw: { kind: 'uniform', low: 0.1, high: 0.3 },
    sha256: '402991309d49164e7e9f9d28534e537b80fdc30048651510641e215bbd4d021a',
  },
  normal: { draw: { kind: 'normal', mean: 0, std: 1 }, sha256: '8632bf421ef0786016e29a3082a8e2116fb6872a10e9e399d496d62bb1db99ca' },
  'normal of mean 3': {
    draw: { kind: 'normal', mean: 3, std: 0.1 },
    sha256: '61e51aa6a984b74c85d871c5016361b2015ee978ac28729707e03e34eabd3b08',
  },
  'cut at ±2': {
    draw: { kind: 'truncated_normal', mean: 0, std: 1, low: -2, high: 2 },
    sha256: 'daf83e51d453fa2160e1bc8a0ef6a76607766a350c0b56bb931e5ed401ff5990',
  },
  'cut far out': {
    draw: { kind: 'truncated_normal', mean: 0, std: 0.02, low: -2, high: 2 },
    sha256: '118f3e15cf99f09096b30e2255ed10413d685b46722f6c142296b817172227a6',
  },
  'cut on the left': {
    draw: { kind: 'truncated_normal', mean: 0, std: 1, low: -1, high: 8 },
    sha256: '98e7979f80ef764e8c5b59da7343629927781bc935db9a54e46ec863c666ef2e',
  },
  'cut on the right': {
    draw: { kind: 'truncated_normal', mean: 1, std: 2, low: -9, high: 0 },
    sha256: '31bd4767daf1b7773fd63f65982a40c508f0cd1be77155e8bfe356220bf0e308',
  },
  'one tail': {
    draw: { kind: 'truncated_normal', mean: 0, std: 1, low: 5, high: 7 },
    sha256: '41e8166e452710ecd58fe2dcc717edc7c02ba2c4fd0234c02439ce825caf84d0',
  },
}

// a published stream never changes: a hash that differs here is a new stream, which needs a new name
test.each(Object.entries(draws))('%s: the first million values are frozen', (_, { draw: drawn, sha256 }) => {
  const values = new Float32Array(N)
  draw(stream(0n, '', 'fc.weight'), transformOf(drawn), values, 0)
  expect(createHash('sha256').update(values).digest('hex')).toBe(sha256)
})

test.each(Object.entries(draws))('%s: any chunk gives the same values', (_, { draw: drawn }) => {
  const source = stream(2n ** 64n - 1n, 'then_branch', 'w')
  const all = new Float32Array(20_000)
  draw(source, transformOf(drawn), all, 0)
  for (const start of [0, 1, 2, 3, 4, 5, 4095, 4096, 4099, 7777])
    for (const length of [0, 1, 2, 3, 5, 8, 4095, 4096, 4097, 12_001]) {
      const part = new Float64Array(length)
      draw(source, transformOf(drawn), part, start)
      expect(part.every((v, i) => v === all[start + i])).toBe(true)
    }
})

test('values far into a tensor: past 2³² blocks', () => {
  const source = stream(0n, '', 'w')
  const transform = transformOf({ kind: 'normal', mean: 0, std: 1 })
  const [near, far] = [new Float32Array(8), new Float32Array(8)]
  draw(source, transform, near, 0)
  draw(source, transform, far, 2 ** 34)
  expect([...far]).not.toEqual([...near])
  const across = new Float32Array(12)
  draw(source, transform, across, 2 ** 34 - 4)
  expect([...across.subarray(4)]).toEqual([...far])
})

test.each([
  [{ kind: 'uniform', low: -0.3, high: 0.3 }],
  [{ kind: 'uniform', low: 0.1, high: 0.7 }],
  [{ kind: 'truncated_normal', mean: 0.2, std: 3, low: -0.1, high: 0.7 }],
] as const)('%j: no value is outside its bounds', (drawn) => {
  const values = new Float32Array(4_000_000)
  draw(stream(1n, '', 'w'), transformOf(drawn), values, 0)
  const [low, high] = [Math.fround(drawn.low), Math.fround(drawn.high)]
  expect(values.every((v) => v >= low && v <= high)).toBe(true)
})
