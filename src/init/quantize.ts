import type { DataType, Values } from '../types.js'
import { type CodeType, nearestCode } from './codeTypes.js'
import { largest, roundTo, smallest } from './roundTo.js'

/**
 * Which elements share a scale: blocks of a row-major array. The scales are a grid of ⌈dims[i] / blocks[i]⌉ along axis i, row-major too.
 */
export interface Grid {
  readonly dims: readonly number[]
  readonly blocks: readonly number[]
}

/** Scales of a grid. */
export const scaleCount = ({ dims, blocks }: Grid): number => dims.reduce((n, d, i) => n * Math.ceil(d / (blocks[i] as number)), 1)

/** The scale of each of the elements from `start` on. */
export function scaleIndices(grid: Grid, start: number, out: Uint32Array): void {
  const axes = merged(grid)
  const [inner, ...outer] = [...axes].reverse()
  if (inner === undefined || inner.dim === 0) return
  let column = start % inner.dim
  let row = Math.floor(start / inner.dim)
  for (let done = 0; done < out.length; ) {
    const first = rowStart(outer, inner.count, row)
    const end = Math.min(inner.dim, column + out.length - done)
    if (inner.block === 1) for (let c = column; c < end; c++) out[done++] = first + c
    else
      for (let c = column; c < end; ) {
        const index = first + Math.floor(c / inner.block)
        const stop = Math.min(end, (Math.floor(c / inner.block) + 1) * inner.block)
        out.fill(index, done, done + stop - c)
        done += stop - c
        c = stop
      }
    column = 0
    row++
  }
}

interface Axis {
  readonly dim: number
  readonly block: number
  /** Scales along it. */
  readonly count: number
}

/** The same grid with as few axes as it takes: one that has a single scale, or a scale an element like the one before, joins it. */
function merged({ dims, blocks }: Grid): Axis[] {
  const axes: Axis[] = []
  dims.forEach((dim, i) => {
    const block = Math.max(1, Math.min(dim, blocks[i] as number))
    const last = axes.at(-1)
    if (last && (block >= dim || (block === 1 && last.block === 1))) axes.pop()
    const next = !last
      ? { dim, block }
      : block >= dim
        ? { dim: last.dim * dim, block: last.block * dim }
        : block === 1 && last.block === 1
          ? { dim: last.dim * dim, block: 1 }
          : { dim, block }
    axes.push({ ...next, count: Math.ceil(next.dim / next.block) })
  })
  return axes.length > 0 ? axes : [{ dim: 1, block: 1, count: 1 }]
}

/** The first scale of row `row`, counted over the axes outside the innermost (`outer`, from the inside out). */
function rowStart(outer: readonly Axis[], inner: number, row: number): number {
  let [index, stride, rest] = [0, inner, row]
  for (const { dim, block, count } of outer) {
    index += Math.floor((rest % dim) / block) * stride
    stride *= count
    rest = Math.floor(rest / dim)
  }
  return index
}

/** What values need of their scales: the least and the greatest of each block, and 0. */
export interface Extremes {
  readonly least: Float64Array
  readonly greatest: Float64Array
}
export const extremesOf = (count: number): Extremes => ({ least: new Float64Array(count), greatest: new Float64Array(count) })

/** Takes in values; `indices` are their scales. */
export function widen({ least, greatest }: Extremes, values: Values, indices: Uint32Array): void {
  for (let i = 0; i < values.length; i++) {
    const [v, k] = [values[i] as number, indices[i] as number]
    if (v > (greatest[k] as number)) greatest[k] = v
    else if (v < (least[k] as number)) least[k] = v
  }
}

/** The codes that may be used. */
export interface Limits {
  readonly least: number
  readonly greatest: number
}

/** The least scale that holds the values from `least` to `greatest` about the zero point; 0 where all are 0. */
export function neededScale(least: number, greatest: number, zero: number, limits: Limits): number {
  const above = greatest > 0 ? greatest / (limits.greatest - zero) : 0
  const below = least < 0 ? -least / (zero - limits.least) : 0
  return Math.max(above, below)
}

/** Types that scales are stored in, with the bits of their fraction. */
const scaleTypes = { FLOAT: 23, DOUBLE: 52, FLOAT16: 10, BFLOAT16: 7 } as const

