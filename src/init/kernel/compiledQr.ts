import { type QrMemory, sizesOf, strideOf } from '../qr.js'
import { type Kernel, RESERVED } from './kernel.js'

/** Of WebAssembly's 4 GiB, what a factorization may take. */
const MOST_BYTES = 2 ** 32 - 2 ** 20
const PAGE = 1 << 16

/** QrMemory inside the kernel's, multiplied by it; null where it doesn't fit. */
export function compiledQrMemory(kernel: Kernel, rows: number, columns: number): QrMemory | null {
  const sizes = sizesOf(rows, columns)
  const end = sizes.reduce((sum, size) => sum + 8 * size, RESERVED)
  if (end > MOST_BYTES) return null
  const missing = Math.ceil((end - kernel.memory.buffer.byteLength) / PAGE)
  if (missing > 0) kernel.memory.grow(missing)
  let at = RESERVED
  const [a, v, t, w] = sizes.map((size) => {
    const array = new Float64Array(kernel.memory.buffer, at, size)
    at += 8 * size
    return array
  }) as [Float64Array, Float64Array, Float64Array, Float64Array]
  return {
    a,
    v,
    t,
    w,
    stride: strideOf(columns),
    multiply: (m, n, k, x, y, z) =>
      kernel.multiply(
        m,
        n,
        k,
        x.data.byteOffset + 8 * x.start,
        8 * x.rowStride,
        8 * x.columnStride,
        y.data.byteOffset + 8 * y.start,
        8 * y.rowStride,
        z.data.byteOffset + 8 * z.start,
        8 * z.rowStride,
      ),
  }
}
