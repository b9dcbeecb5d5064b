import { type Stream, words } from '../init/philox.js'
import { roundTo, smallest } from '../init/roundTo.js'
import type { FloatType, InitializerSpec, Moments } from '../types.js'

/** How far mean (in deviations) and deviation (relative) are moved at most, and which share of the range is cut off at each end. */
const MOVED = 0.1
const CUT = [0.02, 0.1] as const
/** A deviation of fewer of the type's least steps can't be drawn. */
const LEAST_STEPS = 8

/**
 * A fresh draw with about the tensor's own mean and deviation, inside its own range: N(mean, std²) cut at low and high. All four are moved at
 * random and rounded to two digits of the deviation, so that neither moments nor extremes are those that were there; one value for all
 * where there was one.
 */
export function ownRange({ mean, std, min, max }: Moments, dataType: FloatType, stream: Stream): InitializerSpec {
  const [a, b, c, d] = uniforms(stream)
  if (!(std > smallest[dataType] * LEAST_STEPS) || roundTo(dataType, min) === roundTo(dataType, max)) return constant(digits(mean, 2))
  const range = max - min
  const step = 10 ** (Math.floor(Math.log10(std)) - 1)
  const cut = (u: number) => range * (CUT[0] + (CUT[1] - CUT[0]) * u)
  const [low, high] = [Math.ceil((min + cut(a)) / step) * step, Math.floor((max - cut(b)) / step) * step]
  if (!(low < high)) return constant(digits(mean, 2))
  const moved = nearest(mean + MOVED * std * (2 * c - 1), step)
  return {
    name: 'trunc_normal',
    parameters: {
      mean: plain(Math.min(high, Math.max(low, moved))),
      std: digits(std * (1 + MOVED * (2 * d - 1)), 2),
      a: plain(low),
      b: plain(high),
    },
  }
}

const constant = (value: number): InitializerSpec =>
  value === 0 ? { name: 'zeros', parameters: {} } : { name: 'constant', parameters: { value } }

const nearest = (value: number, step: number) => Math.round(value / step) * step
/** Without the tail of digits that multiplication by a step leaves. */
const plain = (value: number) => Number(value.toPrecision(12))
export const digits = (value: number, count: number): number => Number(value.toPrecision(count))

/** Four numbers in [0, 1) of a stream of their own. */
export function uniforms(stream: Stream): [number, number, number, number] {
  const out = new Uint32Array(4)
  words(stream, 0, out)
  return [...out].map((word) => word / 2 ** 32) as [number, number, number, number]
}
