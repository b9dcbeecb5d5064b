import { payloadStream } from '../../bytes/payloadStream.js'
import { Window } from '../../bytes/source.js'
import { countVarints } from '../../bytes/varints.js'
import { invalid } from '../../errors.js'
import type { ByteSource, FloatType, Model, Tensor, Values } from '../../types.js'
import { codecs, dataTypes, isFloatType } from './dataTypes.js'

type Open = (file: string) => ByteSource

/** What is looked at of a list of varints at a time. */
const SCAN_BYTES = 1 << 16

/**
 * Elements [start, end) of a tensor of floats, wherever and however they are stored. Going forward chunk by chunk costs the least.
 * What it gives is good until the next call.
 * @throws ReinitError `invalid` where there are fewer values than the dims ask for.
 */
export function readValues(model: Model, tensor: Tensor, start: number, end: number): Values {
  let reader = readers.get(tensor)
  if (!reader) readers.set(tensor, (reader = elementReader(tensor, (file) => model.open(file))))
  if (decoded.length < end - start) decoded = new Float32Array(end - start)
  return codecs[tensor.dataType as FloatType].decode(reader(start, end), decoded)
}

let decoded = new Float32Array(0)
const readers = new WeakMap<Tensor, ElementReader>()

/** Whether a tensor's values can be read here: floats, stored in the file or beside it. */
export const isReadable = (tensor: Tensor): boolean => isFloatType(tensor.dataType) && tensor.elements.kind === 'stored'

/** Stored units [start, end) as raw_data has them: little-endian. A unit is an element, or the byte that holds several of fewer bits. */
export type ElementReader = (start: number, end: number) => Uint8Array

/** A reader of a tensor's elements: forward costs the least, back is from the start. What it gives is good until the next read. */
export function elementReader(tensor: Tensor, open: Open): ElementReader {
  if (tensor.elements.kind !== 'stored') throw invalid(`${shown(tensor)} can't be read: ${tensor.elements.reason}.`)
  const { ranges, varints } = tensor.elements
  const { byteLength: width, count } = storedUnits(tensor)
  const [only] = ranges
  if (ranges.length === 1 && only && !varints)
    return (start, end) => {
      if (end > count) throw tooFew(tensor, count, end)
      return open(only.file).read(only.start + start * width, only.start + end * width)
    }
  const begin = () => payloadStream(ranges, windows(open), varints ? width : null)
  let [stream, at] = [begin(), 0]
  return (start, end) => {
    if (start < at) [stream, at] = [begin(), 0]
    for (; at < start; at += Math.min(SCAN_BYTES, start - at)) stream(Math.min(SCAN_BYTES, start - at) * width)
    const bytes = stream((end - start) * width)
    at = end
    if (bytes.length < (end - start) * width) throw tooFew(tensor, start + Math.floor(bytes.length / width))
    return bytes
  }
}

/** Ranges of one value each are read in pages. */
function windows(open: Open): Open {
  const known = new Map<string, ByteSource>()
  return (file) => {
    let source = known.get(file)
    if (!source) {
      const window = new Window(open(file))
      known.set(file, (source = { byteLength: window.byteLength, read: (start, end) => window.slice(start, end) }))
    }
    return source
  }
}

/**
 * How many units (elements, or bytes of several) each of a tensor's ranges holds.
 * @throws ReinitError `invalid` where the sum is not what the dims ask for.
 */
export function elementCounts(tensor: Tensor, open: Open): number[] {
  if (tensor.elements.kind !== 'stored') return []
  const { ranges, varints } = tensor.elements
  const { byteLength: width, count: needed } = storedUnits(tensor)
  const counts = ranges.map(({ file, start, end, frame }) => {
    if (!varints) return (end - start) / width
    // a field of one varint: its message is around it
    if (frame && (frame.start !== start || frame.end !== end)) return 1
    let count = 0
    for (let at = start; at < end; at += SCAN_BYTES) count += countVarints(open(file).read(at, Math.min(end, at + SCAN_BYTES)))
    return count
  })
  const total = counts.reduce((sum, n) => sum + n, 0)
  if (total !== needed) throw tooFew(tensor, total)
  return counts
}

/** What the values of a tensor are stored in, a varint of int32_data or some bytes each: elements; below 8 bits, bytes of several. */
export function storedUnits(tensor: Tensor): { readonly byteLength: number; readonly count: number; readonly isSigned: boolean } {
  const bits = bitsOf.get(tensor.dataType) ?? 0
  if (bits === 0) throw invalid(`${shown(tensor)}: elements of no fixed size can't be read one by one.`)
  if (bits < 8) return { byteLength: 1, count: Math.ceil((tensor.elementCount * bits) / 8), isSigned: false }
  return { byteLength: bits / 8, count: tensor.elementCount, isSigned: tensor.dataType.startsWith('INT') }
}

const bitsOf: ReadonlyMap<string, number> = new Map(Object.values(dataTypes))

const shown = ({ name, dataType, dims }: Tensor) => `Tensor ${JSON.stringify(name)} (${dataType} [${dims}])`

function tooFew(tensor: Tensor, count: number, needed = storedUnits(tensor).count) {
  const { elements } = tensor
  const where =
    elements.kind === 'stored' ? `${elements.field} has ${count} at byte ${elements.ranges[0]?.start ?? 0}` : `there are ${count}`
  return invalid(`${shown(tensor)} needs ${needed} values, but ${where}.`)
}
