import type { FramedPatch } from '../../types.js'
import { alignedOffset, alignmentOf, roundUp } from './alignedOffset.js'

/** Bytes of a data file in use: [start, end) that stay, or new ones, which replace what started at `start`. */
export type InUse =
  | { readonly kind: 'kept'; readonly start: number; readonly end: number }
  | { readonly kind: 'moved'; readonly start: number; readonly bytes: Pick<FramedPatch, 'byteLength' | 'content'> }

/** A data file of which only what is in use is left. */
export interface Compacted {
  /** Of the old file: gaps that go, padding, and new bytes. */
  readonly patches: readonly FramedPatch[]
  /** Where each use starts in the new file, in the order given. */
  readonly offsets: readonly number[]
  /** Of the new file. */
  readonly byteLength: number
}

/**
 * Takes out of a data file of `byteLength` bytes what is not in use. The rest stays in its order, kept ranges that overlap as they are, each
 * as aligned (to 64 KiB) as all were that are no smaller. So kept bytes move only to the front, but for new ones there.
 */
export function compactFile(byteLength: number, uses: readonly InUse[]): Compacted {
  const moved = uses.flatMap((use, index) => (use.kind === 'moved' ? [{ ...use, index }] : []))
  const pieces = [...runsOf(uses), ...moved].sort((a, b) => a.start - b.start || Number('bytes' in a) - Number('bytes' in b))
  const units = unitsOf(pieces)
  const patches: FramedPatch[] = []
  const offsets = uses.map(() => 0)
  // of the old file, up to where it is dealt with; of the new one, up to where it is made
  let [done, at] = [0, 0]
  const pad = (end: number, zeros: number) => {
    if (end > done || zeros > 0) patches.push({ start: done, end, byteLength: zeros, content: { kind: 'zeros' }, frame: null })
  }
  for (const piece of pieces) {
    // behind others at the beginning, new bytes have no place of their own to go by
    const offset = 'bytes' in piece && piece.start === 0 ? alignedOffset(at, sizeOf(piece)) : roundUp(at, units.get(piece) ?? 1)
    if ('bytes' in piece) {
      pad(done, offset - at)
      patches.push({ ...piece.bytes, start: done, end: done, frame: null })
      offsets[piece.index] = offset
    } else {
      pad(piece.start, offset - at)
      for (const { index, start } of piece.uses) offsets[index] = offset + start - piece.start
      done = piece.end
    }
    at = offset + sizeOf(piece)
  }
  pad(byteLength, 0)
  return { patches, offsets, byteLength: at }
}

type Piece = Run | (Extract<InUse, { kind: 'moved' }> & { readonly index: number })

const sizeOf = (piece: Piece) => ('bytes' in piece ? piece.bytes.byteLength : piece.end - piece.start)

/** What each piece and all that are no smaller started at multiples of. */
function unitsOf(pieces: readonly Piece[]): Map<Piece, number> {
  const units = new Map<Piece, number>()
  let least = Number.POSITIVE_INFINITY
  for (const piece of [...pieces].sort((a, b) => sizeOf(b) - sizeOf(a))) {
    least = Math.min(least, alignmentOf(piece.start))
    units.set(piece, least)
  }
  return units
}

interface Run {
  readonly start: number
  end: number
  readonly uses: { readonly index: number; readonly start: number }[]
}

/** Kept ranges, those that overlap as one; empty ones are nowhere. */
function runsOf(uses: readonly InUse[]): Run[] {
  const kept = uses.flatMap((use, index) => (use.kind === 'kept' && use.end > use.start ? [{ ...use, index }] : []))
  const runs: Run[] = []
  for (const { start, end, index } of kept.sort((a, b) => a.start - b.start)) {
    const last = runs.at(-1)
    if (last && start < last.end) {
      last.uses.push({ index, start })
      last.end = Math.max(last.end, end)
    } else runs.push({ start, end, uses: [{ index, start }] })
  }
  return runs
}
