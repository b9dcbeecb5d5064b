import { type Kernel, RESERVED } from './kernel.js'

/** Bins of equal width: counts[k] holds the values in [edge k−1, edge k), edge k = first + k ÷ perUnit; the first bin has what is below, NaN too. */
export interface Bins {
  readonly first: number
  readonly perUnit: number
  readonly counts: Uint32Array
}

/** A chunk's mean, Σ(v − mean)², smallest and largest. */
export type Part = readonly [mean: number, squares: number, min: number, max: number]

/** Values of a call. */
const CHUNK = 1 << 16
/** Behind the values: four float64, then the counts. */
const RESULTS = RESERVED + 4 * CHUNK
const COUNTS = RESULTS + 32

/** measure.ts by the kernel: each chunk's part goes to `merge`, its counts into `bins`. */
export function measureCompiled(kernel: Kernel, values: Float32Array, bins: Bins | null, merge: (count: number, part: Part) => void): void {
  const size = bins?.counts.length ?? 0
  const { buffer } = kernel.memory
  const scratch = new Float32Array(buffer, RESERVED, CHUNK)
  const results = new Float64Array(buffer, RESULTS, 4)
  const counts = new Uint32Array(buffer, COUNTS, size)
  if (bins) counts.set(bins.counts)
  for (let start = 0; start < values.length; start += CHUNK) {
    const chunk = values.length <= CHUNK ? values : values.subarray(start, start + CHUNK)
    scratch.set(chunk)
    kernel.measure(RESERVED, chunk.length, RESULTS, bins ? COUNTS : 0, bins?.first ?? 0, bins?.perUnit ?? 0, size - 1)
    merge(chunk.length, [results[0] as number, results[1] as number, results[2] as number, results[3] as number])
  }
  bins?.counts.set(counts)
}
