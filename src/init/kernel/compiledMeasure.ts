import { type Kernel, RESERVED } from './kernel.js'

/** Bins of equal width: counts[k] holds the values in [edge k−1, edge k), edge k = first + k ÷ perUnit; the first bin has what is below, NaN too. */
export interface Bins {
  readonly first: number
  readonly perUnit: number
  readonly counts: Uint32Array
}

/** A chunk's mean, Σ(v − mean)², smallest and largest. */
export type Part = readonly [mean: number, squares: number, min: number, max: number]

/** The part of measure.ts' values by the kernel, which counts them into `bins` too. Values, results and counts fit into its first memory. */
export function measureCompiled(kernel: Kernel, values: Float32Array, bins: Bins | null): Part {
  const { buffer } = kernel.memory
  const at = RESERVED + values.byteLength
  const results = at + (-at & 7)
  const counts = results + 32
  new Float32Array(buffer, RESERVED, values.length).set(values)
  if (bins === null) kernel.measure(RESERVED, values.length, results, 0, 0, 0, 0)
  else {
    const counted = new Uint32Array(buffer, counts, bins.counts.length)
    counted.set(bins.counts)
    kernel.measure(RESERVED, values.length, results, counts, bins.first, bins.perUnit, counted.length - 1)
    bins.counts.set(counted)
  }
  const [mean = NaN, squares = NaN, min = NaN, max = NaN] = new Float64Array(buffer, results, 4)
  return [mean, squares, min, max]
}
