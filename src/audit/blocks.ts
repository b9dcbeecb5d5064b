import type { Tensor } from '../types.js'
import { bitsOf, type Open } from './heldNumbers.js'
import { elementReader } from '../onnx/values/readValues.js'
import { mostBits } from './surprise.js'

/** Equal consecutive elements that tell where they came from. */
export const RUN = 8

/** How a tensor is looked for: a run of `run` elements or more holds one whole block of `words` 32-bit words, of which one starts every `step` bytes. */
export interface Blocks {
  readonly tensor: Tensor
  /** Bits an element. */
  readonly bits: number
  readonly run: number
  readonly words: 2 | 4
  readonly step: number
  readonly byteLength: number
}

/** null: shorter than a run. `needed`: bits that a run has to say for chance to be left out. */
export function blocksOf(tensor: Tensor, needed: number): Blocks | null {
  const bits = bitsOf(tensor.dataType)
  // below 8 bits a run may start inside of a byte
  const inside = bits < 8 ? 8 / bits - 1 : 0
  const run = Math.max(RUN, Math.ceil(needed / mostBits(tensor.dataType)), 64 / bits + inside)
  const runBytes = Math.floor(((run - inside) * bits) / 8)
  const byteLength = Math.ceil((tensor.elementCount * bits) / 8)
  if (tensor.elementCount < run) return null
  // a block of two words says enough where four would leave no room to step
  const words = runBytes >= 28 ? 4 : 2
  const width = Math.max(1, bits / 8)
  const step = Math.max(width, Math.floor((runBytes - 4 * words + width) / width) * width)
  return { tensor, bits, run, words, step, byteLength }
}

/** What a filter is asked: two independent hashes of a block; and its words. */
export type OnBlock = (at: number, first: number, second: number, a: number, b: number, c: number, d: number) => void

/** Bytes of a tensor that are hashed at a time, and what a block may reach beyond. */
const CHUNK_BYTES = 1 << 18

/** Hands out the hashes of a tensor's blocks and where each starts; those of one repeated word are left out: they hold nothing learned. */
export function eachBlock({ tensor, words, step, byteLength, bits }: Blocks, open: Open, onBlock: OnBlock): void {
  const read = elementReader(tensor, open)
  const unit = Math.max(1, bits / 8)
  const last = byteLength - 4 * words
  const stride = Math.floor(CHUNK_BYTES / step) * step
  for (let from = 0; from <= last; from += stride) {
    const to = Math.min(byteLength, from + stride + 4 * words)
    const bytes = read(from / unit, Math.ceil(to / unit))
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = Math.min(last, from + stride - step) - from
    for (let at = 0; at <= end; at += step) {
      const a = view.getUint32(at, true)
      const b = view.getUint32(at + 4, true)
      if (words === 2) {
        if (a !== b) onBlock(from + at, hash2(mix(a), mix(b)), check(a, b), a, b, a, b)
        continue
      }
      const c = view.getUint32(at + 8, true)
      const d = view.getUint32(at + 12, true)
      if (a !== b || a !== c || a !== d)
        onBlock(from + at, hash4(mix(a), mix(b), mix(c), mix(d)), check(check(a, b), check(c, d)), a, b, c, d)
    }
  }
}

/** Every bit of a word moves every bit of this: values whose low bits are zero (halves in single precision) hash as well as others. */
export function mix(word: number): number {
  const x = Math.imul(word ^ (word >>> 16), 0x7feb352d)
  return Math.imul(x ^ (x >>> 15), 0x846ca68b)
}

/** Words are told apart by how far they are turned. */
export const hash2 = (a: number, b: number): number => (a ^ ((b << 13) | (b >>> 19))) >>> 0
export const hash4 = (a: number, b: number, c: number, d: number): number =>
  (a ^ ((b << 13) | (b >>> 19)) ^ ((c << 7) | (c >>> 25)) ^ ((d << 22) | (d >>> 10))) >>> 0

/** A second hash, of the words themselves. */
export function check(a: number, b: number): number {
  const x = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d) + Math.imul(b ^ (b >>> 13), 0x297a2d39)
  return (Math.imul(x ^ (x >>> 14), 0x9e3779b1) ^ (x >>> 9)) >>> 0
}
