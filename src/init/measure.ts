import type { Moments, Values } from '../types.js'

export interface Measure {
  add(this: void, values: Values): void
  finish(this: void): Moments
}

/**
 * Mean, population deviation, smallest and largest of values that come in chunks, in constant memory: two passes over a chunk, chunks merged
 * by their means (Chan, Golub, LeVeque 1979). NaN makes mean and deviation NaN and is no smallest or largest; of nothing all four are NaN.
 */
export function measure(): Measure {
  let n = 0
  let mean = 0
  let squares = 0
  let min = Infinity
  let max = -Infinity
  return {
    add: (values: Values): void => {
      const count = values.length
      if (count === 0) return
      let sum = 0
      for (let i = 0; i < count; i++) {
        const v = values[i] as number
        sum += v
        if (v < min) min = v
        if (v > max) max = v
      }
      const own = sum / count
      let around = 0
      for (let i = 0; i < count; i++) {
        const distance = (values[i] as number) - own
        around += distance * distance
      }
      const distance = own - mean
      squares += around + ((distance * n) / (n + count)) * distance * count
      n += count
      mean += (distance * count) / n
    },
    finish: (): Moments => (min > max ? { mean: NaN, std: NaN, min: NaN, max: NaN } : { mean, std: Math.sqrt(squares / n), min, max }),
  }
}
