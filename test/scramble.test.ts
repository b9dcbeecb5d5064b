// What is refused, what names become, and the command line.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { describe, expect, test, vi } from 'vitest'
import type { ScrambleOptions, ScrambleReport } from '../src/index.js'
import { scramble } from '../src/scramble.js'
import * as b from './buildModel.js'
import { runCli } from './runCli.js'

vi.setConfig({ testTimeout: 60_000 })

const values = (count: number, from = 1) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(from + i)))
const float = (name: string, dims: readonly number[], extra: readonly b.Field[] = []) =>
  b.initializer({
    name,
    dims,
    values: values(
      dims.reduce((n, d) => n * d, 1),
      name.length,
    ),
    extra,
  })
const ends = [b.input('x', [2, 4]), b.output('y', [2, 4])]

async function scrambled(model: Uint8Array, options: ScrambleOptions = {}, files: Record<string, Uint8Array> = {}) {
  const folder = b.folderOf({ 'm.onnx': model, ...files })
  const output = join(folder, 'out.onnx')
  const report = await scramble(join(folder, 'm.onnx'), { output, ...options })
  expect(report.audit?.leaks ?? []).toEqual([])
  const bytes = readFileSync(options.output ?? output)
  return { folder, output, report, bytes, model: onnxProto.onnx.ModelProto.decode(bytes) }
}
const graphOf = (...fields: readonly b.Field[]) => b.model(b.graph(b.bytes(2, 'g'), ...fields))

describe('what can hold learned values and can not be redrawn is refused by name', () => {
  const engine = (domain: string, opType: string, ...extra: readonly b.Field[]) =>
    graphOf(b.node(opType, ['x'], ['y'], { name: 'engine', domain, extra }), ...ends)
  const cases: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    EPContext: [
      engine('com.microsoft', 'EPContext', b.attribute.string('ep_cache_context', 'blob')),
      /"engine" \(com\.microsoft:EPContext\) holds a compiled model/,
    ],
    'a TensorRT engine': [
      engine('com.nvidia', 'TRTEngineOp', b.attribute.string('serialized_engine', 'blob')),
      /"engine" \(com\.nvidia:TRTEngineOp\) holds a compiled model/,
    ],
    'a blob in an attribute of an unknown operator': [
      engine('some.where', 'Thing', b.attribute.string('state', 'w'.repeat(70_000))),
      /"engine" \(some\.where:Thing\) has 70000 characters in attribute "state", more than 65536/,
    ],
    'numbers as the text of an attribute': [
      engine('some.where', 'Thing', b.message(5, [b.bytes(1, 'weights'), b.bytes(4, b.raw('FLOAT', values(8))), b.varint(20, 3)])),
      /"engine" \(some\.where:Thing\) has bytes that are no text in attribute "weights"/,
    ],
    'numbers as texts of an attribute': [
      engine(
        'some.where',
        'Thing',
        b.message(5, [b.bytes(1, 'rows'), b.bytes(9, 'one'), b.bytes(9, b.raw('FLOAT', values(16))), b.varint(20, 8)]),
      ),
      /has bytes that are no text in attribute "rows"/,
    ],
    'weights of 64-bit integers': [
      graphOf(
        b.initializer({ name: 'w', type: 'INT64', dims: [4, 4], values: values(16).map((v) => BigInt(Math.round(v * 1e6))) }),
        b.node('Cast', ['w'], ['wf'], { extra: [b.attribute.int('to', 1)] }),
        b.node('MatMul', ['x', 'wf'], ['y']),
        ...ends,
      ),
      /"w" holds INT64 weights, read by MatMul, which can't be redrawn/,
    ],
    'a tensor in segments': [
      graphOf(
        b.initializer({ name: 'w', dims: [4, 4], values: values(16), extra: [b.message(3, [b.varint(1, 0), b.varint(2, 16)])] }),
        b.node('MatMul', ['x', 'w'], ['y']),
        ...ends,
      ),
      /"w" can't be redrawn: segmented tensors/,
    ],
  }
  test.each(Object.entries(cases))('%s', async (_, [model, message]) => {
    const folder = b.folderOf({ 'm.onnx': model })
    await expect(scramble(join(folder, 'm.onnx'), { run: false })).rejects.toThrow(message)
    expect(readdirSync(folder)).toEqual(['m.onnx'])
  })
})

test('a tensor of which only the shape is asked is drawn anew: its values steer nothing', async () => {
  const asked = (opType: string, name: string) => [
    float(name, [8, 8]),
    b.node(opType, [name], [`${name}_size`]),
    b.output(`${name}_size`, [], 'INT64'),
  ]
  const model = graphOf(
    float('w', [4, 4]),
    b.node('MatMul', ['x', 'w'], ['y']),
    ...asked('Shape', 'old_table'),
    ...asked('Size', 'older_table'),
    ...ends,
  )
  const { report, bytes } = await scrambled(model, { run: false })
  expect(report.changed.map((c) => c.name)).toEqual(['w', 'old_table', 'older_table'])
  expect(report.kept).toEqual([])
  expect(bytes.includes(Buffer.from(b.raw('FLOAT', values(8, 'old_table'.length))))).toBe(false)
})

