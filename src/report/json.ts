import type { Write } from './report.js'

/** A key a line, and of a list of objects an object a line: whole reports are never one string, and line tools find a tensor. */
export const json: Write = function* ({ report }) {
  let separator = '{\n'
  for (const [key, value] of Object.entries(report as object)) {
    yield `${separator}  ${JSON.stringify(key)}: `
    separator = ',\n'
    if (isIterable(value)) yield* list(value)
    else yield encode(value)
  }
  yield '\n}\n'
}

const isIterable = (value: unknown): value is Iterable<unknown> => typeof value === 'object' && value !== null && Symbol.iterator in value

function* list(items: Iterable<unknown>): Iterable<string> {
  let before = '[\n    '
  let after = '[]'
  for (const item of items) {
    yield before + encode(item)
    before = ',\n    '
    after = '\n  ]'
  }
  yield after
}

/** Real numbers stay numbers at any size; every other number is an integer. */
const REAL: ReadonlySet<string> = new Set([
  'mean',
  'std',
  'min',
  'max',
  'gain',
  'statistic',
  'limit',
  'maxDifference',
  'before',
  'after',
  'ratio',
  'factor',
])

/** JSON has no NaN and infinities, and readers lose integers beyond 2^53: both are strings. */
export function encode(value: unknown): string {
  const text = JSON.stringify(value, (key, v: unknown) => {
    if (typeof v === 'bigint') return String(v)
    if (typeof v !== 'number' || Number.isSafeInteger(v)) return v
    if (!Number.isFinite(v)) return String(v)
    return Number.isInteger(v) && !REAL.has(key) ? String(BigInt(v)) : v
  })
  return text === undefined ? 'null' : withoutControls(text)
}

/** Most reports, for which the expression of `withoutControls` is not needed. */
const PLAIN = /^[ -~]*$/

/** The same to a reader of JSON; a terminal finds nothing to obey. JSON.stringify leaves DEL, C1 controls and marks of direction as they are. */
function withoutControls(json: string): string {
  if (PLAIN.test(json)) return json
  const units = (text: string) => text.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => units(character).join(''))
}
