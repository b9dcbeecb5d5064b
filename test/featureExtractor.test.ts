import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, test, vi } from 'vitest'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'

// three processes each
vi.setConfig({ testTimeout: 60_000 })

const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))
const float = (name: string, dims: readonly number[]) => b.initializer({ name, dims, values: values(dims.reduce((n, d) => n * d, 1)) })
/** x [2, 4] → f [2, 8] → scores of 3 classes, and what is told of them; r is another output, in front of the head. */
const fields = (...more: readonly b.Field[]) => [
  float('w0', [4, 8]),
  float('fc.w', [8, 3]),
  float('fc.b', [3]),
  b.node('MatMul', ['x', 'w0'], ['m'], { name: 'trunk' }),
  b.node('Relu', ['m'], ['f']),
  b.node('MatMul', ['f', 'fc.w'], ['h'], { name: 'fc' }),
  b.node('Add', ['h', 'fc.b'], ['s']),
  b.node('Constant', [], ['t'], { extra: [b.attribute.tensor('value', { dims: [], values: [2] })] }),
  b.node('Div', ['s', 't'], ['y']),
  b.input('x', [2, 4]),
  b.valueInfo('s', [2, 3]),
  b.valueInfo('m', [2, 8]),
  b.output('y', [2, 3]),
  ...more,
]

async function cut(graph: readonly b.Field[], options: ReinitOptions = {}, files: Record<string, Uint8Array> = {}) {
  const folder = b.folderOf({ 'm.onnx': b.model(b.graph(b.bytes(2, 'g'), ...graph)), ...files })
  const output = join(folder, 'out.onnx')
  const report = await reinit(join(folder, 'm.onnx'), { layers: ['fc'], featureExtractor: true, output, ...options })
  const model = onnxProto.onnx.ModelProto.decode(readFileSync(output)).graph as onnxProto.onnx.IGraphProto
  return { folder, output, report, model }
}
const names = (list: readonly { name?: string | null }[] | null | undefined) => (list ?? []).map((v) => v.name)

test('what enters the head is the output, and what served it alone is gone', async () => {
  const { report, model } = await cut(fields())
  expect(report.run).toMatchObject({ status: 'passed', outputs: [{ name: 'f', shape: [2, 8] }] })
  expect(report.bytes).toMatchObject({ changed: 0, identicalOutside: true })
  expect(report.changed).toEqual([])
  expect(names(model.output)).toEqual(['f'])
  expect(names(model.initializer)).toEqual(['w0'])
  expect(model.node?.map((n) => n.opType)).toEqual(['MatMul', 'Relu'])
  expect(names(model.valueInfo)).toEqual(['m'])
  expect(names(model.input)).toEqual(['x'])
})

test('the features are those that the head had', async () => {
  const { folder, output } = await cut(fields(b.output('f', [2, 8])))
  const x = new Tensor('float32', Float32Array.from(values(8)), [2, 4])
  const run = async (path: string) => {
    const session = await InferenceSession.create(readFileSync(path))
    return ((await session.run({ x })).f as Tensor).data
  }
  expect(await run(output)).toEqual(await run(join(folder, 'm.onnx')))
})

test('other outputs stay, with what they need of the same tensors', async () => {
  const { model, report } = await cut([
    ...fields(b.output('r', [2, 3])),
    b.node('Mul', ['z', 'fc.b'], ['r']),
    b.node('MatMul', ['x', 'other'], ['z']),
    float('other', [4, 3]),
  ])
  expect(report.run.status).toBe('passed')
  expect(names(model.output)).toEqual(['f', 'r'])
  expect(names(model.initializer)).toEqual(['w0', 'fc.b', 'other'])
})

test.each(['copy', 'inline', 'reference'] as const)('external data of the head goes, with --data %s', async (data) => {
  const external = (name: string, dims: readonly number[], offset: number) =>
    b.initializer({ name, dims, external: { location: 'w.data', offset: String(offset) } })
  const graph = [external('w0', [4, 8], 0), external('fc.w', [8, 3], 128), ...fields().slice(2)]
  const { report, model } = await cut(graph, { data }, { 'w.data': b.raw('FLOAT', values(56)) })
  expect(report.run.status).toBe('passed')
  expect(names(model.initializer)).toEqual(['w0'])
})

const kernel = [
  float('k', [3, 4, 1, 1]),
  b.node('Relu', ['x'], ['f']),
  b.node('Conv', ['f', 'k'], ['y'], { name: 'fc' }),
  b.input('x', [2, 4, 5, 5]),
  b.output('y', [2, 3, 5, 5]),
]
test('of a kernel the channels are the features', async () => {
  const { report, model } = await cut(kernel)
  expect(report.run.outputs).toMatchObject([{ name: 'f', shape: [2, 4, 5, 5] }])
  expect(model.output?.[0]?.type?.tensorType?.shape?.dim?.map((d) => Number(d.dimValue ?? 0))).toEqual([0, 4, 0, 0])
})

