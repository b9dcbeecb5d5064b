import { ReinitError } from '../errors.js'
import type { Frame, FramedPatch, Patch } from '../types.js'
import { encodeVarint, varintLength } from './encodeVarint.js'

/** Protobuf's own limit: the length of a message is a 32-bit signed number. */
export const MAX_MESSAGE_BYTES = 2 ** 31 - 1

interface Growth {
  readonly frame: Frame
  bytes: number
}

/**
 * Sorts the patches of a file of nested messages, and adds one for the length of every message that grows or shrinks. A length that takes
 * another byte makes the message around it grow too; one that was padded keeps its width where the new length fits. Insertions at one place
 * stay in the order given, those into an inner message first.
 * @throws ReinitError `conflict` where patches overlap, `invalid` where a message would be beyond `limit`, 2 GiB unless given.
 */
export function splice(patches: readonly FramedPatch[], limit = MAX_MESSAGE_BYTES): Patch[] {
  const all = [...patches, ...lengthPatches(patches, limit)].sort(
    (a, b) => a.start - b.start || Number(a.start !== a.end) - Number(b.start !== b.end) || (b.frame?.start ?? 0) - (a.frame?.start ?? 0),
  )
  let done = 0
  return all.map((patch) => {
    const { start, end, byteLength, content, frame } = patch
    if (start < done)
      throw new ReinitError('conflict', `Two changes overlap at byte ${start}, the first ends at ${done}: make one at a time.`)
    done = end
    return frame === null ? patch : { start, end, byteLength, content }
  })
}

function lengthPatches(patches: readonly FramedPatch[], limit: number): FramedPatch[] {
  const growths = new Map<number, Growth>()
  for (const { start, end, byteLength, frame } of patches) {
    const bytes = byteLength - (end - start)
    if (bytes !== 0) grow(growths, frame, bytes)
  }
  const lengths: FramedPatch[] = []
  // a message starts behind the start of the one around it, so the last to start is innermost: its growth is known
  for (const { frame, bytes } of [...growths.values()].sort((a, b) => b.frame.start - a.frame.start)) {
    if (bytes === 0) continue
    const length = frame.end - frame.start + bytes
    if (length > limit)
      throw new ReinitError(
        'invalid',
        `A message at byte ${frame.lengthStart} would have ${length} bytes: protobuf ends at ${MAX_MESSAGE_BYTES}.`,
      )
    const content = encodeVarint(length, widthOf(frame, length))
    const width = frame.start - frame.lengthStart
    grow(growths, frame.parent, bytes + content.length - width)
    lengths.push({
      start: frame.lengthStart,
      end: frame.start,
      byteLength: content.length,
      content: { kind: 'bytes', bytes: content },
      frame: frame.parent,
    })
  }
  return lengths
}

/** Counts bytes to a message, and has every message around it in the map before any is judged. */
function grow(growths: Map<number, Growth>, frame: Frame | null, bytes: number): void {
  for (let f = frame, more = bytes; f !== null && f.start > f.lengthStart; f = f.parent, more = 0) {
    const known = growths.get(f.lengthStart)
    if (known) {
      known.bytes += more
      return
    }
    growths.set(f.lengthStart, { frame: f, bytes: more })
  }
}

/** Bytes of a message's new length: as padded as the old one, where that was padded and the new one fits. */
function widthOf(frame: Frame, length: number): number {
  const width = frame.start - frame.lengthStart
  const wasPadded = width > varintLength(frame.end - frame.start)
  return wasPadded ? Math.max(width, varintLength(length)) : varintLength(length)
}
