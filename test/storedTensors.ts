import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import onnxProto from 'onnx-proto'
import { raw } from './buildModel.js'

type TensorProto = onnxProto.onnx.ITensorProto

/** DataType → how raw() calls it. */
const types: Readonly<Record<number, string>> = { 1: 'FLOAT', 6: 'INT32', 7: 'INT64', 10: 'FLOAT16', 11: 'DOUBLE', 16: 'BFLOAT16' }

/**
 * Every tensor of a model by name (initializers and Constant nodes' `value`, subgraphs too), as raw_data would hold it, read by another
 * protobuf library that shares nothing with the code under test.
 */
export function storedTensors(path: string): Map<string, Buffer> {
  const tensors = new Map<string, Buffer>()
  const visit = (graph: onnxProto.onnx.IGraphProto) => {
    for (const t of graph.initializer ?? []) tensors.set(t.name ?? '', bytesOf(t, dirname(path)))
    for (const n of graph.node ?? [])
      for (const a of n.attribute ?? []) {
        if (n.opType === 'Constant' && a.t) tensors.set(n.output?.[0] ?? '', bytesOf(a.t, dirname(path)))
        if (n.opType === 'Constant' && a.name === 'value_floats')
          tensors.set(n.output?.[0] ?? '', Buffer.from(raw('FLOAT', a.floats ?? [])))
        if (n.opType === 'Constant' && a.name === 'value_float') tensors.set(n.output?.[0] ?? '', Buffer.from(raw('FLOAT', [a.f ?? 0])))
        if (a.g) visit(a.g)
      }
  }
  visit(onnxProto.onnx.ModelProto.decode(readFileSync(path)).graph as onnxProto.onnx.IGraphProto)
  return tensors
}

function bytesOf(t: TensorProto, folder: string): Buffer {
  const type = types[t.dataType ?? 0]
  if (type === undefined) return Buffer.from(t.rawData ?? [])
  const count = (t.dims ?? []).reduce<number>((n, d) => n * Number(d), 1)
  if (t.dataLocation === 1) {
    const entries = new Map((t.externalData ?? []).map((e) => [e.key, e.value]))
    const data = readFileSync(join(folder, entries.get('location') ?? ''))
    const start = Number(entries.get('offset') ?? 0)
    return data.subarray(start, start + count * raw(type, [0]).length)
  }
  if (t.rawData && t.rawData.length > 0) return Buffer.from(t.rawData)
  const lists = [t.floatData, t.doubleData, t.int32Data?.map((n) => (type === 'INT32' ? n : n & 0xffff)), t.int64Data?.map(Number)]
  return Buffer.from(raw(type, lists.find((list) => list && list.length > 0) ?? []))
}
