import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { beforeEach, expect, test } from 'vitest'
import { inspect, type ReportParameter, reinit } from '../src/index.js'
import { readModel } from '../src/readModel.js'

let folder: string
let model: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reinit-'))
  model = join(folder, 'mlp.onnx')
  copyFileSync('fixtures/mlp.onnx', model)
})
const weight = async () => (await inspect(model)).parameters.find((p) => p.role === 'weight') as ReportParameter

test('an independent reader agrees on names, dims, types and bytes', () => {
  const bytes = readFileSync(model)
  const theirs = onnxProto.onnx.ModelProto.decode(bytes).graph?.initializer ?? []
  const ours = readModel(model).tensors
  expect(ours.map((t) => t.name)).toEqual(theirs.map((t) => t.name))
  ours.forEach((t, i) => {
    expect(t.dims).toEqual((theirs[i]?.dims ?? []).map(Number))
    const range = t.elements.kind === 'stored' ? t.elements.ranges[0] : undefined
    expect(bytes.subarray(range?.start, range?.end).equals(Buffer.from(theirs[i]?.rawData ?? []))).toBe(true)
  })
})

test('only the selected tensor changes, to the formula, and the same seed gives the same bytes', async () => {
  const { name, fanIn, fanOut, elementCount } = await weight()
  const run = async (output: string, seed: string) => {
    const report = await reinit(model, { layers: [name], init: 'xavier_normal', seed, output: join(folder, output), run: false })
    expect(report.bytes).toMatchObject({ changed: elementCount * 4, identicalOutside: true })
    expect(report.changed[0]?.expected.std).toBeCloseTo(Math.sqrt(2 / ((fanIn ?? 0) + (fanOut ?? 0))), 12)
    return readFileSync(join(folder, output))
  }
  const [a, b, c] = [await run('a.onnx', '0'), await run('b.onnx', '0'), await run('c.onnx', '1')]
  expect(a.equals(b)).toBe(true)
  expect(a.equals(c)).toBe(false)
  const before = readFileSync(model)
  const range = readModel(model).tensors.find((t) => t.name === name)?.elements
  const { start, end } = (range?.kind === 'stored' ? range.ranges[0] : undefined) ?? { start: 0, end: 0 }
  expect(a.subarray(0, start).equals(before.subarray(0, start))).toBe(true)
  expect(a.subarray(end).equals(before.subarray(end))).toBe(true)
})

test.each([
  ['a layer that is not there', { layers: ['nothing'] }, /"nothing" matches nothing in this model/],
  ['no selection', {}, /Nothing is selected/],
  ['a seed that is no number', { all: true, seed: 'abc' }, /Seed "abc"/],
  ['an output that is the input', { all: true, output: 'INPUT' }, /[Oo]utput is the input/],
])('refused with nothing written: %s', async (_, options, message) => {
  const output = 'output' in options ? model : join(folder, 'out.onnx')
  await expect(reinit(model, { init: 'he_normal', ...options, output })).rejects.toThrow(message)
  expect(readdirSync(folder)).toEqual(['mlp.onnx'])
})

test('a truncated file is refused in one line', async () => {
  truncateSync(model, 200)
  await expect(inspect(model)).rejects.toThrow(/^not a valid ONNX file: at byte \d+, .*$/)
  expect(existsSync(join(folder, 'mlp.reinit.onnx'))).toBe(false)
})
