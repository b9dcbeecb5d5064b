import { createHash } from 'node:crypto'

/** A stream: Philox4x32-10 (Salmon et al. 2011), key = seed, counter = (block low, block high, h0, h1). */
export interface Stream {
  readonly key: readonly [number, number]
  readonly hash: readonly [number, number]
}

/** h = the first 8 bytes, little-endian, of SHA-256(scope ‖ 0 ‖ name). */
export function stream(seed: bigint, scope: string, name: string): Stream {
  const h = createHash('sha256').update(`${scope}\0${name}`, 'utf8').digest()
  return { key: [Number(seed & 0xffffffffn), Number((seed >> 32n) & 0xffffffffn)], hash: [h.readUInt32LE(0), h.readUInt32LE(4)] }
}

const M0 = 0xd2511f53
const M1 = 0xcd9e8d57

/** The high word of an unsigned 32×32 product. */
function mulHigh(a: number, b: number): number {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16]
  const mid = ah * bl + ((al * bl) >>> 16)
  const mid2 = al * bh + (mid % 65536)
  return (ah * bh + Math.floor(mid / 65536) + Math.floor(mid2 / 65536)) >>> 0
}

/** One block of four words into `out`. */
export function philox(counter: readonly [number, number, number, number], key: readonly [number, number], out: Uint32Array): void {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const [h0, l0, h1, l1] = [mulHigh(M0, c0), Math.imul(M0, c0) >>> 0, mulHigh(M1, c2), Math.imul(M1, c2) >>> 0]
    c0 = (h1 ^ c1 ^ k0) >>> 0
    c1 = l1
    c2 = (h0 ^ c3 ^ k1) >>> 0
    c3 = l0
    k0 = (k0 + 0x9e3779b9) >>> 0
    k1 = (k1 + 0xbb67ae85) >>> 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}
