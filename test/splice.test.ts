import fc from 'fast-check'
import { expect, test } from 'vitest'
import { segments } from '../src/bytes/segments.js'
import { splice } from '../src/bytes/splice.js'
import type { Frame, FramedPatch } from '../src/types.js'
import { varint, varintBytes } from './buildModel.js'

// A tree of messages, encoded by the naive way: inner first, every length counted anew.
interface Leaf {
  readonly kind: 'leaf'
  readonly bytes: Uint8Array
}
interface Message {
  readonly kind: 'message'
  /** Padding bytes of its length varint. */
  readonly padding: number
  readonly children: readonly Tree[]
}
type Tree = Leaf | Message

/** What becomes of the leaves, in their order: new bytes (empty: deleted), or null for kept. */
type Edits = (leaf: number) => Uint8Array | null

const TAG = varintBytes((3 << 3) | 2)
const width = (n: number) => varintBytes(n).length

/** Encodes with edits; a padded length keeps its width where the new one fits. */
function encode(trees: readonly Tree[], edits: Edits): Uint8Array {
  let leaf = 0
  const size = (t: Tree): number =>
    t.kind === 'leaf'
      ? t.bytes.length
      : field(
          t,
          t.children.reduce((n, c) => n + size(c), 0),
        )
  const field = (m: Message, body: number) => TAG.length + width(body) + m.padding + body
  const one = (t: Tree): Uint8Array => {
    if (t.kind === 'leaf') return edits(leaf++) ?? t.bytes
    const old = t.children.reduce((n, c) => n + size(c), 0)
    const body = Buffer.concat(t.children.map(one))
    const kept = t.padding > 0 ? Math.max(width(old) + t.padding, width(body.length)) : 0
    return Buffer.concat([TAG, varintBytes(body.length, old === body.length ? width(old) + t.padding : kept), body])
  }
  return Buffer.concat(trees.map(one))
}

/** The leaves' places in the unedited encoding, each with the frame around it. */
function places(trees: readonly Tree[], bytes: Uint8Array): { start: number; end: number; frame: Frame }[] {
  const found: { start: number; end: number; frame: Frame }[] = []
  const walk = (list: readonly Tree[], frame: Frame) => {
    let at = frame.start
    for (const t of list) {
      if (t.kind === 'leaf') {
        found.push({ start: at, end: at + t.bytes.length, frame })
        at += t.bytes.length
        continue
      }
      const lengthStart = at + TAG.length
      let start = lengthStart
      let length = 0
      for (let scale = 1; ; scale *= 128) {
        const b = bytes[start++] as number
        length += (b & 127) * scale
        if (b < 128) break
      }
      walk(t.children, { parent: frame, lengthStart, start, end: start + length })
      at = start + length
    }
  }
  walk(trees, { parent: null, lengthStart: 0, start: 0, end: bytes.length })
  return found
}

/** What a planned file's segments make of the source. */
function apply(source: Uint8Array, patches: readonly FramedPatch[]): Uint8Array {
  const done = splice(patches)
  const parts: Uint8Array[] = []
  let total = 0
  const file = { path: '', name: '', source: { path: '', byteLength: source.length, modified: 0 }, byteLength: 0, patches: done }
  for (const s of segments(file)) {
    expect(s.at).toBe(total)
    const part = s.kind === 'keep' ? source.subarray(s.start, s.end) : s.patch.content.kind === 'bytes' ? s.patch.content.bytes : null
    if (!part) throw new Error('only bytes here')
    if (s.kind === 'patch') expect(part.length).toBe(s.patch.byteLength)
    parts.push(part)
    total += part.length
  }
  return Buffer.concat(parts)
}

const patch = (start: number, end: number, bytes: Uint8Array, frame: Frame | null): FramedPatch => ({
  start,
  end,
  byteLength: bytes.length,
  content: { kind: 'bytes', bytes },
  frame,
})

const { tree } = fc.letrec<{ tree: Tree; leaf: Leaf; message: Message }>((tie) => ({
  tree: fc.oneof({ maxDepth: 5, withCrossShrink: true }, tie('leaf'), tie('message')),
  leaf: fc.record({ kind: fc.constant('leaf' as const), bytes: fc.uint8Array({ maxLength: 140 }) }),
  message: fc.record({
    kind: fc.constant('message' as const),
    padding: fc.constantFrom(0, 0, 0, 1, 3),
    children: fc.array(tie('tree'), { maxLength: 4 }),
  }),
}))
// lengths around 127, 128, 16383, 16384: where a varint takes another byte
const content = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc.integer({ min: 100, max: 300 }).map((n) => new Uint8Array(n).fill(7)),
)
const huge = fc.integer({ min: 16_000, max: 17_000 }).map((n) => new Uint8Array(n).fill(9))
const edit = fc.option(fc.oneof({ weight: 9, arbitrary: content }, { weight: 1, arbitrary: huge }), { nil: null })

