import type { ByteSource, Tensor } from '../types.js'
import { type BlockFilter, maskOf } from './blockFilter.js'
import { check, hash2, hash4, mix } from './blocks.js'

/** Bytes that something of the input may stand in: a file, or a tensor's values where those lie apart in it. */
export interface Stream {
  /** '' the model, else its location. */
  readonly file: string
  /** The tensor that these are the decoded values of; null: the file as it is. */
  readonly tensor: Tensor | null
  readonly source: ByteSource
}

export interface Sought {
  /** Filters of blocks of two and of four words; null: none are sought. */
  readonly two: BlockFilter | null
  readonly four: BlockFilter | null
  /** By the first two bytes: 1 where some text starts with them. */
  readonly starts: Uint8Array | null
  onBlock(this: void, second: number, at: number): void
  /** `word`: the four bytes at `at`. */
  onText(this: void, word: number, at: number): void
}

/** Bytes looked at between two turns of other events. */
const CHUNK = 1 << 18
/** What a block reaches beyond its start. */
const OVERLAP = 15
/** Places in 4 KiB that are handed out at most: a copied tensor has hundreds, and one is enough. */
const REGION_BITS = 12
const MOST = 16

/** Looks at every byte of a stream, whatever it is part of, as the start of a block or text. `pace` is awaited after each chunk. */
export async function scanBytes({ source }: Stream, sought: Sought, pace: (bytes: number) => Promise<void>): Promise<void> {
  const shifted = new Uint8Array(CHUNK + 2 * OVERLAP + 2)
  const words = new Uint32Array(shifted.buffer, 0, shifted.length >> 2)
  const found = new Uint8Array((CHUNK >> REGION_BITS) + 1)
  const { two, four, starts } = sought
  for (let from = 0; from < source.byteLength; from += CHUNK) {
    const bytes = source.read(from, Math.min(source.byteLength, from + CHUNK + OVERLAP))
    found.fill(0)
    for (let k = 0; k < 4; k++) {
      shifted.set(bytes.subarray(k))
      const count = (bytes.length - k) >> 2
      const within = Math.min(count, CHUNK >> 2)
      const on = (i: number, second: number) => {
        const region = (4 * i) >> REGION_BITS
        const before = found[region] as number
        if (before >= MOST) return
        found[region] = before + 1
        sought.onBlock(second, from + k + 4 * i)
      }
      if (starts)
        for (let i = 0; i < within; i++)
          if (starts[(words[i] as number) & 0xffff] === 1) sought.onText(words[i] as number, from + k + 4 * i)
      if (two) scanTwo(words, Math.min(within, count - 1), two, on)
      if (four) scanFour(words, Math.min(within, count - 3), four, on)
    }
    await pace(bytes.length)
  }
}

type OnBlock = (index: number, second: number) => void

/** `count`: where blocks may start. Most words are none that a block has: only of the others hashes are made. */
function scanTwo(words: Uint32Array, count: number, { bits, shift, plausible, passes }: BlockFilter, on: OnBlock): void {
  let fit = 0
  for (let last = 0; last < count + 1; last++) {
    const b = words[last] as number
    if (plausible[b >>> 20] === 0) {
      fit = 0
      continue
    }
    if (++fit < 2) continue
    const a = words[last - 1] as number
    const first = hash2(mix(a), mix(b))
    const mask = maskOf(first)
    if (((bits[first >>> shift] as number) & mask) === mask) {
      const second = check(a, b)
      if (passes(second)) on(last - 1, second)
    }
  }
}

function scanFour(words: Uint32Array, count: number, { bits, shift, plausible, passes }: BlockFilter, on: OnBlock): void {
  let fit = 0
  // of the three words before, mixed once they fit
  let [x, y, z] = [0, 0, 0]
  for (let last = 0; last < count + 3; last++) {
    const d = words[last] as number
    if (plausible[d >>> 20] === 0) {
      fit = 0
      continue
    }
    const mixed = mix(d)
    if (++fit >= 4) {
      const first = hash4(x, y, z, mixed)
      const mask = maskOf(first)
      if (((bits[first >>> shift] as number) & mask) === mask) {
        const second = check(check(words[last - 3] as number, words[last - 2] as number), check(words[last - 1] as number, d))
        if (passes(second)) on(last - 3, second)
      }
    }
    x = y
    y = z
    z = mixed
  }
}
