import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { expect, test } from 'vitest'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions, ReinitReport } from '../src/reports.js'
import * as b from './buildModel.js'
import { storedTensors } from './storedTensors.js'

const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))
const BOOL = 9
const w = { name: 'tied', dims: [4, 4], values: values(16) }
const io = [b.input('x', [1, 4]), b.output('y', [1, 4])]
const square = (owner: b.Field, ...path: readonly b.Field[]) => [owner, b.node('MatMul', ['x', 'tied'], ['h'], { name: 'first' }), ...path]
const second = (input: string) => b.node('MatMul', ['h', input], ['y'], { name: 'second' })
const constant = b.node('Constant', [], ['tied'], { extra: [b.attribute.tensor('value', { dims: [4, 4], values: values(16) })] })
const transpose = b.node('Transpose', ['tied'], ['t'], { extra: [b.attribute.ints('perm', [1, 0])] })
const flat = b.initializer({ name: 'shape', type: 'INT64', dims: [2], values: [4, 4], storage: 'int64_data' })
const identityIf = b.node('If', ['c'], ['y'], {
  name: 'if',
  extra: ['then_branch', 'else_branch'].map((name, i) =>
    b.attribute.graph(
      name,
      b.node('MatMul', ['h', 'tied'], [`y${i}`], { name: i === 0 ? 'second' : 'third' }),
      b.bytes(2, name),
      b.output(`y${i}`, [1, 4]),
    ),
  ),
})

/** Models in which first and second share a tensor, and the form in which second's copy stands. */
const models: Readonly<Record<string, { fields: readonly b.Field[]; ir?: number; dims?: readonly number[]; external?: Uint8Array }>> = {
  initializer: { fields: [...square(b.initializer(w), second('tied')), ...io] },
  'constant node': { fields: [...square(constant, second('tied')), ...io] },
  transposed: { fields: [...square(b.initializer(w), transpose, second('t')), ...io] },
  'transposed for both': {
    fields: [b.initializer(w), transpose, b.node('MatMul', ['x', 't'], ['h'], { name: 'first' }), second('t'), ...io],
  },
  reshaped: {
    fields: [
      b.initializer({ ...w, dims: [2, 2, 4] }),
      flat,
      b.node('Reshape', ['tied', 'shape'], ['r']),
      b.node('MatMul', ['x', 'r'], ['h'], { name: 'first' }),
      second('r'),
      ...io,
    ],
  },
  'half floats as varints': {
    fields: [
      b.initializer({ name: 'tied', type: 'FLOAT16', dims: [4, 4], storage: 'int32_data', values: values(16).map((_, i) => 0x3c00 + i) }),
      b.node('MatMul', ['x', 'tied'], ['h'], { name: 'first' }),
      second('tied'),
      b.input('x', [1, 4], 'FLOAT16'),
      b.output('y', [1, 4], 'FLOAT16'),
    ],
  },
  'external data': {
    fields: [...square(b.initializer({ name: 'tied', dims: [4, 4], external: { location: 'w.data' } }), second('tied')), ...io],
    external: b.raw('FLOAT', values(16)),
  },
  'captured by a subgraph': {
    fields: [
      b.initializer({ name: 'c', type: BOOL, extra: [b.bytes(9, Uint8Array.of(1))] }),
      ...square(b.initializer(w)),
      identityIf,
      ...io,
    ],
  },
  'IR 3, inputs are listed': { fields: [...square(b.initializer(w), second('tied')), ...io, b.input('tied', [4, 4])], ir: 3 },
}

const decode = (path: string) => onnxProto.onnx.ModelProto.decode(readFileSync(path)).graph as onnxProto.onnx.IGraphProto
const withVersion = (ir: number, fields: readonly b.Field[]) =>
  Buffer.concat([b.varint(1, ir), b.message(8, [b.bytes(1, ''), b.varint(2, ir === 3 ? 8 : 17)]), b.graph(b.bytes(2, 'g'), ...fields)])

async function fork(fields: readonly b.Field[], options: ReinitOptions = {}, ir = 9, external?: Uint8Array) {
  const folder = b.folderOf({ 'm.onnx': withVersion(ir, fields), ...(external ? { 'w.data': external } : {}) })
  const output = join(folder, 'out.onnx')
  const report = await reinit(join(folder, 'm.onnx'), { layers: ['second'], init: 'xavier_normal', shared: 'fork', output, ...options })
  return { folder, output, report }
}

test.each(Object.entries(models))('%s', async (name, { fields, ir, external }) => {
  const { folder, output, report } = await fork(fields, {}, ir, external)
  expect(report.changed.map((c) => [c.name, c.layer])).toEqual([['tied.second', 'second']])
  expect(report.bytes.identicalOutside).toBe(true)
  expect(report.run.status).toBe('passed')
  const [before, after] = [storedTensors(join(folder, 'm.onnx')), storedTensors(output)]
  expect(after.get('tied')).toEqual(before.get('tied'))
  expect(after.get('tied.second')).not.toEqual(before.get('tied'))
  expect(after.get('tied.second')?.length).toBe(before.get('tied')?.length)
  const graph = decode(output)
  const inner = graph.node?.flatMap((n) => [n, ...(n.attribute ?? []).flatMap((a) => a.g?.node ?? [])]) ?? []
  const inputs = Object.fromEntries(inner.map((n) => [n.name ?? '', n.input ?? []]))
  expect(inputs.second).toEqual(['h', 'tied.second'])
  expect(inputs.first?.[1]).not.toBe('tied.second')
  if (inputs.third) expect(inputs.third).toEqual(['h', 'tied'])
  if (ir === 3) expect(graph.input?.map((v) => v.name)).toContain('tied.second')
  expect(report.notes.join()).toMatch(name === '' ? '' : /tied is used by first too: second gets a copy, tied\.second/)
})

