/**
 * A set that forgets exact members: `has` is never false for what was added, and true for few others. A Bloom filter of two levels, the first
 * with three bits in one 32-bit word (Putze, Sanders, Singler 2009: one cache miss a question), the second by another hash.
 */
export interface BlockFilter {
  /** By a word's upper twelve bits: 1 where some block has such a word. It tells most bytes that are read out of step. */
  readonly plausible: Uint8Array
  add(this: void, first: number, second: number): void
  /** Whether `second` passes as well, where `first` did. */
  passes(this: void, second: number): boolean
  /** The first level: word `first >>> shift` has all bits of maskOf(first). */
  readonly bits: Int32Array
  readonly shift: number
}

/** Blocks that one filter takes: 64 MiB for the first level. More are looked for in several rounds. */
export const MAX_BLOCKS = 25_000_000

export function blockFilter(count: number): BlockFilter {
  // 16 to 32 bits a block
  const words = Math.min(23, Math.max(10, Math.ceil(Math.log2(Math.max(1, count) / 4))))
  const bits = new Int32Array(2 ** words)
  const shift = 32 - words
  // 8 to 16 bits a block
  const more = words - 1
  const seconds = new Int32Array(2 ** more)
  const secondShift = 27 - more
  return {
    plausible: new Uint8Array(1 << 12),
    bits,
    shift,
    add(first, second) {
      bits[first >>> shift] = (bits[first >>> shift] as number) | maskOf(first)
      const at = second >>> secondShift
      seconds[at >>> 5] = (seconds[at >>> 5] as number) | (1 << (at & 31))
    },
    passes(second) {
      const at = second >>> secondShift
      return ((seconds[at >>> 5] as number) & (1 << (at & 31))) !== 0
    },
  }
}

/** Three bits from the low 15 of a hash. */
export const maskOf = (first: number): number => (1 << (first & 31)) | (1 << ((first >>> 5) & 31)) | (1 << ((first >>> 10) & 31))
