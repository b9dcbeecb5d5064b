import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ReinitError } from '../src/errors.js'
import { makePlan, type PlanOptions } from '../src/makePlan.js'
import { readModel } from '../src/readModel.js'
import * as b from './buildModel.js'
import { plannedFills } from './plannedFills.js'
import { reinitFile } from './reinitFile.js'
import { storedTensors } from './storedTensors.js'

let folder = ''
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const values = Array.from({ length: 16 }, (_, i) => i)
const outside = (name: string, entries: Record<string, string>) => b.initializer({ name, dims: [4, 4], external: entries })
const plain = b.model(b.graph(b.initializer({ name: 'w', dims: [4, 4], values })))
const withData = b.model(b.graph(outside('w', { location: 'w.data' }), outside('v', { location: 'sub/v.data' })))
const data = { 'w.data': b.raw('FLOAT', values), 'sub/v.data': b.raw('FLOAT', values) }
const overlapping = (offset: number, location = 'w.data') =>
  b.model(b.graph(outside('w', { location: 'w.data' }), outside('v', { location, offset: String(offset) })))

type Case = readonly [
  what: string,
  files: Readonly<Record<string, Uint8Array>>,
  prepare: (folder: string) => unknown,
  options: (folder: string) => Partial<PlanOptions>,
  message: RegExp,
]
const nothing = () => undefined
const usage: readonly Case[] = [
  ['an output that exists', { 'm.onnx': plain, 'out.onnx': plain }, nothing, () => ({}), /out\.onnx exists: give --overwrite/],
  [
    'a data file that exists beside the output',
    { 'm.onnx': withData, ...data, 'out.onnx.1.data': plain },
    nothing,
    () => ({}),
    /out\.onnx\.1\.data exists/,
  ],
  [
    'a data file that exists in another folder',
    { 'm.onnx': withData, ...data, 'o/sub/v.data': plain },
    nothing,
    (f) => ({ output: join(f, 'o/x.onnx') }),
    /o\/sub\/v\.data exists/,
  ],
  [
    'the input',
    { 'm.onnx': plain },
    nothing,
    (f) => ({ output: join(f, 'm.onnx') }),
    /^The output is the input, .*m\.onnx: give another name with -o, or --in-place\.$/,
  ],
  [
    'the input, to be replaced',
    { 'm.onnx': plain },
    nothing,
    (f) => ({ output: join(f, 'm.onnx'), overwrite: true }),
    /^The output is the input/,
  ],
  [
    'a link to the input',
    { 'm.onnx': plain },
    (f) => symlinkSync('m.onnx', join(f, 'x.onnx')),
    (f) => ({ output: join(f, 'x.onnx'), overwrite: true }),
    /^The output is the input/,
  ],
  [
    'another name of the input',
    { 'm.onnx': plain },
    (f) => linkSync(join(f, 'm.onnx'), join(f, 'x.onnx')),
    (f) => ({ output: join(f, 'x.onnx'), overwrite: true }),
    /^The output is the input/,
  ],
  [
    'the input by way of a linked folder',
    { 'm.onnx': plain },
    (f) => symlinkSync('.', join(f, 'o')),
    (f) => ({ output: join(f, 'o/m.onnx'), overwrite: true }),
    /^The output is the input/,
  ],
  [
    'a data file of the input',
    { 'm.onnx': withData, ...data },
    nothing,
    (f) => ({ output: join(f, 'w.data'), overwrite: true }),
    /w\.data is a data file of the input/,
  ],
  [
    'data files that are the input’s by way of a link',
    { 'm.onnx': withData, ...data, 'o/x': plain },
    (f) => symlinkSync('../sub', join(f, 'o/sub')),
    (f) => ({ output: join(f, 'o/x.onnx'), overwrite: true }),
    /o\/sub\/v\.data is a data file of the input/,
  ],
  ['a folder', { 'm.onnx': plain, 'o/x': plain }, nothing, (f) => ({ output: join(f, 'o') }), /o is a folder: give the name of a file/],
  ['a folder by its slash', { 'm.onnx': plain }, nothing, (f) => ({ output: `${join(f, 'o')}/` }), /is a folder/],
  [
    'a folder that does not exist',
    { 'm.onnx': plain },
    nothing,
    (f) => ({ output: join(f, 'o/x.onnx') }),
    /The folder .*\/o of the output does not exist/,
  ],
  [
    'a folder that is a file',
    { 'm.onnx': plain },
    nothing,
    (f) => ({ output: join(f, 'm.onnx/x.onnx') }),
    /The folder .*\/m\.onnx of the output does not exist/,
  ],
  ['a device', { 'm.onnx': plain }, nothing, () => ({ output: '/dev/null', overwrite: true }), /\/dev\/null is not a regular file/],
  [
    'a link in circles',
    { 'm.onnx': plain },
    (f) => symlinkSync('x.onnx', join(f, 'x.onnx')),
    (f) => ({ output: join(f, 'x.onnx') }),
    /goes in circles/,
  ],
  [
    'a name that a data file has',
    { 'm.onnx': withData, ...data, 'o/x': plain },
    nothing,
    (f) => ({ output: join(f, 'o/w.data') }),
    /w\.data is the name of a data file too/,
  ],
  [
    'a data file that is a folder',
    { 'm.onnx': withData, ...data, 'out.onnx.data/x': plain },
    nothing,
    () => ({ overwrite: true }),
    /out\.onnx\.data exists and is not a regular file/,
  ],
  [
    'a folder of data that leads elsewhere',
    { 'm.onnx': withData, ...data, 'o/x': plain, 'p/x': plain },
    (f) => symlinkSync('../p', join(f, 'o/sub')),
    (f) => ({ output: join(f, 'o/x.onnx') }),
    /o\/sub is not a folder of its own/,
  ],
  [
    'a folder of data that is a file',
    { 'm.onnx': withData, ...data, 'o/sub': plain },
    nothing,
    (f) => ({ output: join(f, 'o/x.onnx') }),
    /o\/sub is not a folder of its own/,
  ],
  [
    'a link, with data to write',
    { 'm.onnx': withData, ...data, 'o/x': plain },
    (f) => symlinkSync('o/y.onnx', join(f, 'x.onnx')),
    (f) => ({ output: join(f, 'x.onnx') }),
    /is a link, and data files would be beside its target/,
  ],
  [
    'in place, a link',
    { 'real.onnx': plain },
    (f) => symlinkSync('real.onnx', join(f, 'm.onnx')),
    () => ({ inPlace: true }),
    /m\.onnx is a link, which --in-place/,
  ],
  [
    'in place, a file with two names',
    { 'm.onnx': plain },
    (f) => linkSync(join(f, 'm.onnx'), join(f, 'x')),
    () => ({ inPlace: true }),
    /m\.onnx has 2 hard links/,
  ],
  [
    'in place, a data file with two names',
    { 'm.onnx': withData, ...data },
    (f) => linkSync(join(f, 'w.data'), join(f, 'x')),
    () => ({ inPlace: true }),
    /w\.data has 2 hard links/,
  ],
  [
    'in place by reference, twice',
    { 'm.onnx': withData, ...data, 'm.onnx.data': plain },
    nothing,
    () => ({ inPlace: true, data: 'reference' }),
    /m\.onnx\.data exists/,
  ],
  [
    'by reference to another folder',
    { 'm.onnx': withData, ...data, 'o/x': plain },
    nothing,
    (f) => ({ data: 'reference', output: join(f, 'o/x.onnx') }),
    /--data reference .* in the folder of/,
  ],
  [
    'by reference to data behind a link',
    {
      'm.onnx': b.model(b.graph(b.initializer({ name: 'w', dims: [], values: [1] }), outside('v', { location: 'v.data' }))),
      'v.data': data['w.data'],
    },
    behindLinks,
    (f) => ({ data: 'reference', output: join(f, 'snapshot/out.onnx') }),
    /v\.data is a link out of .*: give --data copy/,
  ],
  [
    'a stream of a model with data',
    { 'm.onnx': withData, ...data },
    nothing,
    () => ({ output: '-' }),
    /a stream is one file: give --data inline/,
  ],
  [
    'inline beyond 2 GiB',
    {
      'm.onnx': b.model(
        b.graph(outside('w', { location: 'w.data' }), b.initializer({ name: 'h', dims: [600_000_000], external: { location: 'h' } })),
      ),
      ...data,
      h: new Uint8Array(0),
    },
    (f) => truncateSync(join(f, 'h'), 2_400_000_000),
    () => ({ data: 'inline' }),
    /would have 2400000\d+ bytes: protobuf ends at 2147483647\. Give --data copy/,
  ],
]
const conflict: readonly Case[] = [
  [
    'values that overlap',
    { 'm.onnx': overlapping(32), 'w.data': new Uint8Array(96) },
    nothing,
    () => ({}),
    /^Tensors "w" and "v" share bytes 32 to 64 of "w\.data".*--data inline/,
  ],
  ['the same values', { 'm.onnx': overlapping(0), 'w.data': new Uint8Array(96) }, nothing, () => ({}), /share bytes 0 to 64/],
  [
    'the same values by another spelling',
    { 'm.onnx': overlapping(0, './w.data'), 'w.data': new Uint8Array(96) },
    nothing,
    () => ({}),
    /share bytes 0 to 64/,
  ],
  [
    'the same values by another name of the file',
    { 'm.onnx': overlapping(0, 'x'), 'w.data': new Uint8Array(96) },
    (f) => linkSync(join(f, 'w.data'), join(f, 'x')),
    () => ({}),
    /share bytes 0 to 64/,
  ],
  [
    'values inside those of an untouched tensor',
    {
      'm.onnx': b.model(
        b.graph(
          b.initializer({ name: 'all', dims: [100], external: { location: 'w.data' } }),
          outside('u', { location: 'w.data', offset: '8' }),
          outside('w', { location: 'w.data', offset: '200' }),
        ),
      ),
      'w.data': new Uint8Array(400),
    },
    nothing,
    () => ({}),
    /"all" and "w" share bytes 200 to 264/,
  ],
  [
    'a name that two tensors have',
    {
      'm.onnx': b.model(
        b.graph(
          b.initializer({ name: 'w', dims: [1], values: [1] }),
          b.node('Constant', [], ['w'], { extra: [b.attribute.tensor('value', { dims: [1], values: [1] })] }),
        ),
      ),
    },
    nothing,
    () => ({}),
    /^Two tensors are named "w"/,
  ],
]
const invalid: readonly Case[] = [
  [
    'a location that is the model itself',
    { 'm.onnx': b.model(b.graph(outside('w', { location: 'm.onnx' }), b.bytes(4242, new Uint8Array(99)))) },
    nothing,
    () => ({}),
    /location "m\.onnx" is the model itself/,
  ],
  [
    'too few varints',
    { 'm.onnx': b.model(b.graph(b.initializer({ name: 'w', type: 'FLOAT16', dims: [3], values: [1, 2], storage: 'int32_data' }))) },
    nothing,
    () => ({}),
    /^Tensor "w" \(FLOAT16 \[3\]\) needs 3 values, but int32_data has 2 at byte \d+\.$/,
  ],
  [
    'too many varints',
    { 'm.onnx': b.model(b.graph(b.initializer({ name: 'w', type: 'FLOAT16', dims: [1], values: [1, 2], storage: 'int32_data' }))) },
    nothing,
    () => ({}),
    /needs 1 values, but int32_data has 2/,
  ],
]

