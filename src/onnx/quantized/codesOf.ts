import { codeTypes } from '../../init/codeTypes.js'
import { type Limits, neededScale, scaleCount } from '../../init/quantize.js'
import type { Codes, Distribution, Model, PlannedDraw, Quantization, Tensor, Weight } from '../../types.js'
import { movableKept } from './keptClasses.js'
import { codeReader, packingOf, readZeros } from './steps.js'

/** The codes that a draw becomes, and whether its zero points have to move for it. */
export interface Chosen {
  readonly codes: Codes
  readonly recentred: boolean
}

/** Error of the deviation by rounding up to which a zero point is as good as any, and beyond which it is of no use. */
const GOOD = 0.01
const USABLE = 0.03
/** A zero point moves only where that makes steps half as wide. */
const MUCH_BETTER = 4

/**
 * The range of codes and the zero points as the model has them: a symmetric weight stays symmetric, one of seven bits (which some
 * processors need) of seven. A text says why they can't be used.
 */
export function storedCodes(model: Model, weight: Weight): Codes | string {
  const quantization = weight.quantization as Quantization
  const type = codeTypes[quantization.codeType]
  if (!type) return `${quantization.codeType} is no type for weights`
  const zeros = zerosOf(model, quantization)
  if (typeof zeros === 'string') return zeros
  const ends = extent(zeros)
  const zero = ends.least === ends.greatest ? ends.least : null
  if (type.values !== null)
    return zero === 0 ? { quantization, zero, least: type.least, greatest: type.greatest } : 'its floats have a zero point'
  const [least, greatest] = quantization.limits ?? [type.least, type.greatest]
  return { quantization, zero, ...narrowed(model, weight.tensor, quantization, { least, greatest }, ends) }
}

/** Those of new values: zero points so far off the middle that the deviation suffers go there, if they `may` move; a text says why not. */
export function codesFor(model: Model, { weight, distribution }: PlannedDraw, may: true | string, isFresh = false): Chosen | string {
  const codes = storedCodes(model, weight)
  if (typeof codes === 'string') return codes
  const { quantization, least, greatest } = codes
  const movable = movableKept(codes, may, (file) => model.open(file))
  const isKept = quantization.kept !== undefined
  const zeros = zerosOf(model, quantization)
  const ends = codes.zero === null && typeof zeros !== 'string' ? extent(zeros) : { least: codes.zero ?? 0, greatest: codes.zero ?? 0 }
  const perScale = weight.tensor.elementCount / Math.max(1, scaleCount(quantization))
  const error = (zero: number) => deviationError(distribution, perScale, zero, codes)
  const worst = Math.max(error(ends.least), error(ends.greatest))
  const middle = Math.ceil((least + greatest) / 2)
  const stays = worst <= GOOD || worst <= MUCH_BETTER * error(middle)
  // new classes have no old zero points to go by, beside kept ones
  if (stays && !((isFresh || isKept) && codes.zero === null && movable === true)) return { codes, recentred: false }
  if (movable === true) return { codes: { ...codes, zero: middle }, recentred: true }
  if (isKept && codes.zero === null) return `its classes have different zero points, and ${movable}`
  if (worst <= USABLE) return { codes, recentred: false }
  const shown = codes.zero ?? `${ends.least} to ${ends.greatest}`
  return `its zero point ${shown} is too near the end of ${least} to ${greatest}, and ${movable}`
}

/** What zero points are stored: one, or one a scale; a text says why they can't be used. */
function zerosOf(model: Model, quantization: Quantization): Float64Array | string {
  const open = (file: string) => model.open(file)
  const unreadable = quantization.zeroPoints.find((z) => z.elements.kind !== 'stored')
  if (unreadable) return `its zero point ${JSON.stringify(unreadable.name)} can't be read`
  const lists = quantization.zeroPoints.map((z) => readZeros(quantization, z, open))
  const [first = readZeros(quantization, undefined, open), ...others] = lists
  const all = extent(first)
  const isUniform = all.least === all.greatest
  if (others.some((l) => l.some((z, i) => z !== first[isUniform ? 0 : i]))) return 'its uses have different zero points'
  const count = scaleCount(quantization)
  return isUniform || first.length === count ? first : `it has ${first.length} zero points for ${count} blocks`
}

function extent(numbers: Float64Array): Limits {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const n of numbers) [least, greatest] = [Math.min(least, n), Math.max(greatest, n)]
  return { least, greatest }
}

/** Ranges that 8-bit weights are kept in. */
const SEVEN_BITS: Readonly<Record<string, Limits>> = { INT8: { least: -64, greatest: 64 }, UINT8: { least: 0, greatest: 127 } }

const CHUNK = 1 << 16

/** The part of a type's range that the old codes keep to: seven bits of eight, and symmetric weights leave out the least code. */
function narrowed(model: Model, tensor: Tensor, quantization: Quantization, limits: Limits, zeros: Limits): Limits {
  const seven = SEVEN_BITS[quantization.codeType]
  if (!seven || quantization.limits) return limits
  if (zeros.least >= seven.least && zeros.greatest <= seven.greatest && keepsTo(model, tensor, quantization, seven)) return seven
  return limits.least < 0 && zeros.least === 0 && zeros.greatest === 0 ? { least: -limits.greatest, greatest: limits.greatest } : limits
}

function keepsTo(model: Model, tensor: Tensor, quantization: Quantization, { least, greatest }: Limits): boolean {
  if (quantization.packing !== 'plain' || tensor.elements.kind !== 'stored') return false
  const read = codeReader(tensor, packingOf(tensor, quantization), (file) => model.open(file))
  for (let at = 0; at < tensor.elementCount; at += CHUNK)
    if (read(at, Math.min(tensor.elementCount, at + CHUNK)).some((code) => code < least || code > greatest)) return false
  return true
}

/** Error of the deviation that rounding adds, by what the values of one scale reach. */
function deviationError({ family, mean, std, min, max }: Distribution, count: number, zero: number, limits: Limits): number {
  const reach = std * Math.sqrt(2 * Math.log(2 * Math.max(2, count)))
  const isBounded = family !== 'structured' && min !== null && max !== null
  const scale = neededScale(Math.min(0, isBounded ? min : mean - reach), Math.max(0, isBounded ? max : mean + reach), zero, limits)
  if (!Number.isFinite(scale)) return Number.POSITIVE_INFINITY
  return std === 0 ? 0 : (scale / std) ** 2 / 24
}
