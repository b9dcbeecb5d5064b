import { createHash } from 'node:crypto'

/** A stream's coordinates: Philox4x32-10's key (the seed) and the upper half of its counter (the tensor's hash), 32-bit words. */
export interface Stream {
  readonly key: readonly [number, number]
  readonly hash: readonly [number, number]
}

/**
 * The stream of one tensor. key = the seed's low and high word; hash = the first 8 bytes of SHA-256(scope ‖ 0 ‖ name), UTF-8, as two
 * little-endian words. `purpose` names a second stream of the same tensor (what is permuted or zeroed): SHA-256(scope ‖ 0 ‖ name ‖ 0 ‖ purpose).
 */
export function stream(seed: bigint, scope: string, name: string, purpose?: string): Stream {
  const text = purpose === undefined ? `${scope}\0${name}` : `${scope}\0${name}\0${purpose}`
  const digest = createHash('sha256').update(text, 'utf8').digest()
  return hashedStream(seed, [digest.readUInt32LE(0), digest.readUInt32LE(4)])
}

/** A stream by its hash, where the name is not told. */
export const hashedStream = (seed: bigint, hash: Stream['hash']): Stream => ({
  key: [Number(seed & 0xffffffffn), Number(seed >> 32n)],
  hash,
})

/** Multipliers and Weyl increments of Philox4x32 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; 2011). */
const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85
const ROUNDS = 10

/** Four words each of block `block`, block + 1, … of a stream (below 2⁵³) into `out`, a whole number of blocks. */
export function words({ key, hash }: Stream, block: number, out: Uint32Array): void {
  philox([block >>> 0, Math.floor(block / 2 ** 32), hash[0], hash[1]], key, out)
}

/** Words start … start + out.length of a stream, four to a block. */
export function wordsFrom(source: Stream, start: number, out: Uint32Array): void {
  const block = Math.floor(start / 4)
  const skip = start - 4 * block
  const buffer = new Uint32Array(Math.ceil((skip + out.length) / 4) * 4)
  words(source, block, buffer)
  out.set(buffer.subarray(skip, skip + out.length))
}

/** Philox4x32-10 at a counter of four words, and at those that follow it in its lower 64 bits, into `out`. */
export function philox(counter: readonly [number, number, number, number], key: readonly [number, number], out: Uint32Array): void {
  let [low, high] = [counter[0] | 0, counter[1] | 0]
  for (let at = 0; at < out.length; at += 4) {
    let c0 = low
    let c1 = high
    let c2 = counter[2] | 0
    let c3 = counter[3] | 0
    let k0 = key[0] | 0
    let k1 = key[1] | 0
    for (let round = 0; round < ROUNDS; round++) {
      const h0 = mulHigh(c0, M0 & 0xffff, M0 >>> 16)
      const h1 = mulHigh(c2, M1 & 0xffff, M1 >>> 16)
      const l0 = Math.imul(c0, M0)
      const l1 = Math.imul(c2, M1)
      c0 = h1 ^ c1 ^ k0
      c1 = l1
      c2 = h0 ^ c3 ^ k1
      c3 = l0
      k0 = (k0 + W0) | 0
      k1 = (k1 + W1) | 0
    }
    out[at] = c0
    out[at + 1] = c1
    out[at + 2] = c2
    out[at + 3] = c3
    low = (low + 1) | 0
    if (low === 0) high = (high + 1) | 0
  }
}

/** The upper word of the unsigned product a · (high·2¹⁶ + low), in 32-bit steps. */
function mulHigh(a: number, low: number, high: number): number {
  const al = a & 0xffff
  const ah = a >>> 16
  const m = (Math.imul(ah, low) + (Math.imul(al, low) >>> 16)) | 0
  const n = (Math.imul(al, high) + (m & 0xffff)) | 0
  return (Math.imul(ah, high) + (m >>> 16) + (n >>> 16)) | 0
}
