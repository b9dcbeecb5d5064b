import { invalid } from '../errors.js'

// The JSON of a skeleton comes from whoever made the file: every value is looked at before it is used.

/** A value, and where it stands: "tensors[3].init". */
export interface Json {
  readonly value: unknown
  readonly at: string
}

const refused = ({ value, at }: Json, wanted: string) =>
  invalid(`The skeleton's recipe is not one: ${at} must be ${wanted}, not ${(JSON.stringify(value) ?? 'missing').slice(0, MOST_SHOWN)}.`)
const MOST_SHOWN = 60

export function parse(text: string): Json {
  try {
    return { value: JSON.parse(text) as unknown, at: 'the recipe' }
  } catch (error) {
    throw invalid(`The skeleton's recipe is no JSON: ${(error as Error).message}.`)
  }
}

/** A key's value; `value` is undefined where the object has none. */
export function key(json: Json, name: string): Json {
  const { value, at } = json
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(json, 'an object')
  const found = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
  return { value: found, at: at === 'the recipe' ? name : `${at}.${name}` }
}

export const has = (json: Json, name: string): boolean => key(json, name).value !== undefined

export function list(json: Json): Json[] {
  if (!Array.isArray(json.value)) throw refused(json, 'a list')
  return json.value.map((value: unknown, i) => ({ value, at: `${json.at}[${i}]` }))
}

export function text(json: Json, pattern = /^/, wanted = 'text'): string {
  if (typeof json.value !== 'string' || !pattern.test(json.value)) throw refused(json, wanted)
  return json.value
}

/** A whole number from `least` to `greatest`. */
export function whole(json: Json, least: number, greatest: number): number {
  const { value } = json
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > greatest)
    throw refused(json, `a whole number from ${least} to ${greatest}`)
  return value
}

export function number(json: Json): number {
  if (typeof json.value !== 'number' || !Number.isFinite(json.value)) throw refused(json, 'a number')
  return json.value
}

export function oneOf<T extends string>(json: Json, known: readonly T[]): T {
  const found = known.find((k) => k === json.value)
  if (found === undefined) throw refused(json, `one of ${known.join(', ')}`)
  return found
}
