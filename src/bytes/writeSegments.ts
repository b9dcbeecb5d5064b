import type { PlannedFile } from '../types.js'
import { FilePool } from './filePool.js'
import { CHUNK_BYTES, FileWindow } from './fileWindow.js'
import { FileWriter } from './fileWriter.js'
import { segments } from './segments.js'

const ZEROS = new Uint8Array(CHUNK_BYTES)

/** What is not drawn: the patches, and the bytes of the source around them from `keptFrom` of it on. */
export async function writeSegments(
  file: PlannedFile,
  path: string,
  keptFrom: number,
  pace: (bytes: number) => Promise<void>,
): Promise<void> {
  const writer = new FileWriter(path)
  const sources = new FilePool((source) => new FileWindow(source))
  const copy = async (from: string, start: number, end: number, at: number) => {
    for (let done = start; done < end; done += CHUNK_BYTES) {
      const stop = Math.min(end, done + CHUNK_BYTES)
      writer.write(sources.get(from).read(done, stop), at + done - start)
      await pace(stop - done)
    }
  }
  try {
    for (const s of segments(file)) {
      if (s.kind === 'keep') {
        if (s.start >= keptFrom && file.source) await copy(file.source.path, s.start, s.end, s.at)
        continue
      }
      const { content, byteLength } = s.patch
      if (content.kind === 'bytes') writer.write(content.bytes, s.at)
      else if (content.kind === 'copy') await copy(content.source.path, content.start, content.start + byteLength, s.at)
      // a file that was copied first holds the source's bytes there
      else if (content.kind === 'zeros' && keptFrom > 0)
        for (let done = 0; done < byteLength; done += CHUNK_BYTES) writer.write(ZEROS.subarray(0, byteLength - done), s.at + done)
      if (content.kind !== 'copy') await pace(byteLength)
    }
  } finally {
    sources.close()
    writer.close()
  }
}