/** m.onnx and v.data become links to files elsewhere, as in the cache of Hugging Face. */
function behindLinks(f: string): void {
  mkdirSync(join(f, 'blobs'))
  mkdirSync(join(f, 'snapshot'))
  for (const name of ['m.onnx', 'v.data']) {
    renameSync(join(f, name), join(f, 'blobs', name))
    symlinkSync(join('../blobs', name), join(f, 'snapshot', name))
  }
}

/** Every name below a folder with what a change would change. */
const snapshot = (f: string) =>
  (readdirSync(f, { recursive: true }) as string[]).map((name) => {
    const { ino, size, mtimeMs } = lstatSync(join(f, name))
    return { name, ino, size, mtimeMs }
  })

describe.each([
  ['usage', usage],
  ['conflict', conflict],
  ['invalid', invalid],
] as const)('refused before any work: %s', (code, cases) => {
  test.each(cases)('%s', (_, files, prepare, options, message) => {
    folder = b.folderOf(files)
    prepare(folder)
    const before = snapshot(folder)
    const model = readModel(existsSync(join(folder, 'm.onnx')) ? join(folder, 'm.onnx') : join(folder, 'snapshot/m.onnx'))
    const given = { output: join(folder, 'out.onnx'), inPlace: false, overwrite: false, data: 'copy', ...options(folder) } as const
    let error: unknown
    try {
      makePlan(model, plannedFills(model, { w: 'zeros' }), given)
    } catch (e) {
      error = e
    }
    model.close()
    expect(error).toBeInstanceOf(ReinitError)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string })
    expect((error as Error).message).not.toMatch(/\n/)
    expect(snapshot(folder)).toEqual(before)
  })
})

