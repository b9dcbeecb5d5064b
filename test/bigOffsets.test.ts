// Data behind 4 GiB, at a byte that no type is aligned to: a file with a hole in front, which takes no disk.
import { closeSync, ftruncateSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { diff, inspect, reinit } from '../src/index.js'
import * as b from './buildModel.js'

const AT = 2 ** 32 + 3
const weight = Array.from({ length: 12 }, (_, i) => i)
const folder = b.folderOf({
  'm.onnx': b.linearModel({
    weight: { external: { location: 'w.data', offset: String(AT), length: '48' } },
    bias: { external: { location: 'w.data', offset: String(AT + 48), length: '12' } },
  }),
})
const data = openSync(join(folder, 'w.data'), 'w+')
ftruncateSync(data, AT)
const bytes = Buffer.concat([b.raw('FLOAT', weight), b.raw('FLOAT', [7, 8, 9])])
writeSync(data, bytes, 0, bytes.length, AT)
afterAll(() => {
  closeSync(data)
  rmSync(folder, { recursive: true })
})
const model = join(folder, 'm.onnx')
const output = join(folder, 'out.onnx')

test('values are read', async () => {
  const { parameters } = await inspect(model, { stats: true })
  expect(parameters.map((p) => [p.stats?.min, p.stats?.max, p.stats?.mean])).toEqual([
    [0, 11, 5.5],
    [7, 9, 8],
  ])
})

test('an output that refers to them: new values beside, old ones where they are', async () => {
  await reinit(model, { layers: ['fc.weight'], init: 'constant:value=3', data: 'reference', run: false, output })
  const { parameters } = await inspect(output, { stats: true })
  expect(parameters.map((p) => [p.stats?.min, p.stats?.max])).toEqual([
    [3, 3],
    [7, 9],
  ])
  expect((await diff(model, output)).changed.map((c) => c.name)).toEqual(['fc.weight'])
  const now = Buffer.alloc(bytes.length)
  readSync(data, now, 0, now.length, AT)
  expect(now.equals(bytes)).toBe(true)
  expect(statSync(join(folder, 'w.data')).size).toBe(AT + bytes.length)
})

test('an output that holds them, into the model', async () => {
  await reinit(model, { layers: ['fc.weight'], init: 'constant:value=3', data: 'inline', run: false, output, overwrite: true })
  const { parameters } = await inspect(output, { stats: true })
  expect(parameters.map((p) => [p.storage, p.stats?.min, p.stats?.max])).toEqual([
    ['raw_data', 3, 3],
    ['raw_data', 7, 9],
  ])
})
