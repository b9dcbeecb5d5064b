import type { Moments, Values } from '../types.js'
import { type Bins, measureCompiled, type Part } from './kernel/compiledMeasure.js'
import { type Kernel, kernel } from './kernel/kernel.js'

export interface Measure {
  add(this: void, values: Values): void
  finish(this: void): Moments
}

/** Values that are measured at a time: what comes in larger chunks has the same last digits. */
const CHUNK = 1 << 16
/** From this many values on the compiled kernel is worth its call. */
const FEWEST = 8192

/**
 * Mean, population deviation, smallest and largest of values that come in chunks, in constant memory: two passes over a chunk, chunks merged
 * by their means (Chan, Golub, LeVeque 1979). NaN makes mean and deviation NaN and is no smallest or largest; of nothing all four are NaN.
 * Counts into `bins` on the way. The last digits depend on the chunks.
 */
export function measure(bins: Bins | null = null, compiled: Kernel | null = kernel()): Measure {
  let n = 0
  let mean = 0
  let squares = 0
  let min = Infinity
  let max = -Infinity
  const merge = (count: number, [own, around, low, high]: Part) => {
    const distance = own - mean
    squares += around + ((distance * n) / (n + count)) * distance * count
    n += count
    mean += (distance * count) / n
    if (low < min) min = low
    if (high > max) max = high
  }
  return {
    add: (values) => {
      for (let start = 0; start < values.length; start += CHUNK) {
        const chunk = values.length <= CHUNK ? values : values.subarray(start, start + CHUNK)
        if (compiled !== null && chunk instanceof Float32Array && chunk.length >= FEWEST)
          merge(chunk.length, measureCompiled(compiled, chunk, bins))
        else {
          merge(chunk.length, part(chunk))
          if (bins !== null) countInto(bins, chunk)
        }
      }
    },
    finish: () => (min > max ? { mean: NaN, std: NaN, min: NaN, max: NaN } : { mean, std: Math.sqrt(squares / n), min, max }),
  }
}

function part(values: Values): Part {
  let sum = 0
  let min = Infinity
  let max = -Infinity
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number
    sum += v
    if (v < min) min = v
    if (v > max) max = v
  }
  const mean = sum / values.length
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    const distance = (values[i] as number) - mean
    squares += distance * distance
  }
  return [mean, squares, min, max]
}

function countInto({ first, perUnit, counts }: Bins, values: Values): void {
  const last = counts.length - 1
  for (let i = 0; i < values.length; i++) {
    const at = ((values[i] as number) - first) * perUnit + 1
    const bin = at > 0 ? (at < last ? at | 0 : last) : 0
    counts[bin] = (counts[bin] as number) + 1
  }
}
