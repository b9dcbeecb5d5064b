/**
 * Lists of varints of whole numbers of `width` bytes (at most 4), which are given and taken little-endian, as fixed-width storage has them.
 * Source: protobuf.dev/programming-guides/encoding.
 */

/** Bytes of the shortest varints of elements [start, end). */
export function varintsLength(fixed: Uint8Array, width: number, start: number, end: number): number {
  let length = 0
  for (let i = start; i < end; i++) {
    const value = little(fixed, i * width, width)
    length += value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
  }
  return length
}

/** The shortest varints of elements [start, end). */
export function encodeVarints(fixed: Uint8Array, width: number, start: number, end: number): Uint8Array {
  const out = new Uint8Array(varintsLength(fixed, width, start, end))
  let at = 0
  for (let i = start; i < end; i++) {
    let value = little(fixed, i * width, width)
    while (value > 127) {
      out[at++] = (value & 127) | 128
      value >>>= 7
    }
    out[at++] = value
  }
  return out
}

/** How many varints end in `bytes`. */
export function countVarints(bytes: Uint8Array): number {
  let count = 0
  for (let i = 0; i < bytes.length; i++) count += (bytes[i] as number) < 128 ? 1 : 0
  return count
}

function little(bytes: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let k = 0; k < width; k++) value |= (bytes[at + k] as number) << (8 * k)
  return value >>> 0
}