test.each<[string, ReinitOptions, RegExp]>([
  ['a layer in front of the head', { layers: ['trunk', 'fc'] }, /stands behind another layer that is selected/],
  ['a layer that takes the input', { layers: ['trunk'] }, /takes the model's input itself/],
  ['an initializer', { init: 'zeros' }, /an initializer does not go with --feature-extractor/],
  ['a number of classes', { numClasses: 3 }, /--num-classes does not go with --feature-extractor/],
  ['no selection', { layers: [] }, /Nothing is selected/],
])('%s is refused', async (_, options, message) => {
  await expect(cut(fields(), options)).rejects.toThrow(message)
  await expect(cut(fields(), options)).rejects.toMatchObject({ exitCode: 2 })
})

test('a head that shares its tensor with an embedding is cut off, and the tensor stays', async () => {
  const { report, model } = await cut(
    [
      float('table', [6, 8]),
      b.node('Gather', ['table', 'x'], ['e'], { name: 'embed' }),
      b.node('Relu', ['e'], ['r']),
      b.node('Transpose', ['table'], ['t'], { extra: [b.attribute.ints('perm', [1, 0])] }),
      b.node('MatMul', ['r', 't'], ['y'], { name: 'fc' }),
      b.message(11, [b.bytes(1, 'x'), b.message(2, [b.message(1, [b.varint(1, 7), b.message(2, [b.message(1, [b.varint(1, 2)])])])])]),
      b.output('y', [2, 6]),
    ],
    { layers: [], head: true },
  )
  expect(report.run).toMatchObject({ status: 'passed', outputs: [{ name: 'r', shape: [2, 8] }], features: { status: 'equal' } })
  expect(model.node?.map((n) => n.opType)).toEqual(['Gather', 'Relu'])
  expect(names(model.initializer)).toEqual(['table'])
})

test('features of an unknown rank are an output without a shape', async () => {
  const { report, model } = await cut([
    float('w0', [4, 8]),
    float('fc.w', [8, 3]),
    b.node('MatMul', ['x', 'w0'], ['m'], { name: 'trunk' }),
    b.node('Softsign', ['m'], ['f']),
    b.node('MatMul', ['f', 'fc.w'], ['h'], { name: 'fc' }),
    b.node('Softsign', ['h'], ['y']),
    b.input('x', [2, 4]),
    b.message(12, [b.bytes(1, 'y'), b.message(2, [b.message(1, [b.varint(1, 1)])])]),
  ])
  expect(report.run).toMatchObject({ status: 'passed', outputs: [{ name: 'f', shape: [2, 8] }] })
  expect(model.output).toMatchObject([{ name: 'f', type: { tensorType: { elemType: 1 } } }])
  expect(model.output?.[0]?.type?.tensorType?.shape).toBeNull()
})

test('a sparse weight of the head goes', async () => {
  const sparse = b.message(15, [
    b.message(1, b.tensor({ name: 'fc.w', dims: [3], values: [1, 2, 3] })),
    b.message(2, b.tensor({ name: '', type: 'INT64', dims: [3], values: [1, 9, 20] })),
    b.varint(3, 8),
    b.varint(3, 3),
  ])
  const { report, model } = await cut([...fields().filter((_, i) => i !== 1), sparse])
  expect(report.run).toMatchObject({ status: 'passed', outputs: [{ name: 'f', shape: [2, 8] }] })
  expect(model.sparseInitializer).toEqual([])
})

test('a head of a branch, and codes of an unknown type, are refused', async () => {
  const branch = (name: string) =>
    b.attribute.graph(
      name,
      float(`${name}.w`, [8, 3]),
      b.node('MatMul', ['f', `${name}.w`], [`${name}.y`], { name: 'fc' }),
      b.bytes(2, name),
      b.output(`${name}.y`, [2, 3]),
    )
  const branches = [
    ...fields().filter((_, i) => ![1, 2, 5, 6, 7, 8, 10].includes(i)),
    b.initializer({ name: 'c', type: 9, extra: [b.bytes(9, Uint8Array.of(1))] }),
    b.node('If', ['c'], ['y'], { extra: ['then_branch', 'else_branch'].map(branch) }),
  ]
  await expect(cut(branches)).rejects.toThrow(/^"\w+" is in If_\d\/then_branch: only heads of the main graph can be cut off\.$/)
  const codes = [
    b.initializer({ name: 'scale', dims: [], values: [0.1] }),
    b.initializer({ name: 'zero', type: 'UINT8', dims: [], values: [3] }),
    b.initializer({ name: 'fc.w', type: 'INT8', dims: [8, 3], values: values(24).map((v) => Math.round(v * 100)) }),
    b.node('QuantizeLinear', ['f', 'scale', 'zero'], ['q']),
    b.node('Flatten', ['q'], ['flat']),
    b.node('MatMulInteger', ['flat', 'fc.w', 'zero'], ['i'], { name: 'fc' }),
    b.node('Cast', ['i'], ['c'], { extra: [b.attribute.int('to', 1)] }),
    b.node('Mul', ['c', 'scale'], ['y']),
  ]
  await expect(cut([...fields().filter((_, i) => ![1, 2, 5, 6, 7, 8, 10].includes(i)), ...codes])).rejects.toThrow(
    /^The type of "flat" is not known, which would be the output: the model does not declare it\.$/,
  )
})