test('any splices of any nested messages give what encoding anew gives', () => {
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 5 }), fc.infiniteStream(edit), fc.boolean(), (trees, stream, reverse) => {
      const source = encode(trees, () => null)
      const leaves = places(trees, source)
      const edits = leaves.map(() => stream.next().value as Uint8Array | null)
      const patches = leaves.flatMap(({ start, end, frame }, i) => {
        const bytes = edits[i]
        return bytes ? [patch(start, end, bytes, frame)] : []
      })
      const expected = encode(trees, (i) => edits[i] ?? null)
      // an order of the list says nothing, but for insertions at one place
      const shuffled = reverse && new Set(patches.map((p) => p.start)).size === patches.length ? patches.toReversed() : patches
      expect(Buffer.compare(apply(source, shuffled), expected)).toBe(0)
    }),
    { numRuns: 2000, seed: 7 },
  )
})

/** A message of one leaf in a message, and an unknown field behind. */
function nested(bodyLength: number, padding = 0) {
  const inner: Message = { kind: 'message', padding, children: [{ kind: 'leaf', bytes: new Uint8Array(bodyLength).fill(1) }] }
  const trees: Tree[] = [
    { kind: 'message', padding: 0, children: [inner] },
    { kind: 'leaf', bytes: varint(4242, 7) },
  ]
  const source = encode(trees, () => null)
  return { trees, source, leaves: places(trees, source) }
}

test.each([
  ['one byte more carries into two lengths', 125, 126, 0],
  ['the inner length takes a second byte, and the outer grows by two', 127, 128, 0],
  ['a length that fits again shrinks', 128, 127, 0],
  ['a padded length keeps its width', 100, 120, 2],
  ['a padded length keeps its width when it shrinks', 128, 3, 2],
  ['a padded length that is full grows', 16_383, 2_097_152, 1],
])('%s', (_, before, after, padding) => {
  const { trees, source, leaves } = nested(before, padding)
  const bytes = new Uint8Array(after).fill(2)
  const { start, end, frame } = leaves[0] as (typeof leaves)[0]
  const expected = encode(trees, (i) => (i === 0 ? bytes : null))
  expect(Buffer.compare(apply(source, [patch(start, end, bytes, frame)]), expected)).toBe(0)
})

test('insertions at the end of a message go inside or behind it as their frame says, in the order given', () => {
  const { source, leaves } = nested(5)
  const { end, frame } = leaves[0] as (typeof leaves)[0]
  const [outer, root] = [frame.parent, frame.parent?.parent ?? null]
  const at = (name: number, f: Frame | null) => patch(end, end, Uint8Array.of(name), f)
  const result = apply(source, [at(1, root), at(2, outer), at(3, frame), at(4, frame)])
  expect([...result.subarray(0, 13)]).toEqual([...TAG, 10, ...TAG, 7, 1, 1, 1, 1, 1, 3, 4, 2, 1])
  expect(result.subarray(13)).toEqual(source.subarray(end))
})

test.each([
  ['two ranges that share a byte', 0, 3, 2, 5],
  ['a range inside another', 0, 5, 1, 2],
  ['an insertion inside a range', 0, 5, 2, 2],
])('refused: %s', (_, a, b, c, d) => {
  const bytes = Uint8Array.of(1)
  expect(() => splice([patch(a, b, bytes, null), patch(c, d, bytes, null)])).toThrow(/^Two changes overlap at byte [12], /)
})

test('refused: a message replaced whole while something inside it grows', () => {
  const { source, leaves } = nested(5)
  const { start, frame } = leaves[0] as (typeof leaves)[0]
  const whole = patch(0, frame.end, Uint8Array.of(1), null)
  expect(() => splice([whole, patch(start, start, Uint8Array.of(1), frame)])).toThrow(/overlap/)
  expect(source.length).toBeGreaterThan(frame.end)
})

test('refused: a message beyond 2 GiB', () => {
  const frame = { parent: null, lengthStart: 1, start: 6, end: 2 ** 31 - 10 }
  const grown = { start: 10, end: 10, byteLength: 100, content: { kind: 'zeros' as const }, frame }
  expect(() => splice([grown])).toThrow(/message at byte 1 would have 2147483732 bytes: protobuf ends at 2147483647/)
})
