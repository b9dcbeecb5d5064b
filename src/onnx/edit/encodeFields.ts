import protobuf from 'protobufjs/minimal.js'

// Protobuf fields, tag included.

const { Writer } = protobuf
const VARINT = 0
const LENGTH_DELIMITED = 2
const tag = (number: number, wireType: number) => Writer.create().uint32((number << 3) | wireType)

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)

/** A length-delimited field. */
export const field = (number: number, body: Uint8Array | string): Uint8Array => {
  const writer = tag(number, LENGTH_DELIMITED)
  return (typeof body === 'string' ? writer.string(body) : writer.bytes(body)).finish()
}

/** Tag and length of a length-delimited field, whose body (below 4 GiB) follows. */
export const fieldHeader = (number: number, byteLength: number): Uint8Array => tag(number, LENGTH_DELIMITED).uint32(byteLength).finish()

/** A varint field; a negative int64 has ten bytes. */
export const varintField = (number: number, value: number): Uint8Array => tag(number, VARINT).int64(value).finish()
