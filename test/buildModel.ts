// Tiny models for tests, with control of every field on the wire: packed or not, order, split messages, unknown fields, odd varints.
//
//   model(graph(initializer({ name: 'w', type: 'FLOAT', dims: [2, 2], values: [1, 2, 3, 4] }), node('MatMul', ['x', 'w'], ['y']), …))
//
// A field is its bytes, tag included, and a message is a list of fields. So another order is another order of the list, a message
// split in two is the field given twice, and an unknown field is one more `varint(4242, 7)`.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import protobuf from 'protobufjs/minimal.js'

// ---- wire ----

/** One encoded field, tag included. */
export type Field = Uint8Array

const tag = (number: number, wireType: number) => protobuf.Writer.create().uint32(((number << 3) | wireType) >>> 0)

/** A varint of exactly `width` bytes (0: the shortest); padding makes it non-minimal. */
export function varintBytes(value: number | bigint, width = 0): Uint8Array {
  const bytes: number[] = []
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    bytes.push(Number(rest & 127n))
    if (rest < 128n) break
  }
  while (bytes.length < width) bytes.push(0)
  return Uint8Array.from(bytes, (b, i) => (i < bytes.length - 1 ? b | 128 : b))
}

export const varint = (number: number, value: number | bigint, width = 0): Field =>
  Buffer.concat([tag(number, 0).finish(), varintBytes(value, width)])
export const float = (number: number, value: number): Field => tag(number, 5).float(value).finish()
export const double = (number: number, value: number): Field => tag(number, 1).double(value).finish()

/** A length-delimited field; `width` pads the length's varint. */
export function bytes(number: number, value: Uint8Array | string, width = 0): Field {
  const body = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
  return Buffer.concat([tag(number, 2).finish(), varintBytes(body.length, width), body])
}
export const message = (number: number, fields: readonly Field[], width = 0): Field => bytes(number, Buffer.concat(fields), width)

// ---- TensorProto ----

type Storage = 'raw_data' | 'float_data' | 'double_data' | 'int32_data' | 'int64_data' | 'uint64_data'
type Value = number | bigint

const byte = (v: DataView, at: number, x: Value) => v.setUint8(at, Number(x))

/**
 * TensorProto.DataType codes and how one value is stored in raw_data; FLOAT16, BFLOAT16 and narrower floats are given as their bits, types
 * below 8 bits as the bytes that they are packed in.
 */
const types: Readonly<Record<string, readonly [code: number, byteLength: number, set: (v: DataView, at: number, value: Value) => void]>> = {
  FLOAT: [1, 4, (v, at, x) => v.setFloat32(at, Number(x), true)],
  UINT8: [2, 1, byte],
  INT8: [3, 1, (v, at, x) => v.setInt8(at, Number(x))],
  INT32: [6, 4, (v, at, x) => v.setInt32(at, Number(x), true)],
  INT64: [7, 8, (v, at, x) => v.setBigInt64(at, BigInt(x), true)],
  FLOAT16: [10, 2, (v, at, x) => v.setUint16(at, Number(x), true)],
  DOUBLE: [11, 8, (v, at, x) => v.setFloat64(at, Number(x), true)],
  BFLOAT16: [16, 2, (v, at, x) => v.setUint16(at, Number(x), true)],
  UINT16: [4, 2, (v, at, x) => v.setUint16(at, Number(x), true)],
  INT16: [5, 2, (v, at, x) => v.setInt16(at, Number(x), true)],
  FLOAT8E4M3FN: [17, 1, byte],
  FLOAT8E4M3FNUZ: [18, 1, byte],
  FLOAT8E5M2: [19, 1, byte],
  FLOAT8E5M2FNUZ: [20, 1, byte],
  UINT4: [21, 1, byte],
  INT4: [22, 1, byte],
  FLOAT4E2M1: [23, 1, byte],
  FLOAT8E8M0: [24, 1, byte],
  UINT2: [25, 1, byte],
  INT2: [26, 1, byte],
}
const storages: Readonly<Record<Exclude<Storage, 'raw_data'>, readonly [number: number, kind: 'float' | 'double' | 'varint']>> = {
  float_data: [4, 'float'],
  int32_data: [5, 'varint'],
  int64_data: [7, 'varint'],
  double_data: [10, 'double'],
  uint64_data: [11, 'varint'],
}

