import { codeTypes } from '../init/codeTypes.js'
import { codecs, isFloatType } from '../onnx/values/dataTypes.js'
import { elementReader, storedUnits } from '../onnx/values/readValues.js'
import type { ByteSource, DataType, Tensor, Values } from '../types.js'

/** The bytes of a file that a tensor's ranges name. */
export type Open = (file: string) => ByteSource

/** Elements looked at a time: a whole number of bytes of any type. */
export const CHUNK_ELEMENTS = 1 << 16

export interface Piece {
  /** The first element. */
  readonly start: number
  readonly bytes: Uint8Array
  readonly values: Values
}

/** A tensor's elements in pieces of CHUNK_ELEMENTS, of `step` one: as raw_data has them, and as numbers. Good until the next piece. */
export function* pieces(tensor: Tensor, open: Open, step = 1): Generator<Piece> {
  const read = elementReader(tensor, open)
  const numbers = numbersOf(tensor.dataType, Math.min(CHUNK_ELEMENTS, tensor.elementCount))
  const perUnit = storedUnits(tensor).count < tensor.elementCount ? 8 / bitsOf(tensor.dataType) : 1
  for (let start = 0; start < tensor.elementCount; start += CHUNK_ELEMENTS * step) {
    const count = Math.min(CHUNK_ELEMENTS, tensor.elementCount - start)
    const bytes = read(start / perUnit, Math.ceil((start + count) / perUnit))
    yield { start, bytes, values: numbers(bytes, count) }
  }
}

/** Of an element of a type that can be judged. */
export const bitsOf = (dataType: DataType): number =>
  isFloatType(dataType) ? codecs[dataType].byteLength * 8 : dataType === 'FLOAT8E8M0' ? 8 : (codeTypes[dataType]?.bits ?? 0)

/** Elements as numbers: floats, and the codes of quantized ones, which a scale makes values of. `room`: for how many at a time. */
function numbersOf(dataType: DataType, room: number): (bytes: Uint8Array, count: number) => Values {
  const bits = bitsOf(dataType)
  const scratch = new Float32Array(bits === 32 || bits === 64 ? 0 : room)
  if (isFloatType(dataType)) return (bytes) => codecs[dataType].decode(bytes, scratch)
  if (bits > 8) {
    const out = new Float64Array(room)
    const isSigned = dataType.startsWith('INT')
    return (bytes, count) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let i = 0; i < count; i++)
        out[i] = bits === 32 ? view.getInt32(4 * i, true) : isSigned ? view.getInt16(2 * i, true) : view.getUint16(2 * i, true)
      return out.subarray(0, count)
    }
  }
  const table = tableOf(dataType, bits)
  if (bits === 8)
    return (bytes, count) => {
      for (let i = 0; i < count; i++) scratch[i] = table[bytes[i] as number] as number
      return scratch.subarray(0, count)
    }
  const perByte = 8 / bits
  const mask = 2 ** bits - 1
  return (bytes, count) => {
    for (let i = 0; i < count; i++)
      scratch[i] = table[((bytes[Math.floor(i / perByte)] as number) >> (bits * (i % perByte))) & mask] as number
    return scratch.subarray(0, count)
  }
}

const tables = new Map<DataType, Float32Array>()

function tableOf(dataType: DataType, bits: number): Float32Array {
  const table = tables.get(dataType) ?? codeValues(dataType, bits)
  tables.set(dataType, table)
  return table
}

/** The number that each code of 8 bits or fewer stands for. */
function codeValues(dataType: DataType, bits: number): Float32Array {
  const type = codeTypes[dataType]
  const half = 2 ** (bits - 1)
  return Float32Array.from({ length: 2 ** bits }, (_, code) => {
    // E8M0 is a power of two; 255 is NaN
    if (!type) return code === 255 ? Number.NaN : 2 ** (code - 127)
    return type.values ? (type.values[code] as number) : type.least < 0 && code >= half ? code - 2 * half : code
  })
}
