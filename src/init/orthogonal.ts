import type { Filler, Values } from '../types.js'
import type { Matrices } from './frameworkOrder.js'
import { compiledQrMemory } from './kernel/compiledQr.js'
import { newKernel } from './kernel/kernel.js'
import { orthonormalize, plainQrMemory, type QrMemory } from './qr.js'

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
  const { a, stride } = memory
  const row = new Float64Array(columns)
  out.fill(0)
  for (const base of bases) {
    for (let r = 0; r < rows; r++) {
      next(row)
      if (wide) for (let c = 0; c < columns; c++) a[c * stride + r] = row[c] as number
      else a.set(row, r * stride)
    }
    orthonormalize(memory, height, width)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        out[base + (rowOffsets[r] as number) + (columnOffsets[c] as number)] = gain * (a[wide ? c * stride + r : r * stride + c] as number)
  }
}

function qrMemory(rows: number, columns: number): QrMemory {
  const kernel = newKernel()
  return (kernel && compiledQrMemory(kernel, rows, columns)) ?? plainQrMemory(rows, columns)
}
