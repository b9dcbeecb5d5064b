// What the walk says of a model is what another protobuf library says; and it reads next to nothing of it.
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { describe, expect, test } from 'vitest'
import { type FileSource, fileSource, Window } from '../src/bytes/source.js'
import { Cursor } from '../src/bytes/wire.js'
import { GraphReader } from '../src/onnx/read/readGraph.js'
import { readModelFields } from '../src/onnx/read/readModelFields.js'
import { elementReader } from '../src/onnx/values/readValues.js'
import { readModel } from '../src/readModel.js'
import type { ByteSource, Model, Tensor } from '../src/types.js'
import { type DecodedTensor, decodedTensors } from './decodedTensors.js'
import { bytes, folderOf, initializer, input, message, node, output, tensor, varint } from './buildModel.js'

const folder = 'fixtures/models'
const models = [...readdirSync(folder).map((f) => `${folder}/${f}`), ...readdirSync('fixtures').map((f) => `fixtures/${f}`)].filter(
  // of a message in parts this library keeps the last one: the property test of the walk has those
  (f) => f.endsWith('.onnx') && !f.endsWith('wire_anything.onnx'),
)

test.each(models)('an independent reader agrees on %s', (path) => {
  const ours = readModel(path)
  try {
    const decoded = onnxProto.onnx.ModelProto.decode(readFileSync(path))
    expect(ours.irVersion).toBe(Number(decoded.irVersion))
    expect([...ours.opsets]).toEqual(decoded.opsetImport.map((o) => [o.domain || 'ai.onnx', Number(o.version)]))
    expect(ours.producer).toBe([decoded.producerName, decoded.producerVersion].filter(Boolean).join(' '))
    expect(ours.graph.nodes.map((n) => [n.name, n.opType, n.inputs, n.outputs])).toEqual(
      (decoded.graph?.node ?? []).map((n) => [n.name, n.opType, n.input, n.output]),
    )
    expect(ours.graph.inputs.map((v) => v.name)).toEqual((decoded.graph?.input ?? []).map((v) => v.name))
    expect(ours.graph.outputs.map((v) => v.name)).toEqual((decoded.graph?.output ?? []).map((v) => v.name))
    expect(ours.tensors.map((t) => shownOf(ours, t)).toSorted(byName)).toEqual(decodedTensors(path).toSorted(byName))
  } finally {
    ours.close()
  }
})

const byName = (a: DecodedTensor, b: DecodedTensor) => (a.name < b.name ? -1 : a.name > b.name ? 1 : Buffer.compare(a.values, b.values))

function shownOf(model: Model, t: Tensor): DecodedTensor {
  return { name: t.name, dims: t.dims, dataType: t.dataType, values: Buffer.from(valuesOf(model, t)) }
}

function valuesOf(model: Model, t: Tensor): Uint8Array {
  if (t.elements.kind !== 'stored') throw new Error(`${t.name} is not stored`)
  if (t.elements.varints) return elementReader(t, (file) => model.open(file))(0, t.elementCount)
  return Buffer.concat(t.elements.ranges.map(({ file, start, end }) => Uint8Array.from(model.open(file).read(start, end))))
}

// ---- laziness ----

describe('a model of 100 MB', () => {
  /** Pieces of a file; a number is a hole of so many zero bytes, which takes no room on the disk. */
  type Piece = Uint8Array | number
  const sizeOf = (pieces: readonly Piece[]) => pieces.reduce<number>((n, p) => n + (typeof p === 'number' ? p : p.length), 0)
  const framed = (field: number, pieces: readonly Piece[]): Piece[] => [header(field, sizeOf(pieces)), ...pieces]
  const header = (field: number, length: number) => Buffer.concat([Uint8Array.of((field << 3) | 2), varint(1, length).subarray(1)])

  const rows = 2560
  const big = (name: string): Piece[] => framed(5, [Buffer.concat(tensor({ name, dims: [rows, 1024] })), ...framed(9, [rows * 1024 * 4])])
  const layers = 10
  const pieces: Piece[] = [
    varint(1, 9),
    message(8, [bytes(1, ''), varint(2, 17)]),
    ...framed(7, [
      ...Array.from({ length: layers }, (_, i) => node('MatMul', [i === 0 ? 'x' : `h${i - 1}`, `layer.${i}.weight`], [`h${i}`])),
      ...Array.from({ length: layers }, (_, i) => big(`layer.${i}.weight`)).flat(),
      initializer({ name: 'last.bias', dims: [3], values: [1, 2, 3] }),
      input('x', [1, rows]),
      output(`h${layers - 1}`, [1, 1024]),
    ]),
  ]

  test('is indexed from well under 1 % of its bytes', () => {
    const path = join(folderOf({}), 'big.onnx')
    const file = openSync(path, 'w')
    let at = 0
    for (const piece of pieces) {
      if (typeof piece !== 'number') writeSync(file, piece, 0, piece.length, at)
      at += typeof piece === 'number' ? piece : piece.length
    }
    ftruncateSync(file, at)
    closeSync(file)

    const opened = fileSource(path)
    const source = counting(opened)
    expect(source.byteLength).toBeGreaterThan(100_000_000)
    const window = new Window(source)
    const { parts } = readModelFields(new Cursor(window, { parent: null, lengthStart: 0, start: 0, end: source.byteLength }))
    const reader = new GraphReader(window)
    expect(reader.mainGraph(parts).nodes).toHaveLength(layers)
    const tensors = reader.finish()
    expect(tensors.map((t) => t.name)).toEqual([...Array.from({ length: layers }, (_, i) => `layer.${i}.weight`), 'last.bias'])
    expect(tensors.reduce((n, t) => n + t.elementCount, 0)).toBe(layers * rows * 1024 + 3)
    expect(source.count).toBeLessThan(source.byteLength / 1000)
    opened.close()
  })

  function counting(file: FileSource): ByteSource & { count: number } {
    const source = {
      byteLength: file.byteLength,
      count: 0,
      read(this: void, start: number, end: number) {
        source.count += end - start
        return file.read(start, end)
      },
    }
    return source
  }
})
