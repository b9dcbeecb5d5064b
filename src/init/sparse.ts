import type { Values } from '../types.js'
import type { Matrices } from './frameworkOrder.js'
import { type Stream, wordsFrom } from './philox.js'

/** Zeros in each column: torch's ⌈sparsity·rows⌉, the product in double. */
export const zerosPerColumn = (sparsity: number, rows: number) => Math.ceil(sparsity * rows)

/**
 * Zeroes `zeros` rows in each column of each matrix. Row r of column c of matrix m has word (m·columns + c)·rows + r of the stream; the rows of
 * the smallest words become zero, of equal words the earlier row's.
 */
export function sparsify(out: Values, { rows, columns, bases, rowOffsets, columnOffsets }: Matrices, zeros: number, source: Stream): void {
  const words = new Uint32Array(rows)
  const keys = new Float64Array(rows)
  for (const [m, base] of bases.entries())
    for (let c = 0; c < columns; c++) {
      wordsFrom(source, (m * columns + c) * rows, words)
      // word and row in one number, exact below 2²¹ rows
      for (let r = 0; r < rows; r++) keys[r] = (words[r] as number) * ROWS + r
      keys.sort()
      for (let k = 0; k < zeros; k++) out[base + (rowOffsets[(keys[k] as number) % ROWS] as number) + (columnOffsets[c] as number)] = 0
    }
}

/** Rows that a sort key has room for. */
export const ROWS = 2 ** 21
