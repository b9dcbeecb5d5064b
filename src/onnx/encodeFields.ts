import { encodeVarint } from '../bytes/encodeVarint.js'

// Protobuf fields, tag included. Source: protobuf.dev/programming-guides/encoding.

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)

/** A length-delimited field. */
export const field = (number: number, body: Uint8Array | string): Uint8Array => {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return concat(fieldHeader(number, bytes.length), bytes)
}

/** Tag and length of a length-delimited field, whose body follows. */
export const fieldHeader = (number: number, byteLength: number): Uint8Array =>
  concat(encodeVarint(number * 8 + 2), encodeVarint(byteLength))

/** A varint field; a negative int64 has ten bytes. */
export const varintField = (number: number, value: number): Uint8Array =>
  concat(encodeVarint(number * 8), value < 0 ? negative(value) : encodeVarint(value))

function negative(value: number): Uint8Array {
  const bytes = new Uint8Array(10)
  let rest = BigInt.asUintN(64, BigInt(value))
  for (let i = 0; i < 10; i++, rest >>= 7n) bytes[i] = Number(rest & 127n) | (i < 9 ? 128 : 0)
  return bytes
}
