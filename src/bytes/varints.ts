/**
 * Lists of varints of whole numbers of `width` bytes (at most 4), which are given and taken little-endian, as fixed-width storage has them.
 * A negative number is extended to 64 bits: ten bytes, as an int32 field has it.
 * Source: protobuf.dev/programming-guides/encoding.
 */

/** Bytes of the shortest varints of elements [start, end). */
export function varintsLength(fixed: Uint8Array, width: number, start: number, end: number, isSigned = false): number {
  let length = 0
  for (let i = start; i < end; i++) {
    const value = little(fixed, i * width, width)
    if (isSigned && value >= 2 ** (8 * width - 1)) length += NEGATIVE_BYTES
    else length += value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
  }
  return length
}

/** The shortest varints of elements [start, end). */
export function encodeVarints(fixed: Uint8Array, width: number, start: number, end: number, isSigned = false): Uint8Array {
  const out = new Uint8Array(varintsLength(fixed, width, start, end, isSigned))
  let at = 0
  for (let i = start; i < end; i++) {
    let value = little(fixed, i * width, width)
    if (isSigned && value >= 2 ** (8 * width - 1)) {
      let low = value - 2 ** (8 * width)
      for (let k = 1; k < NEGATIVE_BYTES; k++, low >>= 7) out[at++] = (low & 127) | 128
      out[at++] = 1
      continue
    }
    while (value > 127) {
      out[at++] = (value & 127) | 128
      value >>>= 7
    }
    out[at++] = value
  }
  return out
}

/** 63 bits in nines of seven, and the sign. */
const NEGATIVE_BYTES = 10

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
