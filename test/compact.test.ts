// Data files of which only what tensors use is left.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { segments } from '../src/bytes/segments.js'
import { splice } from '../src/bytes/splice.js'
import { compactFile, type InUse } from '../src/onnx/external/compactFile.js'
import { compareMoved } from '../src/onnx/compareMoved.js'
import { diff } from '../src/diff.js'
import { readModel } from '../src/readModel.js'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'
import { filesBelow } from './reinitFile.js'
import { storedTensors } from './storedTensors.js'

vi.setConfig({ testTimeout: 60_000 })

const kept = (start: number, end: number): InUse => ({ kind: 'kept', start, end })
const moved = (start: number, byteLength: number): InUse => ({
  kind: 'moved',
  start,
  bytes: { byteLength, content: { kind: 'bytes', bytes: new Uint8Array(byteLength).fill(200) } },
})

/** The new file: old byte i holds 1 + i % 199, new ones 200, padding 0. */
function made(byteLength: number, uses: readonly InUse[]) {
  const { patches, offsets, byteLength: length } = compactFile(byteLength, uses)
  const old = Uint8Array.from({ length: byteLength }, (_, i) => 1 + (i % 199))
  const file = new Uint8Array(length).fill(255)
  const planned = { path: '', name: '', source: { path: '', byteLength, modified: 0 }, byteLength: length, patches: splice(patches) }
  for (const s of segments(planned)) {
    if (s.kind === 'keep') file.set(old.subarray(s.start, s.end), s.at)
    else if (s.patch.content.kind === 'bytes') file.set(s.patch.content.bytes, s.at)
    else file.fill(0, s.at, s.at + s.patch.byteLength)
  }
  return { old, file, offsets }
}

describe('where the bytes go', () => {
  const files: Readonly<Record<string, readonly [byteLength: number, uses: readonly InUse[], offsets: readonly number[], after: number]>> =
    {
      'all in use': [100, [kept(0, 60), kept(60, 100)], [0, 60], 100],
      'a gap, and a tail': [300, [kept(0, 100), kept(200, 250)], [0, 104], 154],
      'a gap in front': [8292, [kept(4096, 8192), kept(8192, 8292)], [0, 4096], 4196],
      'out of order': [300, [kept(200, 250), kept(0, 100)], [104, 0], 154],
      'the same bytes twice': [300, [kept(100, 200), kept(100, 200)], [0, 0], 100],
      'bytes in bytes, and overlapping': [300, [kept(100, 200), kept(120, 140), kept(180, 240), kept(240, 250)], [0, 20, 80, 140], 150],
      pages: [20000, [kept(0, 10), kept(4096, 4106), kept(12288, 12300), kept(16384, 16400)], [0, 4096, 8192, 16384], 16400],
      // 12 KiB past a multiple of 64: pages, and no more
      'no finer than they were': [200_000, [kept(1, 5), kept(131_072, 131_080)], [0, 65_536], 65_544],
      'new bytes in place of old ones': [400, [kept(0, 100), moved(100, 60), kept(300, 400)], [0, 100, 160], 260],
      'more new bytes than old ones': [400, [kept(0, 100), moved(128, 300), kept(256, 400)], [0, 128, 512], 656],
      'new bytes at the beginning': [400, [moved(0, 30), kept(64, 100)], [0, 64], 100],
      'new bytes at the end': [400, [kept(0, 300), moved(300, 4)], [0, 300], 304],
      'new bytes whose old ones another tensor has': [
        400,
        [kept(100, 200), moved(100, 10), moved(150, 6), kept(200, 300)],
        [0, 100, 110, 116],
        216,
      ],
      'two at the beginning': [400, [kept(0, 30), moved(0, 5000), moved(0, 10)], [0, 4096, 9152], 9162],
      'no values': [400, [kept(50, 50), kept(60, 64)], [0, 0], 4],
      'nothing in use': [400, [], [], 0],
    }
  test.each(Object.entries(files))('%s', (_, [byteLength, uses, offsets, after]) => {
    const result = made(byteLength, uses)
    expect([result.offsets, result.file.length]).toEqual([offsets, after])
    uses.forEach((use, i) => {
      const at = result.offsets[i] as number
      const should = use.kind === 'kept' ? result.old.subarray(use.start, use.end) : new Uint8Array(use.bytes.byteLength).fill(200)
      expect(result.file.subarray(at, at + should.length)).toEqual(should)
    })
    expect(result.file).not.toContain(255)
  })

  test('a thousand ranges of every kind', () => {
    let state = 7
    const random = (below: number) => (state = (state * 48271) % 2147483647) % below
    for (let round = 0; round < 200; round++) {
      const size = 1 + random(5000)
      const uses = Array.from({ length: random(12) }, () => {
        const start = random(4) === 0 ? 256 * random(1 + Math.floor(size / 256)) : random(size)
        return random(4) === 0 ? moved(start, 1 + random(300)) : kept(start, start + random(1 + Math.min(600, size - start)))
      })
      const { old, file, offsets } = made(size, uses)
      uses.forEach((use, i) => {
        const at = offsets[i] as number
        const should = use.kind === 'kept' ? old.subarray(use.start, use.end) : new Uint8Array(use.bytes.byteLength).fill(200)
        expect(Buffer.compare(file.subarray(at, at + should.length), should)).toBe(0)
      })
      expect(file.includes(255)).toBe(false)
      if (!uses.some((u) => u.kind === 'moved')) expect(file.length).toBeLessThanOrEqual(size)
    }
  })
})