test('a tensor of segments and a tensor given twice are refused', () => {
  folder = b.folderOf({
    'm.onnx': b.model(
      b.graph(b.initializer({ name: 'w', dims: [1], values: [1] }), b.initializer({ name: 's', dims: [1], extra: [b.message(3, [])] })),
    ),
  })
  const model = readModel(join(folder, 'm.onnx'))
  const options = { output: join(folder, 'out.onnx'), inPlace: false, overwrite: false, data: 'copy' } as const
  const [fill] = plannedFills(model, { w: 'zeros' })
  expect(() => makePlan(model, [fill, fill] as never, options)).toThrow(/"w" would get two sets of values/)
  expect(() => makePlan(model, plannedFills(model, { s: 'zeros' }), options)).toThrow(/"s" can't be written: segmented tensors/)
  model.close()
})

test('untouched tensors may share what they like', async () => {
  const shared = b.model(
    b.graph(
      outside('u', { location: 'w.data' }),
      outside('v', { location: 'w.data', offset: '4' }),
      outside('w', { location: 'w.data', offset: '68' }),
    ),
  )
  folder = b.folderOf({ 'm.onnx': shared, 'w.data': new Uint8Array(132) })
  expect((await reinitFile(folder, { w: 'ones' })).proof.identicalOutside).toBe(true)
})

test.each(['reference', 'inline'] as const)(
  'with --data %s a tensor that shares its bytes gets its own, and the other keeps its values',
  async (way) => {
    folder = b.folderOf({ 'm.onnx': overlapping(32), 'w.data': b.raw('FLOAT', Array(24).fill(7)) })
    await reinitFile(folder, { w: 'ones' }, { data: way })
    const after = storedTensors(join(folder, 'out.onnx'))
    expect(after.get('w')).toEqual(Buffer.from(b.raw('FLOAT', Array(16).fill(1))))
    expect(after.get('v')).toEqual(Buffer.from(b.raw('FLOAT', Array(16).fill(7))))
  },
)
