import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import onnxProto from 'onnx-proto'
import protobuf from 'protobufjs/minimal.js'

const { ModelProto, NodeProto, TensorProto, ValueInfoProto } = onnxProto.onnx

/**
 * @typedef {{ name: string, dims: readonly number[], values?: 'noise' | 'ones' | 'hole' | readonly number[], file?: string,
 *   offset?: number }} Tensor
 *   Float weights of noise by default; a list is of 64-bit integers; a hole is zeros that take no disk; `file`: external data, `offset`: where
 *   in it, else behind the tensor before it.
 * @typedef {{ opType: string, inputs: readonly string[], outputs: readonly string[], name?: string, attributes?: Record<string, unknown> }} Node
 * @typedef {{ name: string, type: 'FLOAT' | 'INT64', dims: readonly (number | string)[] }} Value
 * @typedef {{ nodes: Iterable<Node>, tensors: readonly Tensor[], inputs: readonly Value[], outputs: readonly Value[] }} Graph
 */

/** External payloads start at multiples of it, as exporters lay them. */
const ALIGNMENT = 4096
/** Bytes from one tensor's start in the noise to the next one's: no two are alike. */
const STRIDE = 4 * 40_503
const CODES = { FLOAT: 1, INT64: 7 }
/** ModelProto.graph, GraphProto.node, .name, .initializer, .input, .output; TensorProto.raw_data: all length-delimited. */
const FIELDS = { graph: 7, node: 1, name: 2, initializer: 5, input: 11, output: 12, rawData: 9 }

/**
 * Writes an ONNX model, payloads streamed, in constant memory but for the nodes' own bytes.
 * @param {string} path
 * @param {Graph} graph
 */
export function writeModel(path, graph) {
  mkdirSync(dirname(path), { recursive: true })
  const ends = new Map()
  const parts = graphParts(graph, (tensor) => {
    const offset = tensor.offset ?? aligned(ends.get(tensor.file) ?? 0)
    ends.set(tensor.file, offset + byteLength(tensor))
    return offset
  })
  const head = ModelProto.encode({ irVersion: 8, producerName: 'bench', opsetImport: [{ domain: '', version: 17 }] }).finish()
  const phases = new Map(graph.tensors.map((tensor, i) => [tensor, i * STRIDE]))
  const output = open(path)
  output.write(head)
  output.write(
    prefix(
      FIELDS.graph,
      parts.reduce((sum, part) => sum + lengthOf(part), 0),
    ),
  )
  for (const part of parts) {
    if (part instanceof Uint8Array) output.write(part)
    else output.writeValues(part, phases.get(part))
  }
  output.close()

  const files = new Map()
  for (const tensor of graph.tensors) {
    if (tensor.file === undefined) continue
    if (!files.has(tensor.file)) files.set(tensor.file, [])
    files.get(tensor.file).push(tensor)
  }
  for (const [file, tensors] of files) {
    const external = open(join(dirname(path), file))
    for (const tensor of tensors) {
      external.skip(tensor.offset ?? aligned(external.at()))
      external.writeValues(tensor, phases.get(tensor))
    }
    external.close()
  }
}

/** A GraphProto's fields: bytes, or a tensor where its payload stands. */
function graphParts({ nodes, tensors, inputs, outputs }, place) {
  const parts = []
  const field = (number, body) => parts.push(Buffer.concat([prefix(number, body.length), body]))
  for (const node of nodes) field(FIELDS.node, encodeNode(node))
  field(FIELDS.name, Buffer.from('bench'))
  for (const tensor of tensors) {
    const { name, dims } = tensor
    const message = { name, dims, dataType: Array.isArray(tensor.values) ? CODES.INT64 : CODES.FLOAT }
    if (tensor.file !== undefined) {
      const entries = { location: tensor.file, offset: String(place(tensor)), length: String(byteLength(tensor)) }
      const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }))
      field(FIELDS.initializer, TensorProto.encode({ ...message, dataLocation: 1, externalData }).finish())
      continue
    }
    const body = Buffer.concat([TensorProto.encode(message).finish(), prefix(FIELDS.rawData, byteLength(tensor))])
    parts.push(Buffer.concat([prefix(FIELDS.initializer, body.length + byteLength(tensor)), body]), tensor)
  }
  for (const value of inputs) field(FIELDS.input, encodeValue(value))
  for (const value of outputs) field(FIELDS.output, encodeValue(value))
  return parts
}