export interface TensorParts {
  readonly name?: string
  /** FLOAT (default), DOUBLE, FLOAT16, …; a number is written as it is. */
  readonly type?: string | number
  readonly dims?: readonly Value[]
  readonly values?: readonly Value[]
  /** Default raw_data. */
  readonly storage?: Storage
  /** How the typed fields are written: one packed field (default), a field a value, or packed fields of these many values. */
  readonly packing?: 'packed' | 'unpacked' | readonly number[]
  /** Pads every varint of the values to this many bytes. */
  readonly varintWidth?: number
  /** Instead of values: external_data entries in the order given, and data_location = EXTERNAL. */
  readonly external?: Readonly<Record<string, string>>
  /** Further fields, behind the others. */
  readonly extra?: readonly Field[]
}

/** The fields of a TensorProto. */
export function tensor(t: TensorParts): Field[] {
  const type = t.type ?? 'FLOAT'
  const fields = (t.dims ?? []).map((d) => varint(1, d))
  fields.push(varint(2, typeof type === 'number' ? type : (types[type]?.[0] as number)))
  if (t.name !== undefined) fields.push(bytes(8, t.name))
  const entries = Object.entries(t.external ?? {}).map(([key, value]) => message(13, [bytes(1, key), bytes(2, value)]))
  const location = t.external ? [varint(14, 1)] : []
  return fields.concat(t.values ? payload(t, t.values) : [], entries, location, t.extra ?? [])
}

function payload(t: TensorParts, values: readonly Value[]): Field[] {
  if (t.storage === undefined || t.storage === 'raw_data') return [bytes(9, raw(String(t.type ?? 'FLOAT'), values))]
  const [number, kind] = storages[t.storage]
  const one = (value: Value) =>
    kind === 'varint' ? varintBytes(value, t.varintWidth) : raw(kind === 'float' ? 'FLOAT' : 'DOUBLE', [value])
  if (t.packing === 'unpacked')
    return values.map((value) =>
      kind === 'varint'
        ? varint(number, value, t.varintWidth)
        : kind === 'float'
          ? float(number, Number(value))
          : double(number, Number(value)),
    )
  let at = 0
  const counts = typeof t.packing === 'object' ? t.packing : [values.length]
  return counts.map((count) => {
    const part = values.slice(at, at + count)
    at += count
    return bytes(number, Buffer.concat(part.map(one)))
  })
}

/** Values as raw_data and external files hold them: little-endian. */
export function raw(type: string, values: readonly Value[]): Uint8Array {
  const [, byteLength, set] = types[type] as (typeof types)[string]
  const out = new Uint8Array(values.length * byteLength)
  const view = new DataView(out.buffer)
  values.forEach((value, i) => set(view, i * byteLength, value))
  return out
}

// ---- AttributeProto, NodeProto ----

export const attribute = {
  int: (name: string, value: Value) => message(5, [bytes(1, name), varint(3, value), varint(20, 2)]),
  float: (name: string, value: number) => message(5, [bytes(1, name), float(2, value), varint(20, 1)]),
  floats: (name: string, values: readonly number[], packed = false) =>
    message(5, [bytes(1, name), ...(packed ? [bytes(7, raw('FLOAT', values))] : values.map((v) => float(7, v))), varint(20, 6)]),
  string: (name: string, value: string) => message(5, [bytes(1, name), bytes(4, value), varint(20, 3)]),
  strings: (name: string, values: readonly string[]) => message(5, [bytes(1, name), ...values.map((v) => bytes(9, v)), varint(20, 8)]),
  ints: (name: string, values: readonly Value[]) => message(5, [bytes(1, name), ...values.map((v) => varint(8, v)), varint(20, 7)]),
  tensor: (name: string, parts: TensorParts) => message(5, [bytes(1, name), message(5, tensor(parts)), varint(20, 4)]),
  graph: (name: string, ...fields: Field[]) => message(5, [bytes(1, name), message(6, fields), varint(20, 5)]),
}

