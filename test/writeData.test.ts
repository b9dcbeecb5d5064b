import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
    expect(filesBelow(folder)).toEqual([...INPUT, ...made].sort())
    expect(written.at(-1)).toBe(join(folder, output))
    expect([...written].sort()).toEqual(made.map((f) => join(folder, f)).sort())
  })

  test('files without new values are the input’s to the byte', async () => {
    await reinitFile(folder, { b: 'zeros' }, options(folder))
    for (const [mine, theirs] of Object.entries(same)) expect(read(mine).equals(read(theirs))).toBe(true)
  })
})

describe('--data reference', () => {
  test('a tensor of the model stays in the model, and no data file is made', async () => {
    const { written } = await reinitFile(folder, { inside: 'ones' }, { data: 'reference' })
    expect(written).toEqual([join(folder, 'out.onnx')])
  })

  test('each redrawn tensor starts at a line of 64 bytes, a large one at a page', async () => {
    const large = b.initializer({ name: 'e', dims: [1024], external: { location: 'e.data' } })
    rmSync(folder, { recursive: true })
    folder = b.folderOf({
      ...files,
      'm.onnx': b.model(b.graph(outside('a', 'w.data'), outside('b', 'w.data', { offset: '67' }), large)),
      'e.data': new Uint8Array(4096),
    })
    const { plan } = await reinitFile(folder, { b: 'ones', a: 'ones', e: 'ones' }, { data: 'reference' })
    expect(plan.files[0]).toMatchObject({ name: 'out.onnx.data', byteLength: 8192, source: null })
    const after = storedTensors(join(folder, 'out.onnx'))
    expect(after.get('e')).toEqual(Buffer.from(b.raw('FLOAT', Array(1024).fill(1))))
    expect(read('out.onnx.data').subarray(64, 128)).toEqual(after.get('a'))
  })

  test('what it does not redraw is linked where it is staged, so that it can be run there', async () => {
    await reinitFile(folder, { b: 'ones' }, { data: 'reference' }, (staged) => {
      expect(filesBelow(staged.folder)).toEqual(['out.onnx', 'out.onnx.data', 'sub/c.data', 'w.data', 'z.data'])
      expect(storedTensors(staged.modelPath).get('b')).toEqual(Buffer.from(b.raw('FLOAT', Array(16).fill(1))))
    })
    expect(filesBelow(folder)).toEqual([...INPUT, 'out.onnx', 'out.onnx.data'].sort())
  })
})

test('a checksum of a data file goes when the file changes, and stays when it does not', async () => {
  await reinitFile(folder, { b: 'ones' }, { output: join(folder, 'other/out.onnx') })
  expect(read('other/out.onnx').includes('checksum')).toBe(false)
  await reinitFile(folder, { d: 'ones' })
  expect(read('out.onnx').includes('checksum')).toBe(true)
})

describe('--in-place', () => {
  const inPlace = { inPlace: true } as const

  test('one data file changes: it alone is replaced', async () => {
    const { written } = await reinitFile(folder, { d: 'ones' }, inPlace, (staged) =>
      expect(filesBelow(staged.folder)).toEqual(['m.onnx', 'sub/c.data', 'w.data', 'z.data']),
    )
    expect(written).toEqual([join(folder, 'z.data')])
    expect(filesBelow(folder)).toEqual(INPUT)
    expect(read('z.data')).toEqual(Buffer.from(b.raw('FLOAT', Array(16).fill(1))))
    for (const name of ['m.onnx', 'w.data', 'sub/c.data'] as const) expect(read(name).equals(files[name])).toBe(true)
  })

  test('the model changes: it alone is replaced', async () => {
    const { written } = await reinitFile(folder, { inside: 'ones' }, inPlace)
    expect(written).toEqual([join(folder, 'm.onnx')])
    expect(storedTensors(join(folder, 'm.onnx')).get('inside')).toEqual(Buffer.from(b.raw('FLOAT', [1, 1])))
    expect(read('w.data').equals(one)).toBe(true)
  })

  test('everything into the model', async () => {
    await reinitFile(folder, { a: 'ones' }, { ...inPlace, data: 'inline' })
    for (const name of ['w.data', 'z.data', 'sub/c.data']) rmSync(join(folder, name))
    const after = storedTensors(join(folder, 'm.onnx'))
    expect(after.get('a')).toEqual(Buffer.from(b.raw('FLOAT', Array(16).fill(1))))
    expect(after.get('c')).toEqual(Buffer.from(two))
  })

  test('new values beside the old ones', async () => {
    const { written } = await reinitFile(folder, { a: 'ones' }, { ...inPlace, data: 'reference' })
    expect(written).toEqual([join(folder, 'm.onnx.data'), join(folder, 'm.onnx')])
    expect(storedTensors(join(folder, 'm.onnx')).get('a')).toEqual(Buffer.from(b.raw('FLOAT', Array(16).fill(1))))
    expect(read('w.data').equals(one)).toBe(true)
  })
})

test('links to data files, as in the cache of Hugging Face, become files of the output', async () => {
  mkdirSync(join(folder, 'blobs'))
  mkdirSync(join(folder, 'snapshot'))
  for (const [name, blob] of [
    ['m.onnx', 'b0'],
    ['w.data', 'b1'],
  ] as const) {
    const content = name === 'm.onnx' ? b.model(b.graph(outside('a', 'w.data'))) : files[name]
    rmSync(join(folder, name))
    writeFileSync(join(folder, 'blobs', blob), content)
    symlinkSync(`../blobs/${blob}`, join(folder, 'snapshot', name))
  }
  const { written } = await reinitFile(join(folder, 'snapshot'), { a: 'ones' })
  expect(written.every((path) => lstatSync(path).isFile())).toBe(true)
  expect(read('blobs/b1').equals(one)).toBe(true)
  expect(storedTensors(join(folder, 'snapshot/out.onnx')).get('a')).toEqual(Buffer.from(b.raw('FLOAT', Array(16).fill(1))))
})
