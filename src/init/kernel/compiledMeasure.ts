import { type Kernel, RESERVED } from './kernel.js'

/** Bins of equal width: counts[k] holds the values in [edge k−1, edge k), edge k = first + k ÷ perUnit; the first bin has what is below, NaN too. */
export interface Bins {
  readonly first: number
  readonly perUnit: number
  readonly counts: Uint32Array
}

/** A chunk's mean, Σ(v − mean)², smallest and largest. */
export type Part = readonly [mean: number, squares: number, min: number, max: number]

/** Values of a call: many more than bins, whose counts are added up after each. */
const CHUNK = 1 << 16
const PAGE = 1 << 16

/** measure.ts by the kernel: each chunk's part goes to `merge`, its counts into `bins`. */
export function measureCompiled(kernel: Kernel, values: Float32Array, bins: Bins | null, merge: (count: number, part: Part) => void): void {
  const results = RESERVED + 4 * CHUNK
  const counters = results + 32
  const missing = Math.ceil((counters + 4 * (bins?.counts.length ?? 0) - kernel.memory.buffer.byteLength) / PAGE)
  if (missing > 0) kernel.memory.grow(missing)
  const scratch = new Float32Array(kernel.memory.buffer, RESERVED, CHUNK)
  const part = new Float64Array(kernel.memory.buffer, results, 4)
  for (let start = 0; start < values.length; start += CHUNK) {
    const chunk = values.subarray(start, start + CHUNK)
    scratch.set(chunk)
    kernel.moments(RESERVED, chunk.length, results)
    merge(chunk.length, [...part] as unknown as Part)
    if (bins !== null) {
      const counts = new Uint32Array(kernel.memory.buffer, counters, bins.counts.length).fill(0)
      kernel.bins(RESERVED, chunk.length, bins.first, bins.perUnit, counts.length - 1, counters)
      for (let k = 0; k < counts.length; k++) bins.counts[k] = (bins.counts[k] as number) + (counts[k] as number)
    }
  }
}
