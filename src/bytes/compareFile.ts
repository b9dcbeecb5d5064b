import type { ByteSource, PlannedFile } from '../types.js'
import type { FilePool } from './filePool.js'
import { CHUNK_BYTES, type FileWindow } from './fileWindow.js'
import { segments } from './segments.js'

/**
 * Compares a written file with its plan, all but drawn values: kept bytes with the source's, patches with what they should hold.
 * The first difference in words, or null.
 */
export async function compareFile(
  file: PlannedFile,
  path: string,
  files: FilePool<FileWindow>,
  pace: (bytes: number) => Promise<void>,
): Promise<string | null> {
  const { byteLength } = files.get(path)
  if (byteLength !== file.byteLength) return `${file.name} has ${byteLength} bytes instead of ${file.byteLength}`
  for (const s of segments(file)) {
    const [from, start, length] = s.kind === 'keep' ? [file.source?.path, s.start, s.end - s.start] : expected(s.patch)
    if (from === undefined) continue
    for (let done = 0; done < length; done += CHUNK_BYTES) {
      const size = Math.min(CHUNK_BYTES, length - done)
      const is = files.get(path).read(s.at + done, s.at + done + size)
      const source: ByteSource = typeof from === 'string' ? files.get(from) : from
      const should = source.read(start + done, start + done + size)
      if (Buffer.compare(is, should) !== 0) return difference(file.name, s.at + done, is, should)
      await pace(size)
    }
  }
  return null
}

/** What a patch's bytes come from, if they are not drawn: a path or the bytes, from where on, how many. */
function expected({
  content,
  byteLength,
}: PlannedFile['patches'][number]): [from: string | ByteSource | undefined, start: number, length: number] {
  if (content.kind === 'values') return [undefined, 0, 0]
  if (content.kind === 'copy') return [content.source.path, content.start, byteLength]
  const read = content.kind === 'bytes' ? (start: number, end: number) => content.bytes.subarray(start, end) : zeros
  return [{ byteLength, read }, 0, byteLength]
}

const zeros = (start: number, end: number) => new Uint8Array(end - start)

function difference(name: string, at: number, is: Uint8Array, should: Uint8Array): string {
  const i = is.findIndex((b, k) => b !== should[k])
  return `byte ${at + i} of ${name} is ${is[i]} instead of ${should[i]}`
}
