import type { Distribution, Filler, FillTarget, Values } from '../types.js'
import type { Fill } from './fill.js'
import type { SideBySide } from './structure.js'

/** Each matrix of unequal widths as a tensor of its own; null where the tensor has none. */
export function matrixTargets(target: FillTarget): readonly FillTarget[] | null {
  const { matrices, dims, layout, elementCount } = target
  const axis = layout.indexOf('out')
  const whole = matrices?.reduce((sum, { width }) => sum + width, 0) ?? 0
  if (!matrices || layout.lastIndexOf('out') !== axis || dims[axis] !== whole || elementCount === 0) return null
  const { matrices: _, ...rest } = target
  return matrices.map(({ width, fan }, matrix) => ({
    ...rest,
    dims: dims.map((d, i) => (i === axis ? width : d)),
    elementCount: (elementCount / whole) * width,
    fan,
    stacked: 1,
    matrix,
  }))
}

/** A fill of a tensor by fills of its matrices, as `matrixTargets` has them. */
export function sideBySide(fills: readonly Fill[], target: FillTarget): Pick<Fill, 'distribution' | 'structure' | 'filler'> {
  const { dims, layout, elementCount } = target
  const inner = dims.slice(layout.indexOf('out') + 1).reduce((n, d) => n * d, 1)
  const lengths = (target.matrices ?? []).map(({ width }) => width * inner)
  const places: SideBySide = {
    line: lengths.reduce((sum, n) => sum + n, 0),
    stretches: lengths.map((length, m) => ({ start: lengths.slice(0, m).reduce((sum, n) => sum + n, 0), length })),
  }
  const shares = lengths.map((length) => length / places.line)
  return {
    distribution: mixture(
      fills.map((f) => f.distribution),
      shares,
    ),
    structure: { kind: 'matrices', places, of: fills.map(({ distribution, structure }) => ({ distribution, structure })) },
    filler: together(
      fills.map((f) => f.filler),
      places,
      elementCount,
    ),
  }
}

/** Runs of elements [start, end) that lie in one matrix: its elements from `from` on are the tensor's from `at` on. */
export function eachRun(
  { line, stretches }: SideBySide,
  start: number,
  end: number,
  run: (matrix: number, from: number, at: number, length: number) => void,
): void {
  for (let row = Math.floor(start / line); row * line < end; row++)
    for (const [matrix, { start: first, length }] of stretches.entries()) {
      const at = Math.max(start, row * line + first)
      const stop = Math.min(end, row * line + first + length)
      if (at < stop) run(matrix, row * length + at - row * line - first, at, stop - at)
    }
}

function together(fillers: readonly Filler[], places: SideBySide, elementCount: number): Filler {
  const random = fillers.flatMap((f) => (f.access === 'random' ? [f] : []))
  if (random.length === fillers.length)
    return {
      access: 'random',
      fill: (out, start) => {
        // what [start, start + out.length) has of a matrix follows on within it: drawn at once, then dealt to the lines
        const parts = random.map(() => ({ from: 0, count: 0 }))
        eachRun(places, start, start + out.length, (m, from, _, length) => {
          const { from: first, count } = parts[m] as { from: number; count: number }
          parts[m] = { from: count === 0 ? from : first, count: count + length }
        })
        const drawn = parts.map(({ from, count }, m) => {
          const values = like(out, count)
          random[m]?.fill(values, from)
          return values
        })
        eachRun(places, start, start + out.length, (m, from, at, length) => {
          const first = from - (parts[m]?.from ?? 0)
          out.set((drawn[m] as Values).subarray(first, first + length), at - start)
        })
      },
    }
  return {
    access: 'whole',
    fill: (out) => {
      const drawn = fillers.map((filler, m) => {
        const values = like(out, ((places.stretches[m]?.length ?? 0) / places.line) * elementCount)
        if (filler.access === 'random') filler.fill(values, 0)
        else if (filler.access === 'sequential') filler.next(values)
        else filler.fill(values)
        return values
      })
      eachRun(places, 0, elementCount, (m, from, at, length) => out.set((drawn[m] as Values).subarray(from, from + length), at))
    },
  }
}

const like = (values: Values, count: number): Values => (values instanceof Float64Array ? new Float64Array(count) : new Float32Array(count))

/** Mean and deviation of all values together. */
function mixture(of: readonly Distribution[], shares: readonly number[]): Distribution {
  const sum = (term: (d: Distribution) => number) => of.reduce((all, d, m) => all + (shares[m] as number) * term(d), 0)
  const mean = sum((d) => d.mean)
  const end = (bound: 'min' | 'max') => {
    const bounds = of.map((d) => d[bound])
    const known = bounds.flatMap((b) => (b === null ? [] : [b]))
    return known.length < bounds.length ? null : Math[bound](...known)
  }
  return {
    family: 'structured',
    mean,
    std: Math.sqrt(sum((d) => d.std ** 2 + (d.mean - mean) ** 2)),
    min: end('min'),
    max: end('max'),
    matrices: of,
  }
}
