import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PlanOptions } from '../src/makePlan.js'
import * as b from './buildModel.js'
import { filesBelow, reinitFile } from './reinitFile.js'
import { storedTensors } from './storedTensors.js'

const values = (seed: number, count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(seed + i)))
const outside = (name: string, location: string, entries: Record<string, string> = {}) =>
  b.initializer({ name, dims: [4, 4], external: { location, ...entries } })

/**
 * Two tensors of one file (the second at an odd offset behind a gap), one of a file in a subfolder that has no offset and no length, one
 * in the model, one in a subgraph that points at the first file again.
 */
const one = Buffer.concat([b.raw('FLOAT', values(1, 16)), Buffer.from('gap'), b.raw('FLOAT', values(2, 16)), Buffer.from('tail')])
const two = b.raw('FLOAT', values(3, 16))
const model = b.model(
  b.graph(
    outside('a', 'w.data', { offset: '0', length: '64', checksum: 'of the old file' }),
    outside('b', './w.data', { length: '64', offset: '67' }),
    outside('c', 'sub/c.data'),
    b.initializer({ name: 'inside', dims: [2], values: [1, 2] }),
    b.node('If', ['t'], ['y'], { extra: [b.attribute.graph('then_branch', outside('d', 'z.data', { offset: '0', length: '64' }))] }),
    b.varint(4242, 7),
  ),
)
const files = { 'm.onnx': model, 'w.data': one, 'sub/c.data': two, 'z.data': b.raw('FLOAT', values(4, 16)) }

let folder = ''
beforeEach(() => {
  folder = b.folderOf(files)
  mkdirSync(join(folder, 'other'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const read = (name: string) => readFileSync(join(folder, name))

const INPUT = ['m.onnx', 'sub/c.data', 'w.data', 'z.data']
/** What each way to place the data makes of a redrawn `b`: the files beside the input's, and which of the output's are the input's to the byte. */
const ways: readonly [
  name: string,
  options: (folder: string) => Partial<PlanOptions>,
  output: string,
  files: string[],
  same: Record<string, string>,
][] = [
  [
    'copy to another folder',
    (f) => ({ output: join(f, 'other/out.onnx') }),
    'other/out.onnx',
    ['other/out.onnx', 'other/sub/c.data', 'other/w.data', 'other/z.data'],
    { 'other/sub/c.data': 'sub/c.data', 'other/z.data': 'z.data' },
  ],
  [
    'copy in the same folder',
    () => ({}),
    'out.onnx',
    ['out.onnx', 'out.onnx.1.data', 'out.onnx.2.data', 'out.onnx.data'],
    { 'out.onnx.1.data': 'sub/c.data', 'out.onnx.2.data': 'z.data' },
  ],
  ['reference', () => ({ data: 'reference' }), 'out.onnx', ['out.onnx', 'out.onnx.data'], {}],
  ['inline', () => ({ data: 'inline' }), 'out.onnx', ['out.onnx'], {}],
  ['inline in another folder', (f) => ({ data: 'inline', output: join(f, 'other/out.onnx') }), 'other/out.onnx', ['other/out.onnx'], {}],
]

describe.each(ways)('%s', (_, options, output, made, same) => {
  test.each([
    ['one tensor of a shared file', ['b']],
    ['a tensor of each owner', ['a', 'c', 'inside', 'd']],
    ['everything', ['a', 'b', 'c', 'd', 'inside']],
  ])('%s: a complete output, and the input as it was', async (_name, names) => {
    const before = storedTensors(join(folder, 'm.onnx'))
    const { proof, written } = await reinitFile(folder, Object.fromEntries(names.map((n) => [n, 'xavier_uniform'])), options(folder))
    expect(proof).toMatchObject({ identicalOutside: true, difference: null })
    expect(proof.fills.every((f) => f.redrawn)).toBe(true)
    const after = storedTensors(join(folder, output))
    expect(
      [...after]
        .filter(([name, bytes]) => !bytes.equals(before.get(name) as Buffer))
        .map(([name]) => name)
        .sort(),
    ).toEqual([...names].sort())
    for (const [name, content] of Object.entries(files)) expect(read(name).equals(content)).toBe(true)
    const expected = made.filter((f) => names.length > 1 || !same[f] || true)
    expect(filesBelow(folder)).toEqual([...INPUT, ...expected].sort())
    expect(written.at(-1)).toBe(join(folder, output))
    expect([...written].sort()).toEqual(expected.map((f) => join(folder, f)).sort())
  })

  test('files without new values are the input’s to the byte', async () => {
    await reinitFile(folder, { b: 'zeros' }, options(folder))
    for (const [mine, theirs] of Object.entries(same)) expect(read(mine).equals(read(theirs))).toBe(true)
  })
})
