import type { ByteRange, ByteSource } from '../types.js'

/** Gives the next bytes of a payload: as many as asked for, fewer only at its end; good until the next call. */
export type PayloadStream = (byteLength: number) => Uint8Array

/**
 * The bytes of ranges, one after the other. `varintWidth`: the ranges hold varints, and each gives its lowest `varintWidth` bytes (1 to 8),
 * little-endian, as fixed-width storage has them; a varint that a range cuts off ends the stream.
 */
export function payloadStream(ranges: readonly ByteRange[], open: (file: string) => ByteSource, varintWidth: number | null): PayloadStream {
  let index = 0
  let at = ranges[0]?.start ?? 0
  /** Up to `limit` bytes of the range that the stream is in; empty at the end. */
  const nextRun = (limit: number): Uint8Array => {
    for (let range = ranges[index]; range; range = ranges[++index], at = range?.start ?? 0) {
      if (at >= range.end) continue
      const end = Math.min(range.end, at + limit)
      const bytes = open(range.file).read(at, end)
      at = end
      return bytes
    }
    return NOTHING
  }
  const stored = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
  return varintWidth === null ? fixed(nextRun, stored) : decoded(nextRun, stored, varintWidth)
}

const NOTHING = new Uint8Array(0)

/** `stored`: how many bytes there are; small payloads get small memory. */
function fixed(nextRun: (limit: number) => Uint8Array, stored: number): PayloadStream {
  let left = stored
  return (byteLength) => {
    const wanted = Math.min(byteLength, left)
    left -= wanted
    const first = nextRun(wanted)
    if (first.length === wanted) return first
    const out = new Uint8Array(wanted)
    out.set(first)
    for (let filled = first.length; filled < wanted; ) {
      const run = nextRun(wanted - filled)
      out.set(run, filled)
      filled += run.length
    }
    return out
  }
}

/** A varint's 64 bits as two halves of 32: exact without a BigInt a value. */
function decoded(nextRun: (limit: number) => Uint8Array, stored: number, width: number): PayloadStream {
  let run: Uint8Array = NOTHING
  let at = 0
  let [low, high, shift] = [0, 0, 0]
  return (byteLength) => {
    // a varint has a byte or more
    const out = new Uint8Array(Math.min(byteLength, stored * width))
    let filled = 0
    while (filled + width <= out.length) {
      if (at === run.length) {
        run = nextRun(byteLength)
        at = 0
        if (run.length === 0) break
      }
      const b = run[at++] as number
      const bits = b & 127
      if (shift < 32) low |= bits << shift
      if (shift > 24 && shift < 64) high |= shift < 32 ? bits >> (32 - shift) : bits << (shift - 32)
      shift += 7
      if (b > 127) continue
      for (let k = 0; k < width; k++) out[filled++] = k < 4 ? low >>> (8 * k) : high >>> (8 * (k - 4))
      low = high = shift = 0
    }
    return out.subarray(0, filled)
  }
}
