// A small network with a head of three classes, for tests of what stands behind it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'

export const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))
export const float = (name: string, dims: readonly number[]) =>
  b.initializer({ name, dims, values: values(dims.reduce((n, d) => n * d, 1)) })
export const ints = (name: string, list: readonly number[], storage: 'raw_data' | 'int64_data' = 'raw_data') =>
  b.initializer({ name, type: 'INT64', dims: [list.length], values: list, storage })
const STRING = 8
export const strings = (name: string, list: readonly string[]) =>
  b.initializer({ name, type: STRING, dims: [list.length], extra: list.map((text) => b.bytes(6, text)) })

/** x [2, 4] → a hidden layer of 8 → what follows. */
export const trunk = [
  float('w0', [4, 8]),
  b.node('MatMul', ['x', 'w0'], ['m'], { name: 'trunk' }),
  b.node('Relu', ['m'], ['f']),
  b.input('x', [2, 4]),
]
/** The head: 8 features, 3 classes. */
export const gemm = [
  float('fc.w', [3, 8]),
  float('fc.b', [3]),
  b.node('Gemm', ['f', 'fc.w', 'fc.b'], ['s'], { name: 'fc', extra: [b.attribute.int('transB', 1)] }),
]
export const scores = (...fields: readonly b.Field[]) => [...trunk, ...gemm, ...fields]
/** Images: x [2, 4, 3, 3] → a 1×1 kernel of 3 classes with its bias. */
export const conv = (kernel = 1) => [
  float('fc.w', [3, 4, kernel, kernel]),
  float('fc.b', [3]),
  b.node('Conv', ['x', 'fc.w', 'fc.b'], ['s'], { name: 'fc', extra: [b.attribute.ints('pads', Array(4).fill((kernel - 1) / 2))] }),
  b.input('x', [2, 4, 3, 3]),
]
export const file = (fields: readonly b.Field[], ...extra: readonly b.Field[]) =>
  b.model(b.message(8, [b.bytes(1, 'ai.onnx.ml'), b.varint(2, 1)]), b.graph(b.bytes(2, 'g'), ...fields), ...extra)
export const decode = (path: string) => onnxProto.onnx.ModelProto.decode(readFileSync(path))

export function written(path: string) {
  const graph = decode(path).graph as onnxProto.onnx.IGraphProto
  const held = [
    ...(graph.initializer ?? []).map((t) => [t.name ?? '', t] as const),
    ...(graph.node ?? []).flatMap((n) =>
      (n.attribute ?? []).flatMap((a) => (n.opType === 'Constant' && a.t ? [[n.output?.[0] ?? '', a.t] as const] : [])),
    ),
  ]
  return { graph, tensors: new Map(held) }
}

/** A job of five classes. */
export async function resize(fields: readonly b.Field[], options: ReinitOptions = {}, ...extra: readonly b.Field[]) {
  const folder = b.folderOf({ 'm.onnx': file(fields, ...extra) })
  const output = join(folder, 'out.onnx')
  const report = await reinit(join(folder, 'm.onnx'), { layers: ['fc'], init: 'xavier_normal', numClasses: 5, output, ...options })
  return { folder, output, report }
}
