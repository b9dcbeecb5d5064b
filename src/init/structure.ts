import type { Check, Distribution, FloatType, Values } from '../types.js'
import { check } from './check.js'
import type { Matrices } from './frameworkOrder.js'
import { roundTo } from './roundTo.js'

/** Matrices of unequal widths in one tensor, as stretches of its lines: a line is all of the out axis with what is behind it. */
export interface SideBySide {
  readonly line: number
  readonly stretches: readonly { readonly start: number; readonly length: number }[]
}

/** What is true of values that no distribution describes. */
export type Structure =
  /** W·Wᵀ = gain²·I (or WᵀW where rows > columns) of each matrix, and zero outside. */
  | { readonly kind: 'orthogonal'; readonly matrices: Matrices; readonly gain: number }
  /** At least `zeros` in each column of each matrix, and N(0, std²) what is not zero. */
  | { readonly kind: 'sparse'; readonly matrices: Matrices; readonly zeros: number; readonly std: number }
  /** Elements [start, end) are zero, the distribution is that of the others. */
  | { readonly kind: 'cleared'; readonly start: number; readonly end: number }
  /** The values of `fill`, as the type holds them. */
  | { readonly kind: 'equal'; readonly fill: (out: Values, start: number) => void }
  /** The same values in any order: `fingerprint` of them. */
  | { readonly kind: 'permutation'; readonly fingerprint: number }
  /** Matrices of unequal widths, each with a distribution of its own. */
  | { readonly kind: 'matrices'; readonly places: SideBySide; readonly of: readonly OfAMatrix[] }
interface OfAMatrix {
  readonly distribution: Distribution
  readonly structure: Structure | null
}

export interface StructureCheck {
  add(this: void, values: Values): void
  finish(this: void): readonly Check[]
}

/** The checks of a structure, as values arrive in order. */
export function checkStructure(
  structure: Exclude<Structure, { kind: 'cleared' | 'sparse' | 'matrices' }>,
  dataType: FloatType,
  elementCount: number,
): StructureCheck {
  switch (structure.kind) {
    case 'equal':
      return checkEqual(structure.fill, dataType)
    case 'permutation':
      return checkPermutation(structure.fingerprint)
    case 'orthogonal': {
      const values = dataType === 'DOUBLE' ? new Float64Array(elementCount) : new Float32Array(elementCount)
      let count = 0
      return {
        add: (part) => {
          values.set(part, count)
          count += part.length
        },
        finish: () => checkOrthogonal(values, structure.matrices, structure.gain, dataType),
      }
    }
  }
}

function checkEqual(fill: (out: Values, start: number) => void, dataType: FloatType): StructureCheck {
  let start = 0
  let different = 0
  return {
    add: (values) => {
      const expected = new Float64Array(values.length)
      fill(expected, start)
      start += values.length
      for (let i = 0; i < values.length; i++) if (!Object.is(values[i], roundTo(dataType, expected[i] as number))) different++
    },
    finish: () => [check('equal', different, 0)],
  }
}

function checkPermutation(expected: number): StructureCheck {
  const sum = fingerprint()
  return {
    add: sum.add,
    finish: () => [check('permutation', sum.finish() === expected ? 0 : 1, 0)],
  }
}

/** A sum over values' hashes: the same for the same values in any order. */
export function fingerprint(): { add(this: void, values: Values): void; finish(this: void): number } {
  const double = new Float64Array(1)
  const halves = new Uint32Array(double.buffer)
  let sum = 0
  return {
    add: (values) => {
      for (let i = 0; i < values.length; i++) {
        double[0] = values[i] as number
        // MurmurHash3's finalizer over both halves
        let h = Math.imul((halves[0] as number) ^ Math.imul(halves[1] as number, 0x9e3779b1), 0x85ebca6b)
        h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
        sum = (sum + ((h ^ (h >>> 16)) >>> 0)) % 2 ** 52
      }
    },
    finish: () => sum,
  }
}

/** Largest departure from I that rounding to the type explains. */
const ORTHOGONAL_LIMIT: Readonly<Record<FloatType, number>> = { FLOAT: 1e-5, DOUBLE: 1e-5, FLOAT16: 2 ** -10, BFLOAT16: 2 ** -7 }
/** From this many elements on, rows are sampled. */
const SAMPLED_FROM = 1024 ** 2
const SAMPLED_ROWS = 64

function checkOrthogonal(
  values: Values,
  { rows, columns, bases, rowOffsets, columnOffsets }: Matrices,
  gain: number,
  dataType: FloatType,
): Check[] {
  const wide = rows <= columns
  const [across, along] = wide ? [rowOffsets, columnOffsets] : [columnOffsets, rowOffsets]
  const step = rows * columns < SAMPLED_FROM ? 1 : Math.ceil(across.length / SAMPLED_ROWS)
  const vectors = new Float64Array(Math.ceil(across.length / step) * along.length)
  let worst = 0
  let inside = 0
  for (const base of bases) {
    for (let i = 0, at = 0; i < across.length; i += step)
      for (let k = 0; k < along.length; k++) vectors[at++] = (values[base + (across[i] as number) + (along[k] as number)] as number) / gain
    worst = Math.max(worst, departure(vectors, along.length))
    for (const a of across) for (const b of along) if (values[base + a + b] !== 0) inside++
  }
  const checks: Check[] = [check('orthogonal', worst, ORTHOGONAL_LIMIT[dataType])]
  if (bases.length * rows * columns < values.length) {
    let nonzero = 0
    for (const v of values) if (v !== 0) nonzero++
    const outside = nonzero - inside
    checks.push(check('zeros', outside, 0))
  }
  return checks
}

/** max |V·Vᵀ − I| over vectors of one length; NaN counts as infinite. */
function departure(vectors: Float64Array, length: number): number {
  let worst = 0
  for (let i = 0; i < vectors.length; i += length)
    for (let j = 0; j <= i; j += length) {
      let dot = 0
      for (let k = 0; k < length; k++) dot += (vectors[i + k] as number) * (vectors[j + k] as number)
      const distance = Math.abs(dot - (i === j ? 1 : 0))
      if (!(distance <= worst)) worst = Number.isNaN(distance) ? Infinity : distance
    }
  return worst
}

/**
 * Zeros by column of a sparse fill: `add` counts them and leaves the other values in `rest`. torch's u = 0 adds a zero in 2²⁴ values, so
 * more than `zeros` is no error.
 */
export function checkZeros({ rows, columns, bases, rowOffsets, columnOffsets }: Matrices, zeros: number, elementCount: number) {
  const columnOf = new Uint32Array(elementCount)
  for (const [m, base] of bases.entries())
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) columnOf[base + (rowOffsets[r] as number) + (columnOffsets[c] as number)] = m * columns + c
  const counts = new Uint32Array(bases.length * columns)
  let at = 0
  return {
    add: (values: Values): Values => {
      const rest = new Float64Array(values.length)
      let count = 0
      for (const v of values) {
        const column = columnOf[at++] as number
        if (v === 0) counts[column] = (counts[column] as number) + 1
        else rest[count++] = v
      }
      return rest.subarray(0, count)
    },
    /** As a distance, like every check: zeros that the poorest column lacks. */
    finish: (): Check => {
      const missing = counts.reduce((most, n) => Math.max(most, zeros - n), 0)
      return check('zeros', missing, 0)
    },
  }
}
