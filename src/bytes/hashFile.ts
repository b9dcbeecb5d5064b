import { createHash } from 'node:crypto'
import type { Content, Patch, PlannedFile } from '../types.js'
import { FilePool } from './filePool.js'
import { CHUNK_BYTES, FileWindow } from './fileWindow.js'
import { segments } from './segments.js'

/** A patch of drawn values. */
export type ValuesPatch = Patch & { readonly content: Extract<Content, { kind: 'values' }> }

/**
 * SHA-256 of a planned file, which need not be written for it. `values`: the bytes of a patch of drawn values; patches come in the order of
 * the file.
 */
export async function hashFile(
  file: PlannedFile,
  values: (patch: ValuesPatch) => Iterable<Uint8Array>,
  pace: (bytes: number) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256')
  const files = new FilePool((path) => new FileWindow(path))
  const add = async (bytes: Uint8Array) => {
    hash.update(bytes)
    await pace(bytes.length)
  }
  const copy = async (path: string, start: number, end: number) => {
    for (let at = start; at < end; at += CHUNK_BYTES) await add(files.get(path).read(at, Math.min(end, at + CHUNK_BYTES)))
  }
  try {
    for (const s of segments(file)) {
      if (s.kind === 'keep') {
        if (file.source) await copy(file.source.path, s.start, s.end)
        continue
      }
      const { patch } = s
      const { content, byteLength } = patch
      if (content.kind === 'values')
        for (const bytes of values({ start: patch.start, end: patch.end, byteLength, content })) await add(bytes)
      else if (content.kind === 'copy') await copy(content.source.path, content.start, content.start + byteLength)
      else if (content.kind === 'bytes') await add(content.bytes)
      else for (let at = 0; at < byteLength; at += CHUNK_BYTES) await add(new Uint8Array(Math.min(CHUNK_BYTES, byteLength - at)))
    }
    return hash.digest('hex')
  } finally {
    files.close()
  }
}
