// What few models have: a stack of matrices in front of its axes, values in attributes, filters that nobody learned, a model from a pipe.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inspect, reinit } from '../src/index.js'
import * as b from './buildModel.js'
import { runCli } from './runCli.js'

const pathOf = (...fields: readonly b.Field[]) =>
  join(b.folderOf({ 'm.onnx': b.model(b.graph(b.input('x', [1, 2]), b.output('y', [1, 2]), ...fields)) }), 'm.onnx')
const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(7 * i + 1)))

test('torch counts a stack of matrices as a kernel of a convolution', async () => {
  const path = pathOf(b.initializer({ name: 'w', dims: [2, 3, 4], values: values(24) }), b.node('MatMul', ['x', 'w'], ['y']))
  const fanOf = async (fan: 'torch' | 'graph') => (await inspect(path, { fan })).parameters.map((p) => [p.fanIn, p.fanOut])
  // torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(2, 3, 4)) is (12, 8)
  expect(await fanOf('torch')).toEqual([[12, 8]])
  expect(await fanOf('graph')).toEqual([[3, 4]])
})

test('what is learned in attributes of a node is listed, and why it can not be redrawn', async () => {
  const path = pathOf(
    b.node('LinearClassifier', ['x'], ['y'], { domain: 'ai.onnx.ml', extra: [b.attribute.floats('coefficients', values(4))] }),
    b.initializer({ name: 'w', dims: [2, 2], values: values(4) }),
    b.node('MatMul', ['x', 'w'], ['z']),
  )
  expect((await inspect(path)).skipped).toEqual([
    {
      name: 'y',
      reason: 'node-attribute',
      detail: 'LinearClassifier keeps what it learned in node attributes: not supported',
      elementCount: 4,
    },
  ])
})

/** Rows of cosines or sines under a Hann window, as a short-time Fourier transform has them. */
const basis = Array.from({ length: 8 * 32 }, (_, at) => {
  const [row, i] = [Math.floor(at / 32), at % 32]
  const phase = (2 * Math.PI * (row >> 1) * (i - 16)) / 32
  return Math.fround((row % 2 === 0 ? Math.cos(phase) : Math.sin(phase)) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 32)))
})

test.each([
  [basis, /^w looks like a fixed signal basis/],
  [values(8 * 32), null],
] as const)('filters of a signal are told from learned ones', async (list, expected) => {
  const path = pathOf(b.initializer({ name: 'w', dims: [8, 1, 32], values: list }), b.node('Conv', ['x', 'w'], ['y']))
  const { notes, parameters } = await inspect(path)
  const found = notes.filter((line) => line.startsWith('w looks like'))
  if (expected === null) expect(found).toEqual([])
  else expect(found).toEqual([expect.stringMatching(expected)])
  expect(parameters[0]?.hint === undefined).toBe(expected === null)
  const redrawn = await reinit(path, { all: true, init: 'he_normal', dryRun: true })
  expect(redrawn.notes.some((line) => line.startsWith('redraws w, which looks like'))).toBe(expected !== null)
})

test.each([
  ['its like', false, [32, 16]],
  ['its transpose', true, [16, 32]],
] as const)('a matrix that is redrawn alone is untied from %s', async (_, isTransposed, dims) => {
  const list = values(512)
  const other = isTransposed ? list.map((_v, i) => list[(i % 32) * 16 + Math.floor(i / 32)] as number) : list
  const path = pathOf(
    b.initializer({ name: 'embed.w', dims: [32, 16], values: list }),
    b.initializer({ name: 'head.w', dims, values: other }),
    b.node('MatMul', ['x', 'embed.w'], ['h'], { name: 'embed' }),
    b.node('MatMul', ['h', 'head.w'], ['y'], { name: 'head' }),
  )
  const { notes } = await reinit(path, { layers: ['head'], init: 'he_normal', dryRun: true })
  expect(notes).toContain(`redrawing head.w unties it from embed.w, which held the same values${isTransposed ? ', transposed' : ''}`)
  expect((await inspect(path)).notes.join()).toContain('embed.w and head.w hold the same values')
})

test('a model from a pipe is inspected under the name -', async () => {
  const { status, stdout } = await runCli(['inspect', '-', '--json'], { stdin: b.linearModel() })
  expect(status).toBe(0)
  const { model, parameters } = JSON.parse(stdout) as { model: { path: string }; parameters: { name: string }[] }
  expect(model.path).toBe('-')
  expect(parameters.map((p) => p.name)).toEqual(['fc.weight', 'fc.bias'])
})