/** The least number of a scale's type that is not below `needed`; null for a type that scales can't have. FLOAT8E8M0 is powers of two. */
export function scaleAs(dataType: DataType, needed: number): number | null {
  if (dataType === 'FLOAT8E8M0') {
    const exponent = Math.ceil(Math.log2(needed))
    const least = 2 ** (exponent - 1) >= needed ? exponent - 1 : 2 ** exponent >= needed ? exponent : exponent + 1
    return 2 ** Math.max(-127, Math.min(127, least))
  }
  if (dataType !== 'FLOAT' && dataType !== 'DOUBLE' && dataType !== 'FLOAT16' && dataType !== 'BFLOAT16') return null
  const near = roundTo(dataType, Math.min(needed, largest[dataType]))
  if (near >= needed || near >= largest[dataType]) return near
  // a little over half a unit in the last place up: the next number
  return roundTo(dataType, Math.max(near * (1 + 1.01 * 2 ** -(scaleTypes[dataType] + 1)), near + smallest[dataType]))
}
export const isScaleType = (dataType: DataType): boolean => dataType === 'FLOAT8E8M0' || Object.hasOwn(scaleTypes, dataType)

/** Integers in steps of a scale about a zero point; both lists have one entry for all, or one a scale of the grid. */
export interface Steps {
  readonly type: CodeType
  readonly limits: Limits
  readonly scales: ArrayLike<number>
  readonly zeros: ArrayLike<number>
}

/** Adding and subtracting 1.5·2⁵² rounds to a whole number, ties to even, below 2⁵¹. */
const ROUNDER = 1.5 * 2 ** 52
const FARTHEST = 2 ** 50

/**
 * Values to codes: round(value / scale) + zero point, half to even, saturated. A float type takes the nearest of its values.
 * @returns how many were saturated: off by more than the rounding.
 */
export function quantize({ type, limits, scales, zeros }: Steps, values: Values, indices: Uint32Array, out: Int32Array): number {
  const [scaleStep, zeroStep] = [scales.length === 1 ? 0 : 1, zeros.length === 1 ? 0 : 1]
  const { least, greatest } = limits
  let saturated = 0
  for (let i = 0; i < values.length; i++) {
    const k = indices[i] as number
    const scaled = (values[i] as number) / (scales[k * scaleStep] as number)
    if (type.values !== null) {
      if (Math.abs(scaled) > greatest * FLOAT_EDGE) saturated++
      out[i] = nearestCode(type, scaled)
      continue
    }
    const zero = zeros[k * zeroStep] as number
    const near = Math.max(-FARTHEST, Math.min(FARTHEST, scaled))
    // a zero point between two integers (MatMulNBits has floats) is part of what is rounded
    const code = Number.isInteger(zero) ? near + ROUNDER - ROUNDER + zero : near + zero + ROUNDER - ROUNDER
    const held = code < least ? least : code > greatest ? greatest : code
    if (held !== code) saturated++
    out[i] = held
  }
  return saturated
}

/** A float type's last value stands for a sixteenth more at least. */
const FLOAT_EDGE = 1 + 1 / 32

/** Codes to values: scale·(code − zero point). */
export function dequantize({ type, scales, zeros }: Steps, codes: Int32Array, indices: Uint32Array, out: Float64Array): void {
  const [scaleStep, zeroStep] = [scales.length === 1 ? 0 : 1, zeros.length === 1 ? 0 : 1]
  const { values } = type
  for (let i = 0; i < codes.length; i++) {
    const k = indices[i] as number
    const code = codes[i] as number
    const value = values === null ? code : (values[code] as number)
    out[i] = (value - (zeros[k * zeroStep] as number)) * (scales[k * scaleStep] as number)
  }
}

/** Half the distance to the farther neighbour of a code's value: how far what is rounded to it may be. */
export function halfGap({ bits, values }: CodeType, code: number): number {
  if (values === null) return 0.5
  const magnitude = code & (2 ** (bits - 1) - 1)
  const at = (c: number) => values[c] ?? Number.NaN
  const below = at(magnitude) - at(Math.max(0, magnitude - 1))
  const above = at(magnitude + 1) - at(magnitude)
  return Math.max(below, Number.isNaN(above) ? below : above) / 2
}
