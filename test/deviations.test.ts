import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { deviations } from '../src/deviations.js'
import { readModel } from '../src/readModel.js'
import type { RunResult } from '../src/types.js'
import * as b from './buildModel.js'

// two processes
vi.setConfig({ testTimeout: 60_000 })

const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))

test('a result that was run with inputs of other shapes is run again, with those of the input model', async () => {
  const graph = b.graph(
    b.node('MatMul', ['x', 'w'], ['y']),
    b.bytes(2, 'g'),
    b.initializer({ name: 'w', dims: [4, 64], values: values(256) }),
    b.input('x', ['n', 4]),
    b.output('y', ['n', 64]),
  )
  const model = readModel(join(b.folderOf({ 'm.onnx': b.model(graph) }), 'm.onnx'))
  const after = { path: model.path, byteLength: model.byteLength, inputs: model.graph.inputs, options: {} }
  const value = { name: 'y', dataType: 'FLOAT', shape: [30, 64], finite: true, mean: 0, std: 123, min: -1, max: 1 }
  const run = (shape: readonly number[]): RunResult => ({
    status: 'passed',
    runtime: null,
    inputs: [{ name: 'x', dataType: 'FLOAT', shape }],
    outputs: [value],
  })
  const of = (shape: readonly number[]) => deviations(model, after, run(shape), (_, name) => name, {})
  const [other] = await of([30, 4])
  expect(other).toMatchObject({ name: 'y', ratio: 1 })
  expect(other?.before).toBe(other?.after)
  const [same] = await of([1, 4])
  expect(same).toMatchObject({ before: other?.before, after: 123 })
  model.close()
})
