import type { Patch, PlannedFile } from '../types.js'

/** A planned file from its first byte to its last: [start, end) of the source that goes to `at`, or a patch that goes there. */
export type Segment =
  | { readonly kind: 'keep'; readonly start: number; readonly end: number; readonly at: number }
  | { readonly kind: 'patch'; readonly patch: Patch; readonly at: number }

export function* segments(file: PlannedFile): Generator<Segment> {
  let [start, at] = [0, 0]
  for (const patch of file.patches) {
    if (patch.start > start) yield { kind: 'keep', start, end: patch.start, at }
    at += patch.start - start
    yield { kind: 'patch', patch, at }
    at += patch.byteLength
    start = patch.end
  }
  const end = file.source?.byteLength ?? 0
  if (end > start) yield { kind: 'keep', start, end, at }
}
