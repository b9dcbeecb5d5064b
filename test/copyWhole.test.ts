import { constants, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { copyWhole } from '../src/bytes/copyWhole.js'
import { sourceFile } from '../src/bytes/sourceFile.js'
import * as b from './buildModel.js'

/** What the file system is made to be like; and how often it was written to past the page cache. */
const disk = { open: 'works', write: 'works', direct: 0 }
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const isDirect = (flags: unknown) => typeof flags === 'number' && (flags & fs.constants.O_DIRECT) !== 0
  const refused = () => Object.assign(new Error('EINVAL: invalid argument'), { code: 'EINVAL' })
  return {
    ...fs,
    openSync(path: string, flags: string | number, mode?: number) {
      if (isDirect(flags) && disk.open === 'EINVAL') throw refused()
      if (isDirect(flags)) disk.direct++
      return fs.openSync(path, flags, mode)
    },
    write(fd: number, bytes: Uint8Array, offset: number, length: number, at: number, done: (error: Error | null, count: number) => void) {
      if (disk.write === 'EINVAL') done(refused(), 0)
      else if (disk.write === 'EIO') done(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }), 0)
      // as little as fits whole sectors
      else fs.write(fd, bytes, offset, disk.write === 'short' ? Math.min(length, 1 << 20) : length, at, done)
    },
  }
})

let folder = ''
beforeEach(() => {
  Object.assign(disk, { open: 'works', write: 'works', direct: 0 })
  folder = b.folderOf({ to: new Uint8Array(9).fill(9) })
})

const SMALL = 1 << 24
const noise = Uint8Array.from({ length: SMALL + (1 << 22) }, (_, i) => (i * 2654435761) >>> 13)
async function copied(byteLength: number, isReadAgain = false) {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')]
  writeFileSync(from, noise.subarray(0, byteLength))
  let paced = 0
  await copyWhole(sourceFile(from, byteLength), to, { isReadAgain, pace: async (bytes) => void (paced += bytes) })
  expect(paced).toBe(byteLength)
  expect(Buffer.compare(readFileSync(to), readFileSync(from))).toBe(0)
  return disk.direct
}

test.each([0, 1, 4096, SMALL - 1])('%i bytes are copied by the system', async (byteLength) => {
  expect(await copied(byteLength)).toBe(0)
})

const isSupported = typeof constants.O_DIRECT === 'number'
test.skipIf(!isSupported).each([SMALL, SMALL + 1, SMALL + 4095, SMALL + 4096, SMALL + (1 << 21) + 5])(
  '%i bytes that nobody reads again go past the page cache',
  async (byteLength) => {
    expect(await copied(byteLength)).toBe(1)
    expect(statSync(join(folder, 'to')).size).toBe(byteLength)
  },
)

test('what is read again is copied by the system', async () => {
  expect(await copied(SMALL + 1, true)).toBe(0)
})

test.skipIf(!isSupported).each([
  ['a file system that refuses to open', { open: 'EINVAL' }],
  ['a file system that refuses to write', { write: 'EINVAL' }],
  ['a disk that takes little at a time', { write: 'short' }],
])('%s: the copy is whole', async (_, like) => {
  Object.assign(disk, like)
  await copied(SMALL + 4999)
})

test.skipIf(!isSupported)('a disk that fails is an error', async () => {
  disk.write = 'EIO'
  await expect(copied(SMALL + 1)).rejects.toThrow('EIO')
})

test.skipIf(!isSupported)('a file that becomes shorter is an error', async () => {
  const from = join(folder, 'from')
  writeFileSync(from, noise.subarray(0, SMALL + 1))
  const source = sourceFile(from, SMALL + 1)
  truncateSync(from, SMALL - 1)
  await expect(copyWhole(source, join(folder, 'to'), { isReadAgain: false, pace: async () => {} })).rejects.toThrow('became shorter')
})
