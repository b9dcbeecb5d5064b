import { truncateSync } from 'node:fs'
import type { Patch, PlannedFile, SourceFile } from '../types.js'
import { FilePool } from './filePool.js'
import { FileWindow } from './fileWindow.js'
import { PastCache } from './pastCache.js'
import { segments } from './segments.js'

type Pace = (bytes: number) => Promise<void>

/**
 * Writes all of a planned file but its drawn values past the page cache, from the first byte to the last. False where the system can't, and then
 * the file, of its length, is all zeros.
 */
export async function writePastCache(file: PlannedFile, path: string, pace: Pace): Promise<boolean> {
  if (!PastCache.isKnown) return false
  try {
    await pour(file, path, pace)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    truncateSync(path)
    truncateSync(path, file.byteLength)
    return false
  }
}

async function pour(file: PlannedFile, path: string, pace: Pace): Promise<void> {
  const writer = new PastCache(path, file.byteLength)
  const sources = new FilePool((source) => new FileWindow(source))
  const take = async (byteLength: number, fill: (room: Uint8Array, done: number) => void) => {
    for (let done = 0; done < byteLength; ) {
      const room = await writer.room(byteLength - done)
      fill(room, done)
      done += room.length
      await pace(room.length)
    }
  }
  const from = (source: SourceFile, start: number) => (room: Uint8Array, done: number) =>
    sources.get(source.path).readInto(room, start + done)
  try {
    for (const s of segments(file)) {
      if (s.kind === 'keep') await take(s.end - s.start, from(file.source as SourceFile, s.start))
      else if (s.patch.content.kind === 'copy') await take(s.patch.byteLength, from(s.patch.content.source, s.patch.content.start))
      else await take(s.patch.byteLength, given(s.patch.content))
    }
    await writer.end()
  } finally {
    sources.close()
    await writer.close()
  }
}

const given =
  (content: Patch['content']) =>
  (room: Uint8Array, done: number): void =>
    content.kind === 'bytes' ? room.set(content.bytes.subarray(done, done + room.length)) : void room.fill(0)
