import type { Filler, Values } from '../types.js'
import type { Matrices } from './frameworkOrder.js'
import { orthonormalize, qrMemory } from './qr.js'

/** The next standard normals of a stream. */
export type Normals = (out: Float64Array) => void

/**
 * Saxe, McClelland, Ganguli 2014: a matrix of N(0,1), rows × columns row by row (its transpose where rows < columns), becomes the Q of its QR
 * factorization with R's diagonal positive, times gain. Elements that belong to no matrix are zero.
 */
export function orthogonal(matrices: Matrices, gain: number, normals: () => Normals): Filler {
  return { access: 'whole', fill: (out) => fill(out, matrices, gain, normals()) }
}

function fill(out: Values, { rows, columns, bases, rowOffsets, columnOffsets }: Matrices, gain: number, next: Normals): void {
  const wide = rows < columns
  const [height, width] = wide ? [columns, rows] : [rows, columns]
  const memory = qrMemory(height, width)
  const { a } = memory
  const row = new Float64Array(columns)
  out.fill(0)
  for (const base of bases) {
    for (let r = 0; r < rows; r++) {
      next(row)
      if (wide) for (let c = 0; c < columns; c++) a[c * width + r] = row[c] as number
      else a.set(row, r * width)
    }
    orthonormalize(memory, height, width)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        out[base + (rowOffsets[r] as number) + (columnOffsets[c] as number)] = gain * (a[wide ? c * width + r : r * width + c] as number)
  }
}
