import { existsSync, readFileSync } from 'node:fs'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import onnxProto from 'onnx-proto'
import { expect, test } from 'vitest'
import { reinit } from '../src/reinit.js'
import * as b from './buildModel.js'

const external = (location: string) => ({ dims: [1], external: { location } })
/** w beside a ConstantOfShape whose value is external, in a file of its own. */
const model = b.model(
  b.graph(
    b.initializer({ name: 'w', dims: [2, 2], external: { location: 'w.data' } }),
    b.initializer({ name: 'shape', type: 'INT64', dims: [2], values: [1, 2] }),
    b.node('ConstantOfShape', ['shape'], ['c'], { extra: [b.attribute.tensor('value', external('value.data'))] }),
    b.node('MatMul', ['x', 'w'], ['h'], { name: 'fc' }),
    b.node('Add', ['h', 'c'], ['y']),
    b.input('x', [1, 2]),
    b.output('y', [1, 2]),
    b.bytes(2, 'g'),
  ),
)
const files = { 'm.onnx': model, 'w.data': b.raw('FLOAT', [1, 2, 3, 4]), 'value.data': b.raw('FLOAT', [7]) }

const valueOf = (path: string) => {
  const graph = onnxProto.onnx.ModelProto.decode(readFileSync(path)).graph as onnxProto.onnx.IGraphProto
  const t = graph.node?.find((n) => n.opType === 'ConstantOfShape')?.attribute?.[0]?.t
  const location = t?.externalData?.find((e) => e.key === 'location')?.value
  return { raw: t?.rawData, location: location ?? null }
}

test.each([
  ['copy', 'to', 'value.data'],
  ['copy', '.', 'out.onnx.1.data'],
  ['reference', '.', 'value.data'],
] as const)('external data of an attribute goes with --data %s into %s', async (data, to, location) => {
  const folder = b.folderOf(files)
  mkdirSync(join(folder, to), { recursive: true })
  const output = join(folder, to, 'out.onnx')
  const report = await reinit(join(folder, 'm.onnx'), { layers: ['fc'], init: 'he_normal', output, data, run: false })
  expect(report.bytes.identicalOutside).toBe(true)
  expect(valueOf(output).location).toBe(location)
  expect(readFileSync(join(folder, to, location))).toEqual(Buffer.from(files['value.data']))
})

test('external data of an attribute comes into the model with --data inline', async () => {
  const folder = b.folderOf(files)
  const output = join(folder, 'out.onnx')
  await reinit(join(folder, 'm.onnx'), { layers: ['fc'], init: 'he_normal', output, data: 'inline', run: false })
  expect(valueOf(output).location).toBe(null)
  expect(Buffer.from(valueOf(output).raw ?? [])).toEqual(Buffer.from(files['value.data']))
  expect(existsSync(join(folder, 'out.onnx.data'))).toBe(false)
})

test('more fields of one value than memory is for leave a tensor as it is', async () => {
  const count = (1 << 17) + 2
  const weight = { values: Array<number>(count).fill(1), storage: 'float_data', packing: 'unpacked' } as const
  const path = join(b.folderOf({ 'm.onnx': b.linearModel({ inFeatures: count / 2, outFeatures: 2, weight }) }), 'm.onnx')
  const call = reinit(path, { layers: ['fc.weight'], init: 'he_normal', run: false })
  await expect(call).rejects.toThrow(/matches nothing|can't be changed|single|one value/)
})
