import { type CodeType, codeTypes } from '../../init/codeTypes.js'
import { measure } from '../../init/measure.js'
import { dequantize, scaleCount, scaleIndices, type Steps } from '../../init/quantize.js'
import { invalid } from '../../errors.js'
import type { ByteSource, Moments, Quantization, Tensor, Weight } from '../../types.js'
import { codecs, isFloatType } from '../values/dataTypes.js'
import { elementReader, storedUnits } from '../values/readValues.js'
import { type Packing, unpack } from './packing.js'

export type Open = (file: string) => ByteSource

/** How the codes of a quantized tensor lie in its bytes. */
export function packingOf({ elementCount }: Tensor, { codeType, packing, dims, blocks }: Quantization): Packing {
  const { bits, least } = typeOf(codeType)
  const whole = packing === 'plain' ? elementCount : (dims.at(-1) ?? 1)
  const block = packing === 'nbits' ? (blocks.at(-1) ?? 1) : 1
  return {
    bits,
    signed: least < 0 && typeOf(codeType).values === null,
    row: Math.max(1, whole),
    paddedRow: Math.ceil(whole / block) * block,
  }
}

export function typeOf(codeType: string): CodeType {
  const type = codeTypes[codeType]
  if (!type) throw invalid(`Values of type ${codeType} are not known as quantized.`)
  return type
}

/** Codes [start, end) of a tensor. */
export function codeReader(tensor: Tensor, packing: Packing, open: Open): (start: number, end: number) => Int32Array {
  const read = elementReader(tensor, open)
  const { byteLength } = storedUnits(tensor)
  const bytes = (start: number, end: number) => read(start / byteLength, end / byteLength)
  return (start, end) => unpack(packing, bytes, start, end)
}

/** All numbers of a tensor: scales, zero points. */
export function readNumbers(tensor: Tensor, open: Open): Float64Array {
  const { dataType, elementCount } = tensor
  if (elementCount === 0) return new Float64Array(0)
  if (isFloatType(dataType)) return Float64Array.from(codecs[dataType].decode(elementReader(tensor, open)(0, elementCount)))
  // powers of two: an exponent with float32's bias
  if (dataType === 'FLOAT8E8M0') return Float64Array.from(elementReader(tensor, open)(0, elementCount), (code) => 2 ** (code - 127))
  const { bits, least } = typeOf(dataType)
  const packing = { bits, signed: least < 0, row: elementCount, paddedRow: elementCount }
  return Float64Array.from(codeReader(tensor, packing, open)(0, elementCount))
}

/** The scales of a quantized tensor as stored: one, or one a block. */
export function readScales({ scales, products, factor }: Quantization, open: Open): Float64Array {
  const [own] = scales
  return own
    ? readNumbers(own, open)
    : product(
        products.map((p) => readNumbers(p, open)),
        factor,
      )
}

/** Of lists that are equally long or have one entry for all. */
export function product(lists: readonly Float64Array[], factor: number): Float64Array {
  const length = Math.max(1, ...lists.map((l) => l.length))
  return Float64Array.from({ length }, (_, i) => lists.reduce((p, l) => p * (l[l.length === 1 ? 0 : i] as number), factor))
}

/** The zero points of a quantized tensor as stored in one of its tensors. */
export function readZeros(quantization: Quantization, tensor: Tensor | undefined, open: Open): Float64Array {
  if (!tensor) return Float64Array.of(quantization.zero)
  const packing = zeroPacking(quantization, tensor)
  return packing ? Float64Array.from(codeReader(tensor, packing, open)(0, scaleCount(quantization))) : readNumbers(tensor, open)
}

/** Where integers are packed in bytes their zero points are too, a row of blocks after the other; null: stored as their type has them. */
export function zeroPacking({ packing, codeType, dims, blocks }: Quantization, { dataType }: Tensor): Packing | null {
  if ((packing !== 'nbits' && packing !== 'bytes') || isFloatType(dataType)) return null
  const row = Math.ceil((dims.at(-1) ?? 1) / (blocks.at(-1) ?? 1))
  return { bits: typeOf(codeType).bits, signed: false, row, paddedRow: row }
}

/** The values of a quantized tensor, elements [start, end) of its integers as a matrix or kernel. */
export function dequantizedReader(tensor: Tensor, quantization: Quantization, open: Open): (start: number, end: number) => Float64Array {
  const type = typeOf(quantization.codeType)
  const steps: Steps = {
    type,
    limits: type,
    scales: readScales(quantization, open),
    zeros: readZeros(quantization, quantization.zeroPoints[0], open),
  }
  const read = codeReader(tensor, packingOf(tensor, quantization), open)
  return (start, end) => {
    const indices = new Uint32Array(end - start)
    scaleIndices(quantization, start, indices)
    const out = new Float64Array(end - start)
    dequantize(steps, read(start, end), indices, out)
    return out
  }
}

/** Elements that are read at a time. */
const CHUNK = 1 << 16

/** Mean, deviation (n) and range of a quantized tensor's values, in constant memory. */
export function momentsOf(tensor: Tensor, quantization: Quantization, open: Open): Moments {
  const read = dequantizedReader(tensor, quantization, open)
  const count = quantization.dims.reduce((n, d) => n * d, 1)
  const all = measure()
  for (let at = 0; at < count; at += CHUNK) all.add(read(at, Math.min(count, at + CHUNK)))
  return all.finish()
}

/** Whether a tensor holds zero points of several bits in each byte. */
export const isPackedZero = ({ uses: [use], role, tensor }: Weight): boolean =>
  role === 'quant_zero_point' && tensor.dataType === 'UINT8' && /^(MatMulNBits|GatherBlockQuantized)$/.test(use.opType)
