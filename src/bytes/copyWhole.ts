import { closeSync, constants, copyFileSync, ftruncateSync, openSync, write } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import type { SourceFile } from '../types.js'
import { closeReader, readError, readFully } from './source.js'

/** Below this a copy is done before a thread for it would have started. */
const SMALL_BYTES = 1 << 24
/** While one part is written the next is read. Smaller ones keep the disk waiting, larger ones leave the processor's cache. */
const PART_BYTES = 1 << 21
/** Past the page cache whole sectors are written, from memory that begins at one; no disk has larger ones. */
const SECTOR_BYTES = 4096

export interface Copy {
  /** The copy is read again soon: it is then to be in the page cache. */
  readonly isReadAgain: boolean
  readonly pace: (bytes: number) => Promise<void>
}

/**
 * Copies a file over `to`: the file system clones it where it can. What nobody reads again is written past the page cache: it costs half of a
 * copy that is synced behind it, which is what every output is, and pushes nothing out of memory.
 * @throws Error with the system's code.
 */
export async function copyWhole(source: SourceFile, to: string, { isReadAgain, pace }: Copy): Promise<void> {
  const { path, byteLength } = source
  if (byteLength < SMALL_BYTES) copyFileSync(path, to, constants.COPYFILE_FICLONE)
  else if (isReadAgain) await copyFile(path, to, constants.COPYFILE_FICLONE)
  else if (!clone(path, to)) {
    if (await copyPastCache(source, to, pace)) return
    await copyFile(path, to)
  }
  await pace(byteLength)
}

function clone(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    return false
  }
}

/** False where the system can't. */
async function copyPastCache({ path, byteLength }: SourceFile, to: string, pace: Copy['pace']): Promise<boolean> {
  // absent on some systems, whatever its type says
  const direct = constants.O_DIRECT as number | undefined
  if (direct === undefined) return false
  let reader: number | null = null
  let writer: number | null = null
  let written = Promise.resolve()
  try {
    reader = openSync(path, 'r')
    writer = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | direct, 0o600)
    ftruncateSync(writer, byteLength)
    const parts = twoParts()
    let paced = 0
    for (let at = 0; at < byteLength; at += PART_BYTES) {
      const [part] = parts.reverse() as [Uint8Array]
      const size = Math.min(PART_BYTES, byteLength - at)
      fill(part.subarray(0, size), reader, path, at)
      await written
      await pace(at - paced)
      paced = at
      written = writeLater(writer, part.subarray(0, Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES), at)
    }
    await written
    ftruncateSync(writer, byteLength)
    await pace(byteLength - paced)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return false
    throw error
  } finally {
    // a descriptor stays open as long as it is written to
    await written.catch(() => undefined)
    if (reader !== null) closeReader(reader)
    if (writer !== null) closeSync(writer)
  }
}

/** WebAssembly's memory begins at a page of the system's; other memory of JavaScript begins anywhere. */
function twoParts(): Uint8Array[] {
  const { buffer } = new WebAssembly.Memory({ initial: (2 * PART_BYTES) / 65536 })
  return [0, PART_BYTES].map((start) => new Uint8Array(buffer, start, PART_BYTES))
}

function fill(part: Uint8Array, reader: number, path: string, at: number): void {
  try {
    readFully(reader, part, at)
  } catch (error) {
    throw readError(error, path)
  }
}

/** Writes all of `bytes` while the caller goes on; one write may return short. */
function writeLater(descriptor: number, bytes: Uint8Array, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, 0, bytes.length, at, (error, count) => {
      if (error) reject(error)
      else if (count === bytes.length) resolve()
      else writeLater(descriptor, bytes.subarray(count), at + count).then(resolve, reject)
    })
  })
}
