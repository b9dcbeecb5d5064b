import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ReinitError } from '../errors.js'
import type { SourceFile } from '../types.js'

/**
 * A file as it is now, of which `byteLength` bytes were indexed.
 * @throws ReinitError `io` where it has another size by now.
 */
export function sourceFile(path: string, byteLength: number): SourceFile {
  const { size, mtimeMs } = statSync(path)
  if (size !== byteLength) throw changed(path, `it had ${byteLength} bytes and has ${size}`)
  return { path: resolve(path), byteLength, modified: mtimeMs }
}

/**
 * Looks again at files that were read in between.
 * @throws ReinitError `io` where one has another size or time.
 */
export function refuseChanged(sources: Iterable<SourceFile>): void {
  for (const { path, byteLength, modified } of new Set(sources)) {
    const { size, mtimeMs } = statSync(path)
    if (size !== byteLength) throw changed(path, `it had ${byteLength} bytes and has ${size}`)
    if (mtimeMs !== modified)
      throw changed(path, `it was written to at ${new Date(mtimeMs).toISOString()}, before that at ${new Date(modified).toISOString()}`)
  }
}

const changed = (path: string, what: string) =>
  new ReinitError('io', `${path} changed while it was read: ${what}. Try again when it is at rest.`)