/** A node of a graph; `extra` holds attributes (and metadata, unknown fields, …). */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  options: { readonly name?: string; readonly domain?: string; readonly extra?: readonly Field[] } = {},
): Field {
  return message(1, [
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    ...(options.name === undefined ? [] : [bytes(3, options.name)]),
    bytes(4, opType),
    ...(options.domain === undefined ? [] : [bytes(7, options.domain)]),
    ...(options.extra ?? []),
  ])
}

// ---- GraphProto, ModelProto ----

export const initializer = (parts: TensorParts): Field => message(5, tensor(parts))

/** ValueInfoProto in field 11 (input), 12 (output) or 13 (value_info); an axis is a number or a name. */
const value =
  (number: number) =>
  (name: string, shape: readonly (number | string)[], type = 'FLOAT'): Field => {
    const dims = shape.map((d) => message(1, [typeof d === 'number' ? varint(1, d) : bytes(2, d)]))
    return message(number, [bytes(1, name), message(2, [message(1, [varint(1, types[type]?.[0] as number), message(2, dims)])])])
  }
export const input = value(11)
export const output = value(12)
export const valueInfo = value(13)

/** A field's bytes without its tag (of one byte) and length. */
function bodyOf(field: Field): Uint8Array {
  let at = 1
  while ((field[at] as number) > 127) at++
  return field.subarray(at + 1)
}

/** A local function: FunctionProto has name 1, input 4, output 5, node 7, opset_import 9, domain 10; `more`: other fields, last. */
export const localFunction = (
  domain: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  nodes: readonly Field[],
  more: readonly Field[] = [],
  opset = 21,
): Field =>
  message(25, [
    bytes(1, name),
    ...inputs.map((n) => bytes(4, n)),
    ...outputs.map((n) => bytes(5, n)),
    ...nodes.map((n) => bytes(7, bodyOf(n))),
    message(9, [bytes(1, ''), varint(2, opset)]),
    bytes(10, domain),
    ...more,
  ])

/** The graph field of a model; give two and the message is split. */
export const graph = (...fields: readonly Field[]): Field => message(7, fields)

/** A model of IR 9 and opset 17 with these fields of a ModelProto. */
export const model = (...fields: readonly Field[]): Uint8Array =>
  Buffer.concat([varint(1, 9), bytes(2, 'test'), message(8, [bytes(1, ''), varint(2, 17)]), ...fields])

/**
 * y = x · w + b as a Gemm called /fc/Gemm, valid and runnable: x [1, K], w [K, N] "fc.weight", b [N] "fc.bias".
 * `weight` and `bias` replace how the two are stored; `extra` are further fields of the graph.
 */
export function linearModel(
  options: { inFeatures?: number; outFeatures?: number; weight?: TensorParts; bias?: TensorParts; extra?: readonly Field[] } = {},
): Uint8Array {
  const { inFeatures = 4, outFeatures = 3 } = options
  const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))
  return model(
    graph(
      node('Gemm', ['x', 'fc.weight', 'fc.bias'], ['y'], { name: '/fc/Gemm' }),
      bytes(2, 'main'),
      initializer({
        name: 'fc.weight',
        dims: [inFeatures, outFeatures],
        ...(options.weight ?? { values: values(inFeatures * outFeatures) }),
      }),
      initializer({ name: 'fc.bias', dims: [outFeatures], ...(options.bias ?? { values: values(outFeatures) }) }),
      input('x', [1, inFeatures]),
      output('y', [1, outFeatures]),
      ...(options.extra ?? []),
    ),
  )
}

/** Writes files into a new temporary folder and gives its path; names may hold folders. */
export function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-reinit-test-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}