const aligned = (at) => Math.ceil(at / ALIGNMENT) * ALIGNMENT
const lengthOf = (part) => (part instanceof Uint8Array ? part.length : byteLength(part))
const byteLength = ({ dims, values }) => dims.reduce((n, d) => n * d, Array.isArray(values) ? 8 : 4)

/** Tag and length of a length-delimited field. */
const prefix = (number, length) =>
  protobuf.Writer.create()
    .uint32((number << 3) | 2)
    .uint32(length)
    .finish()

function encodeNode({ opType, inputs, outputs, name = '', attributes = {} }) {
  const attribute = Object.entries(attributes).map(([key, value]) => ({ name: key, ...encodeAttribute(value) }))
  return NodeProto.encode({ opType, input: inputs, output: outputs, name, attribute }).finish()
}

/** Integers, lists of integers, and `{ f }` for floats. */
function encodeAttribute(value) {
  if (Array.isArray(value)) return { type: 7, ints: value }
  return typeof value === 'number' ? { type: 2, i: value } : { type: 1, f: value.f }
}

function encodeValue({ name, type, dims }) {
  const dim = dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d }))
  return ValueInfoProto.encode({ name, type: { tensorType: { elemType: CODES[type], shape: { dim } } } }).finish()
}

/** A new file, written from its start on. */
function open(path) {
  mkdirSync(dirname(path), { recursive: true })
  const descriptor = openSync(path, 'w')
  let at = 0
  let pending = []
  let pendingBytes = 0
  const flush = () => {
    if (pendingBytes > 0) at += writeFully(descriptor, Buffer.concat(pending), at)
    pending = []
    pendingBytes = 0
  }
  const write = (bytes) => {
    pending.push(bytes)
    pendingBytes += bytes.length
    if (pendingBytes >= 1 << 20) flush()
  }
  const skip = (to) => {
    flush()
    at = to
  }
  return {
    at: () => at + pendingBytes,
    write,
    skip,
    /** `phase`: where in the noise it starts. */
    writeValues(tensor, phase) {
      const length = byteLength(tensor)
      if (tensor.values === 'hole') return skip(at + pendingBytes + length)
      if (Array.isArray(tensor.values)) return write(new Uint8Array(BigInt64Array.from(tensor.values, BigInt).buffer))
      const block = tensor.values === 'ones' ? ones : noise
      for (let done = 0, from = phase % block.length; done < length; from = 0) {
        const bytes = block.subarray(from, from + length - done)
        write(bytes)
        done += bytes.length
      }
    },
    close() {
      flush()
      ftruncateSync(descriptor, at)
      closeSync(descriptor)
    },
  }
}

/** writeSync may write less than it is given. */
function writeFully(descriptor, bytes, at) {
  let done = 0
  while (done < bytes.length) done += writeSync(descriptor, bytes, done, bytes.length - done, at + done)
  return done
}

/** A mebibyte of float32, normal with σ 0.02 (a sum of twelve uniforms of an LCG), as trained weights look; repeated, no file system cares. */
const noise = (() => {
  let state = 1
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const normal = () => 0.02 * (Array.from({ length: 12 }, uniform).reduce((a, b) => a + b) - 6)
  return new Uint8Array(Float32Array.from({ length: 1 << 18 }, normal).buffer)
})()
const ones = new Uint8Array(new Float32Array(1 << 18).fill(1).buffer)