test.each([
  [{ rename: true }, /^rename true is none of none, inner, all\.$/],
  [{ rename: 'al' }, /^rename "al" is none of/],
  [{ like: 'moment' }, /^like "moment" is none of auto, moments\.$/],
  [{ calibrate: 'input' }, /^calibrate "input" is none of original, unit\.$/],
  [{ output: '-' }, /^A scrambled model is written to a file/],
])('options of callers without types: %j', async (options, message) => {
  const folder = b.folderOf({ 'm.onnx': graphOf(float('w', [4, 4]), b.node('MatMul', ['x', 'w'], ['y']), ...ends) })
  await expect(scramble(join(folder, 'm.onnx'), options as ScrambleOptions)).rejects.toThrow(message)
  expect(readdirSync(folder)).toEqual(['m.onnx'])
})

describe('names', () => {
  const inner = [
    float('w', [4, 4]),
    float('scale_of_h', [1]),
    b.node('MatMul', ['x', 'w'], ['hidden'], { name: 'secret_layer' }),
    b.node('If', ['flag'], ['y'], {
      name: 'secret_choice',
      extra: [
        b.attribute.graph(
          'then_branch',
          b.bytes(2, 'secret_then'),
          b.node('Relu', ['hidden'], ['hidden_too']),
          b.output('hidden_too', ['secret_dim', 4]),
        ),
        b.attribute.graph(
          'else_branch',
          b.bytes(2, 'secret_else'),
          b.node('Mul', ['hidden', 'w2'], ['e']),
          float('w2', [4]),
          b.output('e', ['batch', 4]),
        ),
      ],
    }),
    b.valueInfo('hidden', ['secret_dim', 4]),
    b.message(14, [b.bytes(1, 'hidden'), b.message(2, [b.bytes(1, 'SCALE_TENSOR'), b.bytes(2, 'scale_of_h')])]),
    b.input('x', ['batch', 4]),
    b.input('flag', [], 'INT32'),
    b.output('y', ['batch', 4]),
  ]
  // a BOOL input
  const model = b.model(
    b.graph(
      b.bytes(2, 'secret_graph'),
      ...inner.filter((_, i) => i !== 7),
      b.message(11, [b.bytes(1, 'flag'), b.message(2, [b.message(1, [b.varint(1, 9), b.message(2, [])])])]),
    ),
  )

  test('inputs, outputs and their dimensions stay; what is computed does too', async () => {
    const plain = await scrambled(model)
    const renamed = await scrambled(model, { rename: 'inner' })
    expect(renamed.report.renamed).toEqual({ values: 6, nodes: 2, graphs: 3, dimensions: 1 })
    expect(renamed.report.run.outputs).toEqual(plain.report.run.outputs)
    for (const text of ['secret', 'hidden', 'w2', 'scale_of_h']) expect(renamed.bytes.includes(text), text).toBe(false)
    const graph = renamed.model.graph as onnxProto.onnx.IGraphProto
    expect(graph.input?.map((v) => v.name)).toEqual(['x', 'flag'])
    expect(graph.output?.map((v) => v.name)).toEqual(['y'])
    expect(graph.input?.[0]?.type?.tensorType?.shape?.dim?.[0]?.dimParam).toBe('batch')
    const [annotation] = graph.quantizationAnnotation ?? []
    expect(annotation?.tensorName).toBe(graph.node?.[0]?.output?.[0])
    expect(annotation?.quantParameterTensorNames?.[0]).toMatchObject({ key: 'SCALE_TENSOR', value: graph.initializer?.[1]?.name })
    expect(graph.node?.[1]?.attribute?.[0]?.g?.node?.[0]?.input).toEqual(graph.node?.[0]?.output)
  })

  test('all of them', async () => {
    const { report, bytes, model: all } = await scrambled(model, { rename: 'all', dims: { batch: 3 }, inputs: { x: 'ones' } })
    expect(report.run).toMatchObject({ status: 'passed', inputs: [{ shape: [3, 4] }, {}] })
    expect(bytes.includes('batch')).toBe(false)
    expect(all.graph?.input?.map((v) => v.name)).not.toContain('x')
    expect(report.deviations).toHaveLength(1)
  })

  test('a data file has the name of the output, in another folder too', async () => {
    const external = graphOf(
      b.initializer({ name: 'w', dims: [4, 4], external: { location: 'secret_project/layer4.weight' } }),
      b.node('MatMul', ['x', 'w'], ['y']),
      ...ends,
    )
    const other = join(b.folderOf({}), 'shared.onnx')
    const files = { 'secret_project/layer4.weight': b.raw('FLOAT', values(16)) }
    const { report, bytes } = await scrambled(external, { rename: 'inner', output: other }, files)
    expect(report.written.map((p) => p.slice(p.lastIndexOf('/') + 1))).toEqual(['shared.onnx.data', 'shared.onnx'])
    expect(bytes.includes('secret')).toBe(false)
    expect(report.run.status).toBe('passed')
  })

  test('bodies whose operator looks for names keep them', async () => {
    const body = b.attribute.graph(
      'decoder',
      b.bytes(2, 'secret'),
      b.node('Relu', ['input_ids'], ['logits']),
      b.input('input_ids', [2, 4]),
      b.output('logits', [2, 4]),
    )
    const search = graphOf(b.node('BeamSearch', ['x'], ['y'], { domain: 'com.microsoft', extra: [body] }), ...ends)
    const { bytes } = await scrambled(search, { rename: 'all', run: false })
    for (const text of ['input_ids', 'logits', 'decoder']) expect(bytes.includes(text), text).toBe(true)
    expect(bytes.includes('secret')).toBe(false)
  })
})

