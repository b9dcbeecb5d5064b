// A file as a tree of fields that can be changed and written again, whole or with lies in it.

/** One field; a message has `fields`, any other length-delimited field `bytes`, a varint `value`, a fixed number `bytes`. */
export interface FieldNode {
  number: number
  wireType: number
  /** The message that `fields` are of. */
  readonly type: MessageName | null
  fields: FieldNode[] | null
  bytes: Uint8Array
  value: bigint
  /** Added to a length when it is written: a lie. */
  lengthError: number
  /** Bytes of a padded varint; 0: the shortest. */
  width: number
}

/** Fields that are messages, by their number. Source: onnx.proto3. */
const messages = {
  Model: { 7: 'Graph', 8: 'Entry', 14: 'Entry', 25: 'Function' },
  Graph: { 1: 'Node', 5: 'Tensor', 11: 'Value', 12: 'Value', 13: 'Value', 14: 'Entry', 15: 'Sparse', 16: 'Entry' },
  Node: { 5: 'Attribute', 9: 'Entry' },
  Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 14: 'Type', 22: 'Sparse', 23: 'Sparse' },
  Tensor: { 13: 'Entry' },
  Sparse: { 1: 'Tensor', 2: 'Tensor' },
  Function: { 7: 'Node', 9: 'Entry', 11: 'Attribute', 12: 'Value', 14: 'Entry' },
  Value: { 2: 'Type', 4: 'Entry' },
  Type: { 1: 'TensorType' },
  TensorType: { 2: 'Shape' },
  Shape: { 1: 'Entry' },
  Entry: {},
} as const satisfies Readonly<Record<string, Readonly<Record<number, string>>>>
export type MessageName = keyof typeof messages

/** The fields of a valid message. */
export function parse(bytes: Uint8Array, type: MessageName): FieldNode[] {
  const fields: FieldNode[] = []
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const b = bytes[at++] as number
      value |= BigInt(b & 127) << shift
      if (b < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const [number, wireType] = [tag >>> 3, tag & 7]
    if (wireType === 0) {
      fields.push(varintField(number, varint()))
      continue
    }
    const size = wireType === 2 ? Number(varint()) : wireType === 1 ? 8 : 4
    const body = bytes.subarray(at, at + size)
    at += size
    const inner = (messages[type] as Readonly<Record<number, MessageName>>)[number]
    fields.push(wireType === 2 && inner ? messageField(number, inner, parse(body, inner)) : { ...EMPTY, number, wireType, bytes: body })
  }
  return fields
}

const EMPTY: FieldNode = {
  number: 0,
  wireType: 0,
  type: null,
  fields: null,
  bytes: new Uint8Array(0),
  value: 0n,
  lengthError: 0,
  width: 0,
}
export const varintField = (number: number, value: bigint): FieldNode => ({ ...EMPTY, number, value })
export const bytesField = (number: number, bytes: Uint8Array | string): FieldNode => ({
  ...EMPTY,
  number,
  wireType: 2,
  bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes,
})
export const messageField = (number: number, type: MessageName, fields: FieldNode[]): FieldNode => ({
  ...EMPTY,
  number,
  wireType: 2,
  type,
  fields,
})
export const copyOf = (field: FieldNode): FieldNode => ({ ...field, fields: field.fields && field.fields.map(copyOf) })

export function write(fields: readonly FieldNode[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ number, wireType, fields: inner, bytes, value, lengthError, width }) => {
      const tag = varintOf(BigInt(number) * 8n + BigInt(wireType))
      if (wireType === 0) return [tag, varintOf(value, width)]
      const body = inner ? write(inner) : bytes
      return wireType === 2 ? [tag, varintOf(BigInt(Math.max(0, body.length + lengthError)), width), body] : [tag, body]
    }),
  )
}

function varintOf(value: bigint, width = 0): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    bytes.push(Number(rest & 127n))
    rest >>= 7n
  } while (rest > 0n)
  while (bytes.length < width) bytes.push(0)
  return Buffer.from(bytes.map((b, i) => (i < bytes.length - 1 ? b | 128 : b)))
}
