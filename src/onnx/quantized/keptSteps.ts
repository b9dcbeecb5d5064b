import { erf } from '../../init/erf.js'
import type { Codes, Distribution, PlannedDraw } from '../../types.js'
import { sharesScales } from './keptClasses.js'
import { type Open, readScales, readZeros } from './steps.js'

/** Share of new values that may be beyond what the scales hold, and error of their deviation by rounding to coarse steps. */
const MOST_BEYOND = 0.005
const COARSE = 0.03

/** Why new classes can't be in steps of the scales that they have in common with kept ones, which stay; null: they can. */
export function unfitSteps({ distribution }: PlannedDraw, { quantization, zero, least, greatest }: Codes, open: Open): string | null {
  if (!sharesScales(quantization) || distribution.std === 0) return null
  const scales = readScales(quantization, open).map(Math.abs)
  const zeros = zero === null ? readZeros(quantization, quantization.zeroPoints[0], open) : Float64Array.of(zero)
  const [narrowest, widest] = [scales.reduce((a, b) => Math.min(a, b)), scales.reduce((a, b) => Math.max(a, b))]
  const room = [zeros.reduce((a, z) => Math.min(a, z - least), greatest), zeros.reduce((a, z) => Math.min(a, greatest - z), greatest)]
  const [below, above] = room.map((codes) => codes * narrowest) as [number, number]
  const beyond = shareBeyond(distribution, -below, above)
  const advice = 'give another gain or initializer, or leave --keep-classes out'
  if (beyond > MOST_BEYOND)
    return `kept and new classes have a scale in common, which holds ${shown(-below)} to ${shown(above)}, and ${shown(100 * beyond)} % of the new values would be beyond: ${advice}`
  if ((widest / distribution.std) ** 2 / 24 > COARSE)
    return `kept and new classes have a scale in common, whose steps of ${shown(widest)} are too coarse for a deviation of ${shown(distribution.std)}: ${advice}`
  return null
}

/** Share of values below `least` or above `greatest`: of a uniform family, else as of a normal one within its bounds. */
function shareBeyond({ family, mean, std, min, max }: Distribution, least: number, greatest: number): number {
  const [low, high] = [min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY]
  if (low >= least && high <= greatest) return 0
  if (family === 'uniform') return (Math.max(0, least - low) + Math.max(0, high - greatest)) / (high - low)
  const tail = (distance: number) => (1 - erf(distance / std / Math.SQRT2)) / 2
  return tail(mean - least) + tail(greatest - mean)
}

const shown = (value: number) => Number(value.toPrecision(3))
