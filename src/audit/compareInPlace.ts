import { type Correlation, isUnlikely, PairSums } from './correlate.js'
import type { Facts } from './facts.js'
import { type Open, pieces } from './heldNumbers.js'

/** What a tensor and the one in its place have in common. */
export interface InPlace {
  /** Elements that are the same number. */
  readonly equal: number
  readonly whole: Correlation
  /** The rows that go together more than chance allows: the first element of the first, how many, the first one's correlation. */
  readonly rows: { readonly start: number; readonly count: number; readonly length: number; readonly r: number } | null
}

/** Fewer elements say little for a row of their own; longer rows are looked at in parts, so that a part that was left shows. */
const FEWEST = 64
const LONGEST = 1 << 14

/** Elements that are looked at together: the last axes, as many as make FEWEST. */
export function rowLength({ dims, elementCount }: { readonly dims: readonly number[]; readonly elementCount: number }): number {
  let length = 1
  for (let i = dims.length - 1; i >= 0 && length < FEWEST; i--) length *= dims[i] as number
  return Math.min(LONGEST, Math.max(1, length < FEWEST ? elementCount : length))
}

/** Both of one size. One pass over both; `p`: the chance that one comparison may have. */
export function compareInPlace(before: Facts, after: Facts, opens: readonly [Open, Open], p: number): InPlace {
  const means = [before.moments.mean, after.moments.mean].map((m) => (Number.isFinite(m) ? m : 0)) as [number, number]
  const all = new PairSums(...means)
  let row = new PairSums(...means)
  const length = rowLength(before.tensor)
  let equal = 0
  let rows = null as InPlace['rows']
  const other = pieces(after.tensor, opens[1])
  for (const { start, values: xs } of pieces(before.tensor, opens[0])) {
    const ys = (other.next().value as { values: typeof xs }).values
    for (let i = 0; i < xs.length; i++) if (xs[i] === ys[i]) equal++
    for (let from = 0; from < xs.length; ) {
      const rowStart = Math.floor((start + from) / length) * length
      const to = Math.min(xs.length, rowStart + length - start)
      row.add(xs, ys, from, to)
      from = to
      if (start + to < Math.min(before.tensor.elementCount, rowStart + length)) continue
      const own = row.correlation()
      if (isUnlikely(own, p))
        rows = rows ? { ...rows, count: rows.count + 1 } : { start: rowStart, count: 1, length: start + to - rowStart, r: own.r }
      all.merge(row)
      row = new PairSums(...means)
    }
  }
  return { equal, whole: all.correlation(), rows }
}
