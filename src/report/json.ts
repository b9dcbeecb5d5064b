import type { Write } from './formats.js'

/** A key a line, and of a list of objects an object a line: whole reports are never one string, and line tools find a tensor. */
export const json: Write = function* ({ report }) {
  let separator = '{\n'
  for (const [key, value] of Object.entries(report as object)) {
    yield `${separator}  ${JSON.stringify(key)}: `
    separator = ',\n'
    if (!Array.isArray(value) || value.length === 0) yield encode(value)
    else {
      let before = '[\n    '
      for (const item of value) {
        yield before + encode(item)
        before = ',\n    '
      }
      yield '\n  ]'
    }
  }
  yield '\n}\n'
}

/** Real numbers stay numbers at any size; every other number is an integer. */
const REAL: ReadonlySet<string> = new Set(['mean', 'std', 'min', 'max', 'gain', 'statistic', 'limit', 'maxDifference'])

/** JSON has no NaN and infinities, and readers lose integers beyond 2^53: both are strings. */
export function encode(value: unknown): string {
  return (
    JSON.stringify(value, (key, v: unknown) => {
      if (typeof v === 'bigint') return String(v)
      if (typeof v !== 'number' || Number.isSafeInteger(v)) return v
      if (!Number.isFinite(v)) return String(v)
      return Number.isInteger(v) && !REAL.has(key) ? String(BigInt(v)) : v
    }) ?? 'null'
  )
}
