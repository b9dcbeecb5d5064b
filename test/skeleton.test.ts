// strip and materialize: the bytes that scramble writes, from a file without values.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import onnxProto from 'onnx-proto'
import { afterAll, describe, expect, test } from 'vitest'
import { inspect, materialize, scramble, strip } from '../src/index.js'
import type { MaterializeReport, StripReport } from '../src/reports.js'
import * as b from './buildModel.js'
import { decodedTensors } from './decodedTensors.js'
import { quantizedModels } from './quantizedModels.js'
import { filesBelow } from './reinitFile.js'
import { runCli } from './runCli.js'

const folder = b.folderOf({})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
let next = 0
const fresh = () => join(folder, `${next++}.onnx`)

interface Round {
  readonly stripped: StripReport
  readonly skeleton: string
  readonly made: MaterializeReport
  readonly model: string
}

async function roundOf(path: string, options: Parameters<typeof strip>[1] = {}): Promise<Round> {
  const [skeleton, model] = [fresh(), fresh()]
  const stripped = await strip(path, { audit: false, ...options, output: skeleton })
  const made = await materialize(skeleton, { output: model })
  return { stripped, skeleton, made, model }
}

const models = ['fixtures', 'fixtures/models'].flatMap((below) =>
  readdirSync(below)
    .filter((f) => f.endsWith('.onnx'))
    .map((f) => join(below, f)),
)

test.each(models)('%s becomes the bytes that scramble writes, from every tensor left out', async (path) => {
  const { stripped, made, model, skeleton } = await roundOf(path, { seed: 7, leastBytes: 0 })
  const scrambled = fresh()
  await scramble(path, { seed: 7, data: 'inline', output: scrambled, run: false, verify: false, audit: false })
  expect(sha256(model)).toBe(sha256(scrambled))
  expect([made.sha256, stripped.materialized.sha256]).toEqual([sha256(model), sha256(model)])
  const external = fresh()
  const { files, sha256: same } = await materialize(skeleton, { output: external, data: 'external' })
  expect(same).toBe(made.sha256)
  expect(files.map((f) => f.byteLength)).toEqual(files.map((f) => statSync(join(folder, f.name)).size))
  expect(decodedTensors(external)).toEqual(decodedTensors(model))
})

/** What scrambling can be told. */
test.each([
  ['like moments', { like: 'moments' }],
  ['renamed', { rename: 'all' }],
  ['renamed inside', { rename: 'inner' }],
] as const)(
  '%s, as scramble does',
  async (_, options) => {
    for (const path of models.filter((m) => /recurrent|quantized|names_dynamo|if_branches|functions|exported_tied/.test(m))) {
      const { model, skeleton } = await roundOf(path, { ...options, leastBytes: 0 })
      const scrambled = fresh()
      await scramble(path, { ...options, data: 'inline', output: scrambled, run: false, verify: false, audit: false })
      expect(sha256(model), path).toBe(sha256(scrambled))
      if ('rename' in options && options.rename === 'all')
        for (const { name } of (await inspect(path, {})).parameters.filter((p) => /\W.*\W/.test(p.name)))
          expect(readFileSync(skeleton).includes(name), `${path}: ${name}`).toBe(false)
    }
  },
  60_000,
)

test('calibrated, as scramble does', async () => {
  const { stripped, model } = await roundOf('fixtures/mlp.onnx', { calibrate: 'unit' })
  expect(stripped.calibration).toMatchObject({ to: 'unit', message: null })
  const scrambled = fresh()
  await scramble('fixtures/mlp.onnx', { calibrate: 'unit', data: 'inline', output: scrambled, audit: false })
  expect(sha256(model)).toBe(sha256(scrambled))
  expect(sha256(model)).not.toBe(sha256((await roundOf('fixtures/mlp.onnx')).model))
}, 60_000)

test.each(Object.entries(quantizedModels))('%s: integers and their scales are drawn again', async (_, { bytes }) => {
  const path = join(b.folderOf({ 'm.onnx': bytes }), 'm.onnx')
  const { stripped, made, model } = await roundOf(path, { leastBytes: 0 })
  expect(made.sha256).toBe(sha256(model))
  expect(stripped.leftOut.tensors).toBeGreaterThan(0)
  rmSync(path)
})