const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))
const outside = (name: string, dims: readonly number[], offset: number | null, location = 'w.data') =>
  b.initializer({ name, dims, external: { location, ...(offset === null ? {} : { offset: String(offset) }), checksum: 'old' } })

/** w.data: w0 [4, 8] at 0, a hole of 64, fc.w [3, 8] at 192, fc.b [3] at 288, e0 and e1 [4] in the same bytes at 300, a tail of 684. */
const fields = [
  outside('w0', [4, 8], null),
  outside('fc.w', [3, 8], 192, './w.data'),
  outside('fc.b', [3], 288),
  outside('e0', [4], 300),
  outside('e1', [2, 2], 300),
  b.node('MatMul', ['x', 'w0'], ['m'], { name: 'trunk' }),
  b.node('Relu', ['m'], ['f']),
  b.node('Gemm', ['f', 'fc.w', 'fc.b'], ['y'], { name: 'fc', extra: [b.attribute.int('transB', 1)] }),
  b.node('ConstantOfShape', ['n'], ['c'], {
    extra: [b.attribute.tensor('value', { dims: [1], external: { location: 'w.data', offset: '400' } })],
  }),
  b.initializer({ name: 'n', type: 'INT64', dims: [1], values: [2] }),
  b.node('Flatten', ['e1'], ['e2']),
  b.node('Mul', ['e0', 'e0'], ['e3']),
  b.input('x', [2, 4]),
  b.output('y', [2, 3]),
  b.output('c', [2]),
  b.output('e2', [2, 2]),
  b.output('e3', [4]),
]
const files = () => ({
  'm.onnx': b.model(b.graph(b.bytes(2, 'g'), ...fields)),
  'w.data': b.raw('FLOAT', values(250)),
  'other/x': Buffer.of(1),
})

async function job(options: ReinitOptions, to = 'other') {
  const folder = b.folderOf(files())
  const output = join(folder, to, 'out.onnx')
  const report = await reinit(join(folder, 'm.onnx'), { layers: ['fc'], init: 'he_normal', output, compact: true, ...options })
  expect(report.run.status).toBe('passed')
  expect(report.bytes.identicalOutside).toBe(true)
  expect(readFileSync(join(folder, 'w.data'))).toEqual(Buffer.from(files()['w.data']))
  return { folder, output, report, input: join(folder, 'm.onnx') }
}

test.each([
  ['other', 'w.data'],
  ['.', 'out.onnx.data'],
])('a resized head, into %s', async (to, data) => {
  const { folder, output, report, input } = await job({ numClasses: 5 }, to)
  const [before, after] = [storedTensors(input), storedTensors(output)]
  for (const name of ['w0', 'e0', 'e1']) expect(after.get(name)).toEqual(before.get(name))
  expect([after.get('fc.w')?.length, after.get('fc.b')?.length]).toEqual([160, 20])
  const model = readModel(output)
  const places = [...model.tensors, ...(model.unlisted ?? [])].flatMap(({ external: e }) =>
    e ? [[e.location, e.offset, e.byteLength]] : [],
  )
  // w0, fc.w as aligned as it was (to 64), and smaller ones as the least aligned of them (300 is a multiple of 4)
  const places0 = [0, 128, 288, 308, 308, 324].map((offset, i) => [data, offset, [128, 160, 20, 16, 16, 4][i]])
  expect(places).toEqual(places0)
  model.close()
  expect(readFileSync(join(folder, to, data)).length).toBe(328)
  expect(readFileSync(output).includes('checksum')).toBe(false)
  expect(report.notes).toContain('data files: 328 bytes for 1,000, without what no tensor uses')
  const { changed, restEqual, outside: others } = await diff(input, output, { only: ['fc'] })
  expect([changed.map((c) => c.name), others]).toEqual([['fc.w', 'fc.b'], 0])
  expect(restEqual).toBe(false)
})