test('the file has the copy and the other name, and every other byte as it was', async () => {
  const { folder, output, report } = await fork([...square(b.initializer(w), second('tied')), ...io])
  const [before, after] = [readFileSync(join(folder, 'm.onnx')), readFileSync(output)]
  const copy = b.initializer({ ...w, name: 'tied.second' })
  // seven letters more in the input's name; lengths of one byte stay so
  expect(after.length - before.length).toBe(copy.length + '.second'.length + lengthBytes(after.length) - lengthBytes(before.length))
  expect(report.written).toEqual([output])
})

const lengthBytes = (length: number) => (length > 16383 ? 3 : length > 127 ? 2 : 1)

test('a name that is taken gets a number, and the same call the same bytes', async () => {
  const fields = [...square(b.initializer(w), second('tied')), b.initializer({ name: 'tied.second', dims: [1], values: [1] }), ...io]
  const [a, c] = [await fork(fields), await fork(fields)]
  expect(a.report.changed[0]?.name).toBe('tied.second.2')
  expect(readFileSync(a.output)).toEqual(readFileSync(c.output))
})

test('values that stay need no copy', async () => {
  const zero = { ...w, values: values(16).map(() => 0) }
  const { report } = await fork([...square(b.initializer(zero), second('tied')), ...io], { init: 'zeros' })
  expect(report.changed.map((c) => c.name)).toEqual(['tied'])
})

const functionBody = (...nodes: readonly b.Field[]) => b.localFunction('own', 'f', ['x'], ['y'], nodes, [], 17)

function functionModel(calls: number) {
  const nodes = Array.from({ length: calls }, (_, i) =>
    b.node('f', [i === 0 ? 'x' : `h${i}`], [i === calls - 1 ? 'y' : `h${i + 1}`], { name: `call${i}`, domain: 'own' }),
  )
  return b.model(
    b.message(8, [b.bytes(1, 'own'), b.varint(2, 1)]),
    b.graph(...nodes, b.bytes(2, 'g'), ...io),
    functionBody(...square(constant, second('tied'))),
  )
}

test.each([1, 2])('in a function with %i calls the copy is a Constant node', async (calls) => {
  const folder = b.folderOf({ 'm.onnx': functionModel(calls) })
  const output = join(folder, 'out.onnx')
  const report = await reinit(join(folder, 'm.onnx'), { layers: ['second'], init: 'he_normal', shared: 'fork', output })
  expect(report.run.status).toBe('passed')
  const [f] = onnxProto.onnx.ModelProto.decode(readFileSync(output)).functions ?? []
  expect(f?.node?.map((n) => n.input)).toEqual([[], [], ['x', 'tied'], ['h', 'tied.second']])
  expect(f?.node?.[0]?.output).toEqual(['tied.second'])
})

const cast = b.node('Cast', ['tied'], ['c'], { extra: [b.attribute.int('to', 1)] })
const refused: readonly [string, readonly b.Field[], RegExp][] = [
  ['a cast', square(b.initializer(w), cast, second('c')), /can't get a copy for "second": Cast .* stands between/],
  [
    'a scaled weight',
    square(b.initializer(w), b.initializer({ name: 'two', dims: [], values: [2] }), b.node('Mul', ['tied', 'two'], ['m']), second('m')),
    /Mul .* stands between/,
  ],
]

test.each(refused)('%s between is refused, and nothing is written', async (_, fields, message) => {
  const call = fork([...fields, ...io])
  await expect(call).rejects.toMatchObject({ code: 'conflict' })
  await expect(call).rejects.toThrow(message)
})

const report = (r: ReinitReport) => r.changed.map((c) => c.name)
test('of an embedding and its head, the one that is named gets the copy', async () => {
  const fields = [
    b.initializer({ name: 'emb', dims: [5, 4], values: values(20) }),
    b.node('Gather', ['emb', 'ids'], ['e'], { name: 'embed' }),
    b.node('Transpose', ['emb'], ['t'], { extra: [b.attribute.ints('perm', [1, 0])] }),
    b.node('MatMul', ['e', 't'], ['y'], { name: 'lm_head' }),
    b.input('ids', [3], 'INT64'),
    b.output('y', [3, 5]),
  ]
  const head = await fork(fields, { layers: ['lm_head'] })
  expect(report(head.report)).toEqual(['emb.lm_head'])
  expect(head.report.changed[0]).toMatchObject({ shape: [4, 5], fanIn: 4, fanOut: 5 })
  expect(head.report.run.status).toBe('passed')
  const table = await fork(fields, { layers: ['embed'] })
  expect(report(table.report)).toEqual(['emb.embed'])
  expect(table.report.changed[0]).toMatchObject({ shape: [5, 4], role: 'embedding' })
  const both = await fork(fields, { layers: [], head: true })
  expect(report(both.report)).toEqual(['emb.lm_head'])
})
