import type { FloatType } from '../types.js'

/** A value as the data type holds it (nearest, ties to even), back as a number. */
export function roundTo(dataType: FloatType, value: number): number {
  if (dataType === 'DOUBLE') return value
  if (dataType === 'FLOAT') return Math.fround(value)
  return toGrid(dataType === 'FLOAT16' ? HALF : BRAIN, value)
}

/** The largest finite value of each type. */
export const largest: Readonly<Record<FloatType, number>> = {
  FLOAT: (2 - 2 ** -23) * 2 ** 127,
  DOUBLE: Number.MAX_VALUE,
  FLOAT16: 65504,
  BFLOAT16: (2 - 2 ** -7) * 2 ** 127,
}

/** The least positive value of each type; DOUBLE tensors are drawn in float32. */
export const smallest: Readonly<Record<FloatType, number>> = { FLOAT: 2 ** -149, DOUBLE: 2 ** -149, FLOAT16: 2 ** -24, BFLOAT16: 2 ** -133 }

interface Format {
  readonly fractionBits: number
  readonly minimumExponent: number
  readonly overflow: number
}
/** `overflow`: from here on a value rounds to infinity. */
const HALF: Format = { fractionBits: 10, minimumExponent: -14, overflow: 65520 }
const BRAIN: Format = { fractionBits: 7, minimumExponent: -126, overflow: (2 - 2 ** -8) * 2 ** 127 }

function toGrid({ fractionBits, minimumExponent, overflow }: Format, value: number): number {
  const magnitude = Math.abs(value)
  if (!(magnitude < overflow)) return Number.isNaN(value) ? value : Math.sign(value) * Infinity
  const exponent = magnitude === 0 ? minimumExponent : Math.max(minimumExponent, exponentOf(magnitude))
  const step = 2 ** (exponent - fractionBits)
  // adding and subtracting 2⁵² rounds to a whole number, ties to even; zero keeps the value's sign
  const rounded = (magnitude / step + ROUNDER - ROUNDER) * step
  return value < 0 || Object.is(value, -0) ? -rounded : rounded
}
const ROUNDER = 2 ** 52

const view = new DataView(new ArrayBuffer(8))
function exponentOf(magnitude: number): number {
  view.setFloat64(0, magnitude)
  return ((view.getUint16(0) >>> 4) & 0x7ff) - 1023
}