test('a tensor that nothing reads goes, but one that is an input stays with other values', async () => {
  const model = Buffer.concat([
    b.varint(1, 3),
    b.message(8, [b.bytes(1, ''), b.varint(2, 9)]),
    b.graph(
      b.bytes(2, 'g'),
      float('w', [4, 4]),
      float('spare', [4, 4]),
      float('left', [4, 4]),
      b.node('MatMul', ['x', 'w'], ['y']),
      ...ends,
      b.input('w', [4, 4]),
      b.input('spare', [4, 4]),
      b.valueInfo('left', [4, 4]),
    ),
  ])
  const { report, model: result } = await scrambled(model)
  expect(report.changed.map((c) => c.name)).toEqual(['w', 'spare'])
  expect(report.dropped).toMatchObject({ 'unused tensors': 2 })
  expect(result.graph?.initializer?.map((t) => t.name)).toEqual(['w', 'spare'])
  expect(result.graph?.valueInfo).toEqual([])
})

test('a sparse tensor that nothing reads goes, and metadata without a key does', async () => {
  const sparse = (name: string) =>
    b.message(15, [
      b.message(1, b.tensor({ name, dims: [3], values: [1.25, -0.5, 2.75] })),
      b.message(2, b.tensor({ type: 'INT64', dims: [3], values: [1, 9, 14] })),
      b.varint(3, 4),
      b.varint(3, 4),
    ])
  const graph = b.graph(b.bytes(2, 'g'), float('w', [4, 4]), sparse('left'), b.node('MatMul', ['x', 'w'], ['y']), ...ends)
  const { report, model } = await scrambled(Buffer.concat([b.model(graph), b.message(14, [b.bytes(2, 'of nobody')])]))
  expect(report.dropped).toMatchObject({ 'unused tensors': 1, 'metadata entries': 1 })
  expect(model.graph?.sparseInitializer).toEqual([])
  expect(model.metadataProps).toEqual([])
})

test('settings of a session stay, copies in a kernel’s own order go', async () => {
  const entry = (key: string, value: string) => b.message(14, [b.bytes(1, key), b.bytes(2, value)])
  const model = Buffer.concat([
    b.model(
      b.graph(
        b.bytes(2, 'g'),
        b.initializer({ name: 'w', dims: [4, 4], external: { location: 'w.data', offset: '0', length: '64', prepacked_0: '64|64|0' } }),
        b.node('MatMul', ['x', 'w'], ['y']),
        ...ends,
      ),
    ),
    entry('ort_config', '{}'),
    entry('owner', 'somebody'),
  ])
  const packed = b.raw('FLOAT', values(16, 100))
  const { report, bytes, folder } = await scrambled(model, {}, { 'w.data': Buffer.concat([b.raw('FLOAT', values(16)), packed]) })
  expect(report.dropped).toMatchObject({ 'metadata entries': 1, 'prepacked copies': 1 })
  expect(bytes.includes('ort_config')).toBe(true)
  expect(bytes.includes('prepacked')).toBe(false)
  expect(readFileSync(join(folder, 'out.onnx.data'))).toHaveLength(64)
})

