import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { probedCopy } from '../src/onnx/probedCopy.js'
import { probeModel, type ProbeOptions } from '../src/probeModel.js'
import { readModel } from '../src/readModel.js'
import type { Probe } from '../src/types.js'
import { writePlan } from '../src/writePlan.js'
import * as b from './buildModel.js'
import { filesBelow } from './reinitFile.js'

vi.setConfig({ testTimeout: 60_000 })

/** x [2] → −x = m → relu r → r · w + c = y, with a constant, a sequence and a branch beside. */
const fields = [
  b.initializer({ name: 'w', dims: [2], values: [2, 3] }),
  b.node('Constant', [], ['c'], { extra: [b.attribute.tensor('value', { dims: [1], values: [1] })] }),
  b.node('Neg', ['x'], ['m']),
  b.node('Relu', ['m'], ['r']),
  b.node('Mul', ['r', 'w'], ['p']),
  b.node('Add', ['p', 'c'], ['y']),
  b.node('Log', ['m'], ['nan']),
  b.node('Cast', ['m'], ['half'], { extra: [b.attribute.int('to', 10)] }),
  b.node('SequenceConstruct', ['m'], ['list']),
  b.input('x', [2]),
  b.output('y', [2]),
]

async function probe(
  bytes: Uint8Array,
  names: readonly string[],
  options: ProbeOptions = {},
  files: Readonly<Record<string, Uint8Array>> = {},
) {
  const folder = b.folderOf({ 'm.onnx': bytes, ...files })
  const model = readModel(join(folder, 'm.onnx'))
  const copy = await writePlan(probedCopy(model, names, folder), model)
  const inputs = model.graph.inputs.filter((v) => model.graph.defined.get(v.name) === v)
  try {
    return await probeModel({ path: copy.modelPath, byteLength: model.byteLength, inputs }, names, options)
  } finally {
    copy.discard()
    model.close()
    expect(filesBelow(folder)).toEqual([...Object.keys(files), 'm.onnx'])
  }
}

const valuesOf = (result: Probe) => (result.kind === 'ran' ? result.values : [])
const hash = (list: readonly number[]) => createHash('sha256').update(Float32Array.from(list)).digest('hex')

test('results, inputs, stored tensors and constants are looked at', async () => {
  const names = ['r', 'm', 'x', 'w', 'c', 'y']
  const result = await probe(b.model(b.graph(...fields)), names, { inputs: { x: 'ones' } })
  expect(result).toMatchObject({ kind: 'ran', attempt: 0, inputs: [{ name: 'x', dataType: 'FLOAT', shape: [2] }] })
  const expected = { r: [0, 0], m: [-1, -1], x: [1, 1], w: [2, 3], c: [1], y: [1, 1] }
  expect(valuesOf(result).map((v) => [v.name, v.sha256])).toEqual(Object.entries(expected).map(([name, list]) => [name, hash(list)]))
  expect(valuesOf(result)[3]).toMatchObject({ dataType: 'FLOAT', shape: [2], finite: true, mean: 2.5, std: 0.5, min: 2, max: 3 })
})

test('what is no number, or not finite, is a value too', async () => {
  const values = valuesOf(await probe(b.model(b.graph(...fields)), ['nan', 'list', 'half'], { inputs: { x: 'ones' } }))
  expect(values).toMatchObject([
    { name: 'nan', finite: false, mean: Number.NaN },
    { name: 'list', finite: null, sha256: null },
    { name: 'half', dataType: 'FLOAT16', finite: true, mean: -1 },
  ])
})

test('the same attempt gives the same inputs: equal values are equal to the bit', async () => {
  // the graph in two parts, and the weight in a data file: other bytes, the same values
  const weight = b.initializer({ name: 'w', dims: [2], external: { location: './d/w.bin', length: '8' } })
  const other = b.model(b.graph(weight, ...fields.slice(1, 4)), b.graph(...fields.slice(4)))
  const first = await probe(b.model(b.graph(...fields)), ['m', 'y'])
  const second = await probe(other, ['m', 'y'], { attempt: 0 }, { 'd/w.bin': b.raw('FLOAT', [2, 3]) })
  expect(valuesOf(second)).toEqual(valuesOf(first))
  const third = await probe(b.model(b.graph(...fields)), ['m', 'y'], { attempt: 1 })
  expect(valuesOf(third).map((v) => v.sha256)).not.toEqual(valuesOf(first).map((v) => v.sha256))
})

test('an attempt counts where the outputs of the model are right, not where values are that are looked at', async () => {
  const root = [
    b.node('Sqrt', ['x'], ['y']),
    b.node('Neg', ['y'], ['n']),
    b.node('Sqrt', ['n'], ['z']),
    b.input('x', [9]),
    b.output('y', [9]),
  ]
  const result = await probe(b.model(b.graph(...root)), ['z'])
  expect(result).toMatchObject({ kind: 'ran', attempt: 1, values: [{ finite: false }] })
})

test('what does not run says why', async () => {
  const broken = b.model(b.graph(b.node('Nonesuch', ['x'], ['y']), b.input('x', [2]), b.output('y', [2])))
  expect(await probe(broken, ['y'])).toMatchObject({ kind: 'none', status: 'unsupported', message: /Nonesuch/ })
  const model = { path: '/nowhere/m.onnx', byteLength: 2 ** 60, inputs: [] }
  expect(await probeModel(model, ['y'])).toMatchObject({ kind: 'none', status: 'too-large' })
  expect(await probeModel({ ...model, byteLength: 1 }, ['y'])).toMatchObject({ kind: 'none', status: 'failed' })
})

test('a name that the main graph has not is a mistake', () => {
  const folder = b.folderOf({ 'm.onnx': b.model(b.graph(...fields)) })
  const model = readModel(join(folder, 'm.onnx'))
  expect(() => probedCopy(model, ['zzz'], folder)).toThrow('the main graph has no value "zzz"')
  // an output already: nothing is added
  expect(probedCopy(model, ['y'], folder).files[0]?.patches).toEqual([])
  model.close()
})
