import { constants, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { layOut } from '../src/bytes/layOut.js'
import { sourceFile } from '../src/bytes/sourceFile.js'
import type { Patch, PlannedFile } from '../src/types.js'
import * as b from './buildModel.js'

/** What the file system is made to be like, and how many files were opened to be written past the page cache. */
const disk = { open: 'works', write: 'works', past: 0 }
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const isPast = (flags: unknown) => typeof flags === 'number' && (flags & fs.constants.O_DIRECT) !== 0
  const failure = (code: string) => Object.assign(new Error(`${code}: no reason`), { code })
  let writes = 0
  return {
    ...fs,
    // no file system here clones
    copyFileSync(from: string, to: string, mode: number) {
      if (mode & fs.constants.COPYFILE_FICLONE_FORCE) throw failure('ENOTSUP')
      fs.copyFileSync(from, to, mode)
    },
    openSync(path: string, flags: string | number, mode?: number) {
      if (isPast(flags) && disk.open === 'EINVAL') throw failure('EINVAL')
      if (isPast(flags)) disk.past++
      return fs.openSync(path, flags, mode)
    },
    write(fd: number, bytes: Uint8Array, offset: number, length: number, at: number, done: (error: Error | null, count: number) => void) {
      writes = at === 0 ? 0 : writes + 1
      if (disk.write.startsWith('E')) done(failure(disk.write), 0)
      else if (disk.write === 'refuses later' && writes === 3) done(failure('EINVAL'), 0)
      // as little as fits whole sectors
      else fs.write(fd, bytes, offset, disk.write === 'short' ? Math.min(length, 1 << 20) : length, at, done)
    },
  }
})

let folder = ''
beforeEach(() => {
  Object.assign(disk, { open: 'works', write: 'works', past: 0 })
  folder = b.folderOf({})
})

const SMALL = 1 << 24
const PART = 1 << 21
const noise = Uint8Array.from({ length: SMALL + 2 * PART }, (_, i) => (i * 2654435761) >>> 13)
const other = noise.subarray(12345, 12345 + PART)

const patch = (start: number, end: number, byteLength: number, content: Patch['content']): Patch => ({ start, end, byteLength, content })
const bytes = (start: number, end: number, content: Uint8Array) => patch(start, end, content.length, { kind: 'bytes', bytes: content })
const zeros = (start: number, end: number, byteLength: number) => patch(start, end, byteLength, { kind: 'zeros' })
const copy = (start: number, end: number) =>
  patch(start, end, other.length, { kind: 'copy', source: sourceFile(join(folder, 'other'), other.length), start: 0 })
const drawn = (start: number, end: number) =>
  patch(start, end, end - start, { kind: 'values', fill: 0, element: 0, elementCount: end - start, encoding: 'fixed' })

/** Of a source of so many bytes. */
const changes: Readonly<Record<string, (byteLength: number) => Patch[]>> = {
  nothing: () => [],
  'bytes in place': () => [bytes(5, 9, noise.subarray(0, 4))],
  'values, which are drawn later': (n) => [drawn(3, 4099), drawn(n - 7, n)],
  'a byte more at the beginning': () => [bytes(2, 3, noise.subarray(7, 9))],
  'a byte less at the end': (n) => [bytes(n - 2, n, noise.subarray(3, 4))],
  'zeros between': () => [zeros(PART - 1, PART + 1, 4096), zeros(PART + 2, PART + 9, 0)],
  'bytes of another file': () => [copy(PART + 1, PART + 1)],
  'all kinds': (n) => [bytes(0, 1, noise.subarray(0, 9)), drawn(1, 99), zeros(99, 99, PART + 3), copy(4096, 5096), bytes(n, n, other)],
}

/** The same by hand; drawn values are anything. */
function expected(source: Uint8Array, patches: readonly Patch[]): Uint8Array {
  const parts: Uint8Array[] = []
  let at = 0
  for (const { start, end, byteLength, content } of patches) {
    parts.push(source.subarray(at, start))
    parts.push(content.kind === 'bytes' ? content.bytes : content.kind === 'copy' ? other : new Uint8Array(byteLength))
    at = end
  }
  return Buffer.concat([...parts, source.subarray(at)])
}

async function made(byteLength: number, patchesOf: (byteLength: number) => Patch[], isReadAgain = false) {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')]
  const source = noise.subarray(0, byteLength)
  writeFileSync(from, source)
  writeFileSync(join(folder, 'other'), other)
  const patches = patchesOf(byteLength)
  const wanted = expected(source, patches)
  writeFileSync(to, new Uint8Array(wanted.length))
  const file: PlannedFile = { name: 'to', path: to, source: sourceFile(from, byteLength), byteLength: wanted.length, patches }
  let paced = 0
  await layOut(file, to, { isReadAgain, pace: async (n) => void (paced += n) })
  const found = readFileSync(to)
  for (const { start, end, content } of patches) if (content.kind === 'values') found.fill(0, start, end)
  for (const { start, end, content } of patches) if (content.kind === 'values') wanted.fill(0, start, end)
  expect(found.length).toBe(wanted.length)
  expect(Buffer.compare(found, wanted)).toBe(0)
  return { past: disk.past, paced, length: wanted.length }
}

const isKnown = typeof constants.O_DIRECT === 'number'

describe.each(Object.entries(changes))('%s', (_, patches) => {
  test.skipIf(!isKnown).each([SMALL, SMALL + 1, SMALL + 4095, SMALL + 4096, SMALL + PART + 5])(
    'a file of %i bytes that nobody reads again goes past the page cache',
    async (byteLength) => {
      const { past, paced, length } = await made(byteLength, patches)
      if (length >= SMALL) expect({ past, paced }).toEqual({ past: 1, paced: length })
    },
  )

  test('a small file does not', async () => {
    expect((await made(SMALL - 4 * PART, patches)).past).toBe(0)
  })

  test('nor one that is read again', async () => {
    expect((await made(SMALL + 1, patches, true)).past).toBe(0)
  })

  test.skipIf(!isKnown).each([
    ['a file system that refuses to open', { open: 'EINVAL' }],
    ['a file system that refuses to write', { write: 'EINVAL' }],
    ['a file system that refuses later', { write: 'refuses later' }],
    ['a disk that takes little at a time', { write: 'short' }],
  ])('%s: the file is whole', async (_name, like) => {
    Object.assign(disk, like)
    await made(SMALL + 4999, patches)
  })
})

test.skipIf(!isKnown)('a disk that fails is an error', async () => {
  disk.write = 'EIO'
  await expect(made(SMALL + 1, () => [])).rejects.toThrow('EIO')
})

test('a source that becomes shorter is an error', async () => {
  const from = join(folder, 'from')
  writeFileSync(from, noise)
  const file = { name: 'to', path: '', source: sourceFile(from, noise.length), byteLength: noise.length, patches: [] }
  truncateSync(from, SMALL)
  writeFileSync(join(folder, 'to'), '')
  const layingOut = layOut(file, join(folder, 'to'), { isReadAgain: false, pace: async () => {} })
  await expect(layingOut).rejects.toThrow(/became shorter|changed/)
})
