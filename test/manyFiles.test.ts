// A model can have ten thousand data files: none is looked up more often than needed, and few are open at a time.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { diff } from '../src/diff.js'
import { readModel } from '../src/readModel.js'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'
import { withFault } from './faultyFs.js'

vi.mock('node:fs', async (original) => (await import('./faultyFs.js')).faulty(await original()))
vi.mock('node:fs/promises', async (original) => (await import('./faultyFs.js')).faulty(await original()))

/** `count` products, each with a weight in a file of its own. */
function folderOf(count: number): string {
  const names = Array.from({ length: count }, (_, i) => `w${i}`)
  const model = b.model(
    b.graph(
      b.input('x', [1, 2]),
      b.output('y', [1, 2]),
      ...names.flatMap((name, i) => [
        b.initializer({ name, dims: [2, 2], external: { location: `data/${name}` } }),
        b.node('MatMul', [i === 0 ? 'x' : `h${i - 1}`, name], [i === count - 1 ? 'y' : `h${i}`]),
      ]),
    ),
  )
  const data = names.map((name, i) => [`data/${name}`, b.raw('FLOAT', [i, 1, 2, 3])])
  return b.folderOf({ 'm.onnx': model, ...Object.fromEntries(data), 'o/other': Buffer.from('x') })
}

const job = (folder: string, output: string, more: ReinitOptions = {}) =>
  reinit(join(folder, 'm.onnx'), { layers: ['w3'], init: 'he_normal', run: false, output: join(folder, output), ...more })

/** Paths that a job resolves, links and all: each is a system call for every folder above. */
async function resolved(count: number, output: string, more: ReinitOptions): Promise<number> {
  const { calls, error } = await withFault(null, () => job(folderOf(count), output, more))
  expect(error).toBe(null)
  return calls.filter(({ name }) => name === 'realpathSync').length
}

test.each<[string, string, ReinitOptions]>([
  ['copied beside', 'out.onnx', {}],
  ['copied into another folder', 'o/out.onnx', {}],
  ['referred to', 'out.onnx', { data: 'reference' }],
])('data files that are %s: a folder is resolved once, not for each file', async (_, output, more) => {
  const few = await resolved(4, output, more)
  expect(few).toBeGreaterThan(0)
  expect(await resolved(100, output, more)).toBe(few)
})

test('a difference in the last of 100 data files, and in bytes that no tensor owns', async () => {
  const folder = folderOf(100)
  await job(folder, 'o/out.onnx')
  const model = join(folder, 'm.onnx')
  const copy = join(folder, 'o/out.onnx')
  expect((await diff(model, copy)).changed.map((c) => c.name)).toEqual(['w3'])
  writeFileSync(join(folder, 'o/data/w99'), b.raw('FLOAT', [99, 1, 2, 4]))
  expect((await diff(model, copy)).changed.map((c) => c.name)).toEqual(['w3', 'w99'])
  for (const [data, last] of [
    ['data/w99', 1],
    ['o/data/w99', 2],
  ] as const)
    writeFileSync(join(folder, data), Buffer.concat([b.raw('FLOAT', [99, 1, 2, 3]), Uint8Array.of(last)]))
  const { equal, rest } = await diff(model, copy, { only: ['w3'] })
  expect(equal).toBe(false)
  expect(rest).toBe('byte 16 of the data file data/w99, outside every tensor, is 1, that of data/w99 2')
})

const DESCRIPTORS = '/proc/self/fd'
test.skipIf(!existsSync(DESCRIPTORS))('of 100 data files that are read few are open', () => {
  const model = readModel(join(folderOf(100), 'm.onnx'))
  const before = readdirSync(DESCRIPTORS).length
  for (const { external } of model.tensors) if (external) expect(model.open(external.location).read(0, 4)).toHaveLength(4)
  expect(readdirSync(DESCRIPTORS).length - before).toBeLessThan(50)
  model.close()
  expect(readdirSync(DESCRIPTORS).length).toBeLessThan(before)
})
