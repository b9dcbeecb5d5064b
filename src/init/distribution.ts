import type { Distribution, FillTarget, Moments } from '../types.js'
import { normalBelow } from './quantiles.js'
import type { Draw, RandomDraw } from './rules.js'

/** The distribution that a draw has; what does not spread is a constant. `old`: moments of the values that are there. */
export function distributionOf(draw: Draw, { elementCount }: FillTarget, old: () => Moments): Distribution {
  switch (draw.kind) {
    case 'constant':
      return constant(draw.value)
    case 'uniform':
      return draw.low === draw.high ? constant(draw.low) : uniform(draw.low, draw.high)
    case 'normal':
      return draw.std === 0 ? constant(draw.mean) : { family: 'normal', mean: draw.mean, std: draw.std, min: null, max: null }
    case 'truncated_normal':
      return draw.std === 0 ? constant(Math.min(draw.high, Math.max(draw.low, draw.mean))) : truncatedNormal(draw)
    case 'placed': {
      const share = draw.places.length / elementCount
      const low = share < 1 ? Math.min(0, draw.value) : draw.value
      return structured(share * draw.value, Math.abs(draw.value) * Math.sqrt(share * (1 - share)), low, Math.max(0, draw.value))
    }
    case 'orthogonal': {
      const { rows, columns, bases } = draw.matrices
      const share = (bases.length * rows * columns) / elementCount
      return structured(0, draw.gain * Math.sqrt(share / Math.max(rows, columns)), null, null)
    }
    case 'sparse':
      return structured(0, draw.std * Math.sqrt(1 - draw.zeros / draw.matrices.rows), null, null)
    case 'shuffle':
    case 'copy': {
      const { mean, std, min, max } = old()
      return structured(mean, std, min, max)
    }
  }
}

const structured = (mean: number, std: number, min: number | null, max: number | null): Distribution => ({
  family: 'structured',
  mean,
  std,
  min,
  max,
})

const constant = (value: number): Distribution => ({ family: 'constant', mean: value, std: 0, min: value, max: value })

const uniform = (low: number, high: number): Distribution => ({
  family: 'uniform',
  mean: (low + high) / 2,
  std: (high - low) / Math.sqrt(12),
  min: low,
  max: high,
})

/** Johnson, Kotz, Balakrishnan: Continuous univariate distributions 1, §10.1. */
function truncatedNormal({ mean, std, low, high }: Extract<RandomDraw, { kind: 'truncated_normal' }>): Distribution {
  const a = (low - mean) / std
  const b = (high - mean) / std
  const mass = normalBelow(b) - normalBelow(a)
  const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  const shift = (density(a) - density(b)) / mass
  const variance = 1 + (a * density(a) - b * density(b)) / mass - shift * shift
  return {
    family: 'truncated_normal',
    mean: mean + std * shift,
    std: std * Math.sqrt(variance),
    min: low,
    max: high,
    parent: { mean, std },
  }
}
