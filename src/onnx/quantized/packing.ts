/**
 * How codes lie in bytes: little-endian from 8 bits on; below, several in a byte, the first in its lowest bits. Rows are padded to whole
 * bytes, and to `paddedRow` codes: all of a tensor is one row, but for MatMulNBits' blobs and its zero points.
 */
export interface Packing {
  readonly bits: number
  readonly signed: boolean
  /** Codes of a row, and with the padding. */
  readonly row: number
  readonly paddedRow: number
}

export const rowBytes = ({ bits, paddedRow }: Packing): number => Math.ceil((paddedRow * bits) / 8)

/** Packs codes that come in chunks, in order; each call gives the bytes that are whole then. `padding` is the code of what pads a row. */
export function packer(packing: Packing, padding: number): (codes: Int32Array) => Uint8Array {
  const { bits, row, paddedRow } = packing
  if (bits >= 8) return (codes) => wide(codes, bits / 8)
  const perByte = 8 / bits
  const mask = 2 ** bits - 1
  const byteLength = rowBytes(packing)
  let [column, byte, filled] = [0, 0, 0]
  return (codes) => {
    const rows = Math.floor((column + codes.length) / row)
    const out = new Uint8Array(Math.ceil(codes.length / perByte) + 1 + rows * (byteLength - Math.floor(row / perByte)))
    let at = 0
    const flush = () => {
      out[at++] = byte
      ;[byte, filled] = [0, 0]
    }
    const push = (code: number) => {
      byte |= (code & mask) << (filled * bits)
      if (++filled === perByte) flush()
    }
    for (let i = 0; i < codes.length; i++) {
      push(codes[i] as number)
      if (++column < row) continue
      for (; column < paddedRow; column++) push(padding)
      if (filled > 0) flush()
      column = 0
    }
    return out.subarray(0, at)
  }
}

function wide(codes: Int32Array, byteLength: number): Uint8Array {
  const out = new Uint8Array(codes.length * byteLength)
  for (let i = 0, at = 0; i < codes.length; i++) for (let k = 0; k < byteLength; k++) out[at++] = (codes[i] as number) >> (8 * k)
  return out
}

/** Codes [start, end), from bytes that are read by position. */
export function unpack(packing: Packing, read: (start: number, end: number) => Uint8Array, start: number, end: number): Int32Array {
  const { bits, signed, row } = packing
  const out = new Int32Array(end - start)
  if (bits >= 8) {
    const width = bits / 8
    const bytes = read(start * width, end * width)
    const shift = signed ? 32 - bits : 0
    for (let i = 0, at = 0; i < out.length; i++) {
      let code = 0
      for (let k = 0; k < width; k++) code |= (bytes[at++] as number) << (8 * k)
      out[i] = (code << shift) >> shift
    }
    return out
  }
  const perByte = 8 / bits
  const length = rowBytes(packing)
  const byteOf = (code: number) => Math.floor(code / row) * length + Math.floor((code % row) / perByte)
  const first = byteOf(start)
  const bytes = end > start ? read(first, byteOf(end - 1) + 1) : new Uint8Array(0)
  const mask = 2 ** bits - 1
  const shift = 32 - bits
  let column = start % row
  let rowFirst = Math.floor(start / row) * length - first
  for (let i = 0; i < out.length; i++) {
    const code = ((bytes[rowFirst + Math.floor(column / perByte)] as number) >> ((column % perByte) * bits)) & mask
    out[i] = signed ? (code << shift) >> shift : code
    if (++column === row) [column, rowFirst] = [0, rowFirst + length]
  }
  return out
}
