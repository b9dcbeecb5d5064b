import type { Weight } from '../types.js'

/** Values of one row (a filter, a position) of a parameter; rows are compared with one another. */
export type Rows = readonly Float64Array[]

/** Parameters that are made, not learned, though they stand where weights stand. Each tells by what a few rows look like. Add a form here. */
export const fixedForms: readonly {
  readonly what: string
  readonly applies: (w: Weight) => boolean
  readonly fits: (rows: Rows) => boolean
}[] = [
  {
    what: 'a fixed signal basis (STFT, CQT, window): its filters are even or odd about their centre',
    applies: (w) => isFilterBank(w) && (w.tensor.dims.at(-1) ?? 0) >= 16,
    fits: (rows) => share(rows, isWaveLike) >= 0.9,
  },
  {
    what: 'a fixed filter (blur, edge, upsampling): every channel has the same one',
    applies: (w) => w.fan !== null && /Conv/.test(w.uses[0].opType) && rowLength(w) > 1,
    fits: (rows) => rows.length > 1 && rows.every((row) => row.every((v, i) => v === rows[0]?.[i])) && !isConstant(rows[0]),
  },
  {
    what: 'a table of sines and cosines',
    applies: (w) => /^(position|embedding|scale)$/.test(w.role) && rowLength(w) >= 4,
    fits: (rows) => rows.length > 1 && rows.every(isCircular),
  },
  {
    what: 'a ramp (coordinates, anchors): its values are evenly spaced',
    applies: (w) => /^(position|embedding|scale|shift|bias)$/.test(w.role) && rowLength(w) >= 4,
    fits: (rows) => rows.every(isRamp),
  },
]

/** Elements behind the first axis that has more than one. */
export function rowLength({ tensor }: Weight): number {
  const first = tensor.dims.findIndex((d) => d !== 1)
  const length = tensor.dims.slice(first + 1).reduce((n, d) => n * d, 1)
  return length === 1 ? tensor.elementCount : length
}

/** One input channel, a window long: filters of a signal. */
const isFilterBank = ({ fan, uses, layout, tensor }: Weight) =>
  fan !== null && /Conv/.test(uses[0].opType) && tensor.dims.every((d, i) => layout[i] !== 'in' || d === 1)

const share = (rows: Rows, test: (row: Float64Array) => boolean) => rows.filter(test).length / rows.length

/** Of the energy of a filter: what an exact symmetry leaves after windows of odd length and float32. A learned one is far off. */
const ASYMMETRY = 1e-3

/** Even or odd about its centre: a windowed sinusoid; with a periodic window the first element stands alone. A row of zeros is one too. */
function isWaveLike(row: Float64Array): boolean {
  const n = row.length
  const energy = row.reduce((sum, v) => sum + v * v, 0)
  const mirrors = (first: 0 | 1, sign: 1 | -1) => {
    let off = 0
    for (let i = first; i < n; i++) off += ((row[i] as number) - sign * (row[first === 0 ? n - 1 - i : n - i] as number)) ** 2
    return off <= ASYMMETRY * energy
  }
  return mirrors(0, 1) || mirrors(0, -1) || mirrors(1, 1) || mirrors(1, -1)
}

/** Of the expected value, in float32 and float16. */
const TOLERANCE = 2e-3

/** Pairs (next to one another, or half a row apart) lie on the unit circle. */
function isCircular(row: Float64Array): boolean {
  const half = Math.floor(row.length / 2)
  const areOnCircle = (step: number, between: number) => {
    for (let i = 0; i < half; i++) {
      const [a, b] = [row[i * step] as number, row[i * step + between] as number]
      if (!(Math.abs(a * a + b * b - 1) < TOLERANCE)) return false
    }
    return true
  }
  return !isConstant(row) && (areOnCircle(2, 1) || areOnCircle(1, half))
}

function isRamp(row: Float64Array): boolean {
  const step = (row[1] as number) - (row[0] as number)
  return step !== 0 && row.every((v, i) => Math.abs(v - (row[0] as number) - i * step) <= TOLERANCE * Math.abs(step) * (i + 1))
}

const isConstant = (row: Float64Array | undefined) => row?.every((v) => v === row[0]) ?? true
