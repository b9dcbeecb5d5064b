import type { DataType, Tensor } from '../types.js'
import { bitsOf, CHUNK_ELEMENTS, type Open, pieces } from './heldNumbers.js'

/**
 * Bits that one element says at most, by the bits of its type: less than its entropy, so that chance is never underestimated. Floats have
 * their mantissa and sign; quantized weights use the middle of their codes more than the ends.
 */
const MOST: Readonly<Record<number, number>> = { 64: 16, 32: 16, 16: 9, 8: 6, 4: 3, 2: 1.5 }
/** Half precision has three bits more of mantissa than bfloat16. */
const MOST_OF: Readonly<Record<string, number>> = { FLOAT16: 11, INT16: 12, UINT16: 12, FLOAT8E8M0: 2, FLOAT4E2M1: 2.5 }
/** Elements equal to one of this many before them say nothing: stripes, padding, repeated rows of few values. */
const WIDE_MEMORY = 32
const NARROW_MEMORY = 4
const MOST_BUCKET_BITS = 16
/** Elements of a wide type that its table is made from, at most: spread over the tensor. */
const SAMPLE = 1 << 21
/** Elements looked at between two looks at the sum: a whole number of bytes. */
const FEW = 64

/** Bits that an element of a type says at most. */
export const mostBits = (dataType: DataType): number => MOST_OF[dataType] ?? MOST[bitsOf(dataType)] ?? 0

/**
 * What elements of a tensor say: −log₂ of how often their value occurs among the others (wide types: a value of its 16-bit hash), never
 * more than `mostBits`. A value that stands shortly before says nothing again.
 */
export interface Surprise {
  /** Bits of elements of the tensor's type, as raw_data has them; counting ends at `enough`. */
  of(this: void, bytes: Uint8Array, count: number, enough: number): number
  /** Bits that the elements say without their order, as many as `enough`; for types of 8 bits and fewer, else null. */
  readonly unordered: number | null
}

export function surprise(tensor: Tensor, open: Open): Surprise {
  const bits = bitsOf(tensor.dataType)
  // sixteen buckets an element, so that few fall together
  const bucketBits = bits <= 8 ? bits : Math.min(MOST_BUCKET_BITS, 4 + Math.ceil(Math.log2(tensor.elementCount)))
  const keysOf = keysBy(bits, 16 - bucketBits, Math.min(CHUNK_ELEMENTS, Math.max(FEW, tensor.elementCount)))
  const counts = new Uint32Array(2 ** bucketBits)
  let n = 0
  for (const { bytes, values } of pieces(tensor, open, bits <= 8 ? 1 : Math.ceil(tensor.elementCount / SAMPLE))) {
    const keys = keysOf(bytes, values.length)
    n += keys.length
    for (let i = 0; i < keys.length; i++) {
      const k = keys[i] as number
      counts[k] = (counts[k] as number) + 1
    }
  }
  const most = mostBits(tensor.dataType)
  const said = Float32Array.from(counts, (count) => (count < 2 ? most : Math.min(most, -Math.log2((count - 1) / n))))
  const memory = bits > 8 ? WIDE_MEMORY : NARROW_MEMORY
  return {
    of(bytes, count, enough) {
      const last: number[] = []
      let sum = 0
      for (let start = 0; start < count && sum < enough; start += FEW) {
        const keys = keysOf(bytes.subarray((start * bits) / 8), Math.min(FEW, count - start))
        for (let i = 0; i < keys.length && sum < enough; i++) {
          const k = keys[i] as number
          if (!last.includes(k)) sum += said[k] as number
          last[i % memory] = k
        }
      }
      return sum
    },
    unordered: bits <= 8 ? unorderedBits(counts, said) : null,
  }
}

/** Bits of the elements less those of their order: log₂ of n! ÷ ∏ nᵢ!. */
function unorderedBits(counts: Uint32Array, said: Float32Array): number {
  let [sum, n] = [0, 0]
  counts.forEach((count, k) => {
    sum += count * (said[k] as number) + logFactorial(count)
    n += count
  })
  return sum - logFactorial(n)
}

/** log₂ n!, by Stirling's series. */
function logFactorial(n: number): number {
  if (n < 2) return 0
  return (n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n)) / Math.LN2
}

/**
 * The values of elements as small numbers: themselves up to 8 bits, else hashes of 16 bits less `drop`. `room`: for how many at a time. Good
 * until the next call.
 */
function keysBy(bits: number, drop: number, room: number): (bytes: Uint8Array, count: number) => Uint16Array {
  const out = new Uint16Array(room)
  const perByte = 8 / bits
  const mask = 2 ** bits - 1
  return (bytes, count) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bits < 8) for (let i = 0; i < count; i++) out[i] = ((bytes[Math.floor(i / perByte)] as number) >> (bits * (i % perByte))) & mask
    else if (bits === 8) out.set(bytes.subarray(0, count))
    else if (bits === 16) for (let i = 0; i < count; i++) out[i] = hash16(view.getUint16(2 * i, true)) >>> drop
    else if (bits === 32) for (let i = 0; i < count; i++) out[i] = hash16(view.getUint32(4 * i, true)) >>> drop
    else
      for (let i = 0; i < count; i++)
        out[i] = hash16(view.getUint32(8 * i, true) ^ Math.imul(view.getUint32(8 * i + 4, true), 0x85ebca6b)) >>> drop
    return out.subarray(0, count)
  }
}

const hash16 = (word: number) => Math.imul(word ^ (word >>> 15), 0x9e3779b1) >>> 16