/** A matrix of 300 × 200 in every way of storage, and one value a field. */
const wide = { dims: [300, 200], values: Array.from({ length: 60_000 }, (_, i) => (i % 251) / 100) }
const storages: Readonly<Record<string, b.TensorParts>> = {
  raw_data: {},
  float_data: { storage: 'float_data' },
  double_data: { type: 'DOUBLE', storage: 'double_data' },
  'int32_data of FLOAT16': { type: 'FLOAT16', storage: 'int32_data', values: wide.values.map((v) => Math.round(v * 100)) },
  'int32_data of BFLOAT16': { type: 'BFLOAT16', storage: 'int32_data', values: wide.values.map((v) => Math.round(v * 100)) },
}
const modelOf = (parts: b.TensorParts) =>
  b.model(
    b.graph(
      b.node('MatMul', ['x', 'fc.weight'], ['y']),
      b.initializer({ name: 'fc.weight', ...wide, ...parts }),
      b.initializer({ name: 'shape', type: 'INT64', dims: [2], values: [1, 300] }),
      b.node('Reshape', ['z', 'shape'], ['x']),
      b.input('z', [1, 300]),
      b.output('y', [1, 200]),
    ),
  )

test.each(Object.entries(storages))('%s: a skeleton of few bytes, with dims and types and without values', async (_, parts) => {
  const path = join(b.folderOf({ 'm.onnx': modelOf(parts) }), 'm.onnx')
  const { stripped, skeleton, model } = await roundOf(path)
  expect(statSync(skeleton).size).toBeLessThan(1000)
  expect(stripped).toMatchObject({ leftOut: { tensors: 1, elementCount: 60_000 }, byteLength: statSync(skeleton).size })
  const { graph, metadataProps } = onnxProto.onnx.ModelProto.decode(readFileSync(skeleton))
  const [tensor] = graph?.initializer ?? []
  expect(tensor?.dims?.map(Number)).toEqual([300, 200])
  const before = decodedTensors(path)
  const after = decodedTensors(model)
  expect(after.map(({ name, dims, dataType }) => ({ name, dims, dataType }))).toEqual(
    before.map(({ name, dims, dataType }) => ({ name, dims, dataType })),
  )
  expect(after.find((t) => t.name === 'shape')).toEqual(before.find((t) => t.name === 'shape'))
  expect(metadataProps?.map((p) => p.key)).toEqual(['onnx-reinit.skeleton'])
  expect(JSON.parse(metadataProps?.[0]?.value ?? '')).toMatchObject({ version: 1, seed: '0', tensors: [{ name: 'fc.weight' }] })
  expect(onnxProto.onnx.ModelProto.decode(readFileSync(model)).metadataProps).toEqual([])
  rmSync(path)
})

test('inspect says what a skeleton has not', async () => {
  const { skeleton } = await roundOf('fixtures/docnet.onnx')
  const { parameters, skipped } = await inspect(skeleton, {})
  expect(parameters.map((p) => p.name)).toEqual(['fc.bias'])
  expect(skipped.map((s) => `${s.name}: ${s.detail}`)).toEqual(
    ['conv.weight', 'conv.bias', 'fc.weight'].map((name) => `${name}: its values are left out: onnx-reinit materialize draws them`),
  )
})

test('what survives is reported, and then nothing is kept', async () => {
  const [path, skeleton] = [join(b.folderOf({ 'm.onnx': leaky() }), 'm.onnx'), fresh()]
  const { audit, output, written } = await strip(path, { output: skeleton })
  expect({ output, written, clean: audit?.clean }).toEqual({ output: null, written: [], clean: false })
  expect(audit?.leaks.map((l) => l.name)).toContain('fc.weight')
  const ran = await runCli(['strip', path, '-o', skeleton])
  expect(ran).toMatchObject({ status: 1, stderr: 'onnx-reinit: what was learned survives: nothing was kept\n' })
  expect(ran.stdout).toMatch(/nothing was kept, in/)
  expect(filesBelow(folder)).not.toContain(basename(skeleton))
})