test('values in their places, without the holes', async () => {
  const { folder, output, input } = await job({})
  expect(readFileSync(join(folder, 'other/w.data')).length).toBe(256)
  expect(storedTensors(output).get('w0')).toEqual(storedTensors(input).get('w0'))
  expect((await diff(input, output, { only: ['fc'] })).outside).toBe(0)
})

test('once compact, a file stays as it is', async () => {
  const { folder, output } = await job({})
  const again = join(folder, 'again.onnx')
  mkdirSync(join(folder, 'third'))
  await reinit(output, { layers: ['fc'], init: 'he_normal', compact: true, output: again.replace('again', 'third/again') })
  expect(readFileSync(join(folder, 'third/w.data'))).toEqual(readFileSync(join(folder, 'other/w.data')))
})

test('a file that nobody uses any more is left out', async () => {
  const folder = b.folderOf({
    'm.onnx': b.model(
      b.graph(
        b.bytes(2, 'g'),
        outside('w0', [4, 8], 0, 'a.data'),
        outside('fc.w', [8, 3], 0, 'b.data'),
        b.node('MatMul', ['x', 'w0'], ['m'], { name: 'trunk' }),
        b.node('Relu', ['m'], ['f']),
        b.node('MatMul', ['f', 'fc.w'], ['y'], { name: 'fc' }),
        b.input('x', [2, 4]),
        b.output('y', [2, 3]),
      ),
    ),
    'a.data': b.raw('FLOAT', values(40)),
    'b.data': b.raw('FLOAT', values(24)),
    'to/x': Buffer.of(1),
  })
  const report = await reinit(join(folder, 'm.onnx'), {
    head: true,
    featureExtractor: true,
    compact: true,
    output: join(folder, 'to/m.onnx'),
  })
  expect(report.run).toMatchObject({ status: 'passed', features: { status: 'equal' } })
  expect(filesBelow(join(folder, 'to'))).toEqual(['a.data', 'm.onnx', 'x'])
  expect(readFileSync(join(folder, 'to/a.data')).length).toBe(128)
})

test.each<[ReinitOptions, RegExp]>([
  [{ inPlace: true }, /^--compact makes data files anew, and --in-place keeps them: give an output with -o\.$/],
  [{ data: 'reference' }, /^--compact goes with copies of data files/],
])('%j is refused', async (options, message) => {
  const folder = b.folderOf(files())
  const before = filesBelow(folder)
  await expect(reinit(join(folder, 'm.onnx'), { layers: ['fc'], init: 'he_normal', compact: true, ...options })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(message) as unknown,
  })
  expect(filesBelow(folder)).toEqual(before)
})

test('without data files, or with all of them inside, it changes nothing', async () => {
  const { folder, output } = await job({ data: 'inline' })
  expect(existsSync(join(folder, 'other/w.data'))).toBe(false)
  const plain = b.folderOf({ 'm.onnx': b.linearModel() })
  const outputs = ['a.onnx', 'b.onnx'].map((name) => join(plain, name))
  for (const [i, path] of outputs.entries())
    await reinit(join(plain, 'm.onnx'), { layers: ['fc'], init: 'he_normal', compact: i === 0, output: path, run: false })
  expect(readFileSync(outputs[0] as string)).toEqual(readFileSync(outputs[1] as string))
  expect(storedTensors(output).get('w0')?.length).toBe(128)
})

test('an entry that points beside the kept values is found', async () => {
  const folder = b.folderOf({
    'm.onnx': b.model(b.graph(outside('w', [4], 16))),
    'w.data': b.raw('FLOAT', values(12)),
    'n.onnx': b.model(b.graph(outside('w', [4], 20))),
    's.onnx': b.model(b.graph(outside('w', [3], 20))),
  })
  const models = ['m', 'n', 's'].map((name) => readModel(join(folder, `${name}.onnx`)))
  const [m, n, s] = models.map((model) => model.tensors[0])
  const open = (file: string) => (models[0] as (typeof models)[0]).open(file)
  const compared = (now: typeof m) => compareMoved([[m as NonNullable<typeof m>, now]], open, open, () => Promise.resolve())
  expect(await compared(m)).toBeNull()
  expect(await compared(n)).toBe('tensor "w", which keeps its values, has others at byte 20 of w.data')
  expect(await compared(s)).toBe('tensor "w" has 12 bytes instead of 16')
  for (const model of models) model.close()
})
