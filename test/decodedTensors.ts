// The tensors of a model as another protobuf library reads them, which shares nothing with the code under test.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import onnxProto from 'onnx-proto'
import { dataTypes } from '../src/onnx/values/dataTypes.js'
import { raw } from './buildModel.js'

type Proto = onnxProto.onnx.ITensorProto
/** `values` as raw_data would have them. */
export interface DecodedTensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly dataType: string
  readonly values: Uint8Array
}

/** Every tensor that is one of ours: initializers, Constant nodes, sparse ones; subgraphs and functions too. */
export function decodedTensors(path: string): DecodedTensor[] {
  const model = onnxProto.onnx.ModelProto.decode(readFileSync(path))
  const found: DecodedTensor[] = []
  const add = (name: string, t: Proto | null | undefined) => {
    if (t)
      found.push({
        name,
        dims: (t.dims ?? []).map(Number),
        dataType: dataTypes[t.dataType ?? 0]?.[0] ?? '?',
        values: bytesOf(t, dirname(path)),
      })
  }
  const nodes = (list: readonly onnxProto.onnx.INodeProto[]) => {
    for (const n of list)
      for (const a of n.attribute ?? []) {
        const name = n.output?.[0] ?? ''
        if (n.opType === 'Constant' && a.name === 'value') add(name, a.t)
        if (n.opType === 'Constant' && a.name === 'value_float') found.push(floats(name, [], [a.f ?? 0]))
        if (n.opType === 'Constant' && a.name === 'value_floats') found.push(floats(name, [(a.floats ?? []).length], a.floats ?? []))
        if (a.g) graph(a.g)
      }
  }
  const graph = (g: onnxProto.onnx.IGraphProto) => {
    for (const t of g.initializer ?? []) add(t.name ?? '', t)
    for (const s of g.sparseInitializer ?? []) add(s.values?.name ?? '', s.values)
    nodes(g.node ?? [])
  }
  if (model.graph) graph(model.graph)
  for (const f of model.functions ?? []) nodes(f.node ?? [])
  return found
}

const floats = (name: string, dims: readonly number[], values: readonly number[]): DecodedTensor => ({
  name,
  dims,
  dataType: 'FLOAT',
  values: Buffer.from(raw('FLOAT', values)),
})

function bytesOf(t: Proto, folder: string): Uint8Array {
  const type = dataTypes[t.dataType ?? 0]?.[0] ?? ''
  const count = (t.dims ?? []).reduce<number>((n, d) => n * Number(d), 1)
  if (t.dataLocation === 1) {
    const entries = new Map((t.externalData ?? []).map((e) => [e.key, e.value]))
    const start = Number(entries.get('offset') ?? 0)
    const data = readFileSync(join(folder, entries.get('location') ?? ''))
    return Buffer.from(data.subarray(start, start + count * raw(type, [0]).length))
  }
  if (t.rawData && t.rawData.length > 0) return Buffer.from(t.rawData)
  const lists = [t.floatData, t.doubleData, t.int32Data, t.int64Data?.map(Number)]
  return Buffer.from(raw(type, lists.find((list) => list && list.length > 0) ?? []))
}
