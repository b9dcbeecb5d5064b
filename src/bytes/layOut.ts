import { chmodSync, constants, copyFileSync, truncateSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import type { PlannedFile, SourceFile } from '../types.js'
import { drawnBytes } from './plannedBytes.js'
import { refuseChanged } from './sourceFile.js'
import { writePastCache } from './writePastCache.js'
import { writeSegments } from './writeSegments.js'

/** Below this a file is written before a thread for it would have started. */
const SMALL_BYTES = 1 << 24

export interface LayOut {
  /** The file is read again soon: it is then to be in the page cache. */
  readonly isReadAgain: boolean
  readonly pace: (bytes: number) => Promise<void>
}

/**
 * Writes all of a planned file but its drawn values, into a file of its length that is all zeros.
 * @throws ReinitError `io` where a source changed or can't be read.
 */
export async function layOut(file: PlannedFile, path: string, how: LayOut): Promise<void> {
  const { source, byteLength } = file
  const drawn = drawnBytes({ files: [file] })
  const moved = firstMoved(file)
  const isCopy = source !== null && (drawn + source.byteLength - moved) * 2 <= byteLength
  const isPast = !how.isReadAgain && byteLength >= SMALL_BYTES && drawn * 2 <= byteLength
  const isCloned = isPast && isCopy && clone(source, path)
  if (isPast && !isCloned && (await writePastCache(file, path, how.pace))) return
  if (!isCopy) return writeSegments(file, path, 0, how.pace)
  if (!isCloned) await copy(source, path)
  await how.pace(byteLength)
  refuseChanged([source])
  chmodSync(path, 0o600)
  if (byteLength !== source.byteLength) truncateSync(path, byteLength)
  await writeSegments(file, path, moved, () => Promise.resolve())
}

/** The file system clones where it can, else the file server or the kernel copies. */
const copy = (source: SourceFile, path: string) =>
  source.byteLength < SMALL_BYTES
    ? copyFileSync(source.path, path, constants.COPYFILE_FICLONE)
    : copyFile(source.path, path, constants.COPYFILE_FICLONE)

function clone(source: SourceFile, path: string): boolean {
  try {
    copyFileSync(source.path, path, constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    return false
  }
}

/** From here on the source's bytes have another place in the result; its end where none have. */
function firstMoved({ source, patches }: PlannedFile): number {
  const first = patches.find((p) => p.byteLength !== p.end - p.start)
  return first?.end ?? source?.byteLength ?? 0
}
