import { CHUNK_BYTES } from '../bytes/fileWindow.js'
import type { ByteSource, Tensor } from '../types.js'

/**
 * Compares tensors that keep their values though a data file was put together anew: the bytes that they were, and those that the result says
 * they are. `pairs`: a tensor of the input and the result's. The first difference in words, or null.
 */
export async function compareMoved(
  pairs: Iterable<readonly [Tensor, Tensor | undefined]>,
  before: (file: string) => ByteSource,
  after: (file: string) => ByteSource,
  pace: (bytes: number) => Promise<void>,
): Promise<string | null> {
  for (const [{ name, external: old }, now] of pairs) {
    const { external: own } = now ?? {}
    if (!old || !own || old.offset === own.offset) continue
    if (own.byteLength !== old.byteLength) return `tensor ${JSON.stringify(name)} has ${own.byteLength} bytes instead of ${old.byteLength}`
    for (let done = 0; done < old.byteLength; done += CHUNK_BYTES) {
      const size = Math.min(CHUNK_BYTES, old.byteLength - done)
      const is = after(own.location).read(own.offset + done, own.offset + done + size)
      const should = before(old.location).read(old.offset + done, old.offset + done + size)
      if (Buffer.compare(is, should) !== 0)
        return `tensor ${JSON.stringify(name)}, which keeps its values, has others at byte ${own.offset + done} of ${own.location}`
      await pace(size)
    }
  }
  return null
}