test('like moments: new values have about the mean and deviation of the old, and are inside their range', async () => {
  const shifted = values(4096).map((v) => Math.fround(5 + v / 10))
  const model = graphOf(
    b.initializer({ name: 'w', dims: [64, 64], values: shifted }),
    b.node('MatMul', ['x', 'w'], ['y'], { name: 'fc' }),
    b.input('x', [2, 64]),
    b.output('y', [2, 64]),
  )
  const { report } = await scrambled(model, { like: 'moments' })
  const { before, after } = report.changed[0] as ScrambleReport['changed'][number]
  expect(Math.abs((after?.mean ?? 0) - (before?.mean ?? 0))).toBeLessThan(0.02)
  expect((after?.std ?? 0) / (before?.std ?? 1)).toBeGreaterThan(0.6)
  expect((after?.std ?? 0) / (before?.std ?? 1)).toBeLessThan(1.2)
  expect(after?.min).toBeGreaterThan(before?.min ?? 0)
  expect(after?.max).toBeLessThan(before?.max ?? 0)
  expect(report.audit).toMatchObject({ clean: true, leaks: [] })
})

describe('the command', () => {
  const model = () =>
    graphOf(
      float('w', [4, 4], [b.bytes(12, 'a doc')]),
      b.initializer({ name: 't', dims: [1], values: [-50] }),
      b.node('MatMul', ['x', 'w'], ['h'], { name: 'fc' }),
      b.node('Max', ['h', 't'], ['y']),
      ...ends,
    )

  test('writes a model beside the input, and says what it did', async () => {
    const folder = b.folderOf({ 'm.onnx': model() })
    const { status, stdout, stderr } = await runCli(['scramble', join(folder, 'm.onnx'), '--rename', '--calibrate'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'm.scrambled.onnx'])
    expect(stdout).toMatch(/^redrawn: 1 tensor \(16 values\), as auto chooses for each weight$/m)
    expect(stdout).toMatch(/^removed: .*doc strings \(1\)/m)
    expect(stdout).toMatch(/^renamed: values \(3\), nodes \(1\), graphs \(1\)$/m)
    expect(stdout).toMatch(/^1 constant \(4 bytes\) stays as it is:$/m)
    expect(stdout).toMatch(/(✓|ok) +audit +nothing that was learned is left/)
    expect(stdout).toMatch(/(✓|ok) +scale +1 of 1 layer at the input's deviation, \d pass/)
    expect(stdout).toMatch(/(✓|ok) +spread +std of y /)
  })

  test('as JSON', async () => {
    const folder = b.folderOf({ 'm.onnx': model() })
    const { stdout } = await runCli(['scramble', join(folder, 'm.onnx'), '--json', '--no-run', '--seed', '7'])
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      seed: '7',
      audit: { clean: true },
      run: { status: 'disabled' },
      dropped: { 'doc strings': 1 },
    })
  })

  test('a dry run writes nothing', async () => {
    const folder = b.folderOf({ 'm.onnx': model() })
    const { status, stdout } = await runCli(['scramble', join(folder, 'm.onnx'), '--dry-run'])
    expect(status).toBe(0)
    expect(stdout).toContain('dry run: nothing written')
    expect(readdirSync(folder)).toEqual(['m.onnx'])
  })

  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['--data', 'reference'], /--data "reference" is none of copy, inline/],
    [['--calibrate', '--calibrate-unit'], /exclude each other/],
    [['--calibrate', '--no-run'], /--calibrate is made of runs/],
    [['-o', '-'], /a scrambled model is written to a file/],
    [['--like', 'me'], /--like "me" is none of auto, moments/],
  ]
  test.each(wrong)('%j', async (flags, message) => {
    const folder = b.folderOf({ 'm.onnx': model() })
    const { status, stderr } = await runCli(['scramble', join(folder, 'm.onnx'), ...flags])
    expect({ status, message: message.test(stderr) ? message : stderr }).toEqual({ status: 2, message })
  })

  test.each(['scramble', 'scramble --calibrate', 'strip', 'strip --calibrate'])(
    '%s says what a killed run left, and removes it',
    async (command) => {
      const folder = b.folderOf({ 'm.onnx': model() })
      const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
      // no system has this process
      const left = join(folder, `.onnx-reinit-${host}-00000000-4194305-000000000000`)
      mkdirSync(left)
      const [name = '', ...flags] = command.split(' ')
      const { status, stdout } = await runCli([name, join(folder, 'm.onnx'), ...flags, '-o', join(folder, 'o.onnx')])
      expect(status).toBe(0)
      expect(stdout).toContain(`removed ${left}, left behind by a run that was killed`)
      expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'o.onnx'])
    },
  )

  test('the model can be stdin, and an output is not replaced unasked', async () => {
    const folder = b.folderOf({})
    const out = join(folder, 'o.onnx')
    expect((await runCli(['scramble', '-', '-o', out, '--no-run'], { stdin: model() })).status).toBe(0)
    expect(existsSync(out)).toBe(true)
    expect((await runCli(['scramble', '-', '-o', out, '--no-run'], { stdin: model() })).status).toBe(2)
    expect((await runCli(['scramble', '-'], { stdin: model() })).stderr).toMatch(/give the output with -o FILE/)
  })
})
