import { type PayloadStream, payloadStream } from './bytes/payloadStream.js'
import { measure } from './init/measure.js'
import { codecs, dataTypes, isFloatType } from './onnx/values/dataTypes.js'
import type { ByteSource, DataType, Moments, Tensor, TensorPair, Values } from './types.js'

interface ValueDifference {
  /** Elements whose bytes differ; null where elements have no fixed size, or can't be read. */
  readonly differing: number | null
  /** Largest |after − before|; null where the type has no numbers. Pairs with a NaN are left out. */
  readonly maxDifference: number | null
}

/** The bytes of a file that a tensor's ranges name. */
export type Open = (file: string) => ByteSource

/** Bytes compared at a time: a multiple of every element's size. */
const CHUNK = 1 << 18

/**
 * Compares the values of two tensors of one shape and type, byte for byte (NaNs by their payload), however each is stored; null: equal.
 * `pace` is awaited after each chunk with the bytes done: constant memory at any size.
 */
export async function compareTensors(
  [before, after]: readonly [Open, Open],
  pair: TensorPair,
  pace: (byteLength: number) => Promise<void>,
): Promise<ValueDifference | null> {
  const { dataType } = pair.after
  if (dataType === 'STRING' && !sameLengths(pair)) return { differing: null, maxDifference: null }
  const [a, b] = [valueStream(before, pair.before), valueStream(after, pair.after)]
  const numbers = decoders[dataType]
  const bits = bitsOf(dataType)
  // of one whose values can't be read there are no elements to count
  const isCounted = pair.before.elements.kind === 'stored' && pair.after.elements.kind === 'stored'
  let differing = 0
  let largest: number | null = numbers ? 0 : null
  for (;;) {
    const [x, y] = [a(CHUNK), b(CHUNK)]
    if (x.length === 0 && y.length === 0) break
    if (Buffer.compare(x, y) !== 0) {
      if (!isCounted) return { differing: null, maxDifference: null }
      differing += countDiffering(x, y, bits)
      if (numbers && largest !== null) largest = Math.max(largest, largestDifference(numbers(x), numbers(y)))
    }
    await pace(x.length + y.length)
  }
  return differing === 0 ? null : { differing: bits === 0 ? null : differing, maxDifference: largest }
}

/** Mean, deviation (n) and range of a tensor's values; null where its type has no numbers. */
export async function momentsOf(open: Open, tensor: Tensor, pace: (byteLength: number) => Promise<void>): Promise<Moments | null> {
  const numbers = decoders[tensor.dataType]
  if (!numbers || tensor.elements.kind !== 'stored') return null
  const next = valueStream(open, tensor)
  const statistics = measure()
  for (let bytes = next(CHUNK); bytes.length > 0; bytes = next(CHUNK)) {
    statistics.add(numbers(bytes))
    await pace(bytes.length)
  }
  return statistics.finish()
}

/** Bits of an element; 0 where it has no fixed size. */
const bitsOf = (dataType: DataType) => Object.values(dataTypes).find(([name]) => name === dataType)?.[1] ?? 0

/** A tensor's values as raw_data has them; of one that can't be read (segments), its whole message. */
function valueStream(open: Open, { dataType, elements, frame }: Tensor): PayloadStream {
  if (elements.kind !== 'stored') return payloadStream([{ file: '', start: frame.start, end: frame.end }], open, null)
  // a varint of a type below 8 bits holds the byte that its elements are packed in
  const isVarint = elements.varints && dataType !== 'STRING'
  return payloadStream(elements.ranges, open, isVarint ? Math.max(1, bitsOf(dataType) / 8) : null)
}

/** Strings stand one a range: ["ab", "c"] and ["a", "bc"] have the same bytes. */
function sameLengths({ before, after }: TensorPair): boolean {
  if (before.elements.kind !== 'stored' || after.elements.kind !== 'stored') return true
  const [a, b] = [before.elements.ranges, after.elements.ranges]
  return a.length === b.length && a.every(({ start, end }, i) => end - start === (b[i]?.end ?? 0) - (b[i]?.start ?? 0))
}

function countDiffering(x: Uint8Array, y: Uint8Array, bits: number): number {
  const length = Math.max(x.length, y.length)
  const width = Math.max(1, bits / 8)
  let count = 0
  for (let at = 0; at < length; at += width) {
    if (bits >= 8 || bits === 0) {
      let k = 0
      while (k < width && x[at + k] === y[at + k]) k++
      if (k < width) count++
    } else for (let rest = (x[at] ?? 0) ^ (y[at] ?? 0); rest > 0; rest >>>= bits) if (rest & ((1 << bits) - 1)) count++
  }
  return count
}

function largestDifference(x: Values, y: Values): number {
  let largest = 0
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i] as number, y[i] as number]
    const difference = a === b ? 0 : Math.abs(b - a)
    if (difference > largest) largest = difference
  }
  return largest
}

type Read = (view: DataView, at: number) => number
const integers = (width: number, read: Read) => (bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float64Array.from({ length: bytes.length / width }, (_, i) => read(view, i * width))
}

/** Values of a type as numbers, from its bytes. 64-bit integers beyond 2^53 are rounded. */
const decoders: Readonly<Record<DataType, ((bytes: Uint8Array) => Values) | undefined>> = {
  ...Object.fromEntries(Object.keys(codecs).map((name) => [name, isFloatType(name) ? codecs[name].decode : undefined])),
  BOOL: integers(1, (v, at) => v.getUint8(at)),
  UINT8: integers(1, (v, at) => v.getUint8(at)),
  INT8: integers(1, (v, at) => v.getInt8(at)),
  UINT16: integers(2, (v, at) => v.getUint16(at, true)),
  INT16: integers(2, (v, at) => v.getInt16(at, true)),
  UINT32: integers(4, (v, at) => v.getUint32(at, true)),
  INT32: integers(4, (v, at) => v.getInt32(at, true)),
  UINT64: integers(8, (v, at) => Number(v.getBigUint64(at, true))),
  INT64: integers(8, (v, at) => Number(v.getBigInt64(at, true))),
}