/** A table of ids, which stays, whose bytes are those of the weight. */
function leaky(): Uint8Array {
  const values = Array.from({ length: 1200 }, (_, i) => ((i * 7919) % 251) / 100)
  const ids = [...new BigInt64Array(Float32Array.from(values).buffer)]
  return b.model(
    b.graph(
      b.node('Gather', ['x', 'ids'], ['picked'], { extra: [] }),
      b.node('MatMul', ['z', 'fc.weight'], ['y']),
      b.initializer({ name: 'fc.weight', dims: [30, 40], values }),
      b.initializer({ name: 'ids', type: 'INT64', dims: [600], values: ids }),
      b.input('x', [9]),
      b.input('z', [1, 30]),
      b.output('y', [1, 40]),
      b.output('picked', [600]),
    ),
  )
}

describe('the command line', () => {
  const dir = b.folderOf({ 'm.onnx': modelOf({}) })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const at = (name: string) => join(dir, name)

  test('writes m.skeleton.onnx, and from it m.onnx', async () => {
    const stripped = await runCli(['strip', at('m.onnx')])
    expect(stripped).toMatchObject({ status: 0, stderr: '' })
    expect(stripped.stdout).toMatch(/m\.onnx {2}240 kB → \d+ bytes: 1 tensor \(60,000 values\) left out/)
    const refused = await runCli(['materialize', at('m.skeleton.onnx')])
    expect(refused).toMatchObject({ status: 2, stdout: '' })
    expect(refused.stderr).toMatch(/m\.onnx exists: give --overwrite/)
    rmSync(at('m.onnx'))
    const made = await runCli(['materialize', at('m.skeleton.onnx'), '--data', 'external', '--json'])
    expect(made).toMatchObject({ status: 0, stderr: '' })
    expect(JSON.parse(made.stdout)).toMatchObject({ tensors: 1, data: 'external', written: [at('m.onnx.data'), at('m.onnx')] })
    expect(filesBelow(dir)).toEqual(['m.onnx', 'm.onnx.data', 'm.skeleton.onnx'])
  })

  test('takes a skeleton from stdin', async () => {
    const stdin = readFileSync(at('m.skeleton.onnx'))
    const made = await runCli(['materialize', '-', '-o', at('piped.onnx'), '-q'], { stdin })
    expect(made).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(statSync(at('piped.onnx')).size).toBeGreaterThan(240_000)
    expect((await runCli(['materialize', '-'], { stdin })).stderr).toMatch(/has no name: give the model one with -o/)
  })

  test.each([
    [['materialize', 'fixtures/mlp.onnx', '-o', at('x.onnx')], 2, /mlp\.onnx is no skeleton: onnx-reinit strip makes one/],
    [['strip', at('m.skeleton.onnx'), '-o', at('x.onnx')], 2, /is a skeleton already/],
    [
      [at('m.skeleton.onnx'), '--all', '--he-normal', '-o', at('x.onnx')],
      2,
      /is a skeleton, which holds no values: onnx-reinit materialize/,
    ],
    [['scramble', at('m.skeleton.onnx'), '-o', at('x.onnx')], 2, /is a skeleton, which holds no values/],
    [['strip', 'fixtures/mlp.onnx', '-o', '-'], 2, /written to a file/],
    [['materialize', at('m.skeleton.onnx'), '-o', '-'], 2, /written to a file/],
    [['materialize', at('gone.onnx'), '-o', at('x.onnx')], 1, /gone\.onnx does not exist/],
    [['materialize', at('m.skeleton.onnx'), '-o', at('x.onnx'), '--data', 'copy'], 2, /--data/],
    [['materialize', at('m.skeleton.onnx'), '-o', at('no/x.onnx')], 2, /does not exist/],
    [['strip', 'fixtures/mlp.onnx', '-o', at('x.onnx'), '--calibrate', '--calibrate-unit'], 2, /exclude each other/],
  ])('%j is status %i', async (argv, status, message) => {
    const ran = await runCli(argv)
    expect({ status: ran.status, stdout: ran.stdout }).toEqual({ status, stdout: '' })
    expect(ran.stderr).toMatch(message)
    expect(ran.stderr.trim().split('\n')).toHaveLength(1)
  })
})
