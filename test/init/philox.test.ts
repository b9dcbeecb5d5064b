import { expect, test } from 'vitest'
import { philox, stream, words } from '../../src/init/philox.js'

// Random123's known-answer vectors (kat_vectors, philox4x32 10)
test.each([
  ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
])('philox4x32-10 of %s under %s', (counter, key, expected) => {
  const out = new Uint32Array(4)
  philox(parse(counter) as [number, number, number, number], parse(key) as [number, number], out)
  expect([...out]).toEqual(parse(expected))
})

test('the block number carries into the second word', () => {
  const source = stream(0xdeadbeef00000001n, 'If_3/then_branch', 'w')
  const both = new Uint32Array(8)
  words(source, 2 ** 32 - 1, both)
  const [first, second] = [new Uint32Array(4), new Uint32Array(4)]
  philox([0xffffffff, 0, ...source.hash], [1, 0xdeadbeef], first)
  philox([0, 1, ...source.hash], [1, 0xdeadbeef], second)
  expect([...both]).toEqual([...first, ...second])
})

test('scope, name, purpose and seed make streams of their own', () => {
  const streams = [
    stream(0n, '', 'ab'),
    stream(0n, 'a', 'b'),
    stream(0n, 'ab', ''),
    stream(0n, '', 'ab', 'sparse'),
    stream(1n, '', 'ab'),
    stream(1n << 32n, '', 'ab'),
  ]
  expect(new Set(streams.map((s) => JSON.stringify(s))).size).toBe(streams.length)
  // SHA-256("\0fc.weight") begins 11fc81e4 56d14b14
  expect(stream(0n, '', 'fc.weight').hash).toEqual([0xe481fc11, 0x144bd156])
})

const parse = (text: string) => text.split(' ').map((word) => Number.parseInt(word, 16))
