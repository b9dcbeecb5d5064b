import { usage } from '../errors.js'
import type { InitializerSpec } from '../types.js'
import { calculateGain, DEFAULT_SLOPE, nonlinearities } from './gains.js'
import { type Initializer, initializers, type Parameter } from './initializers.js'
import { nearest } from './nearest.js'

export interface InitializerOptions {
  /** A number or a nonlinearity's name. */
  readonly gain?: number | string
  readonly mode?: string
  readonly nonlinearity?: string
  readonly negativeSlope?: number
}
type Given = Record<string, number | string | boolean>

/**
 * An initializer's canonical name with every parameter it has: from NAME, NAME:key=value,…, NAME:value (its first parameter), or a spec, and
 * the command line's gain, mode, nonlinearity and negativeSlope. Nonlinearity and slope end in `gain`, a number; resolving twice changes nothing.
 * @throws ReinitError `usage` for unknown names and keys (the nearest is suggested), values of the wrong type or out of range, a parameter that
 * the initializer does not have, and gain together with nonlinearity.
 */
export function resolveInitializer(given: string | InitializerSpec, options: InitializerOptions = {}): InitializerSpec {
  const [text, values] = typeof given === 'string' ? split(given) : [given.name, { ...given.parameters }]
  const { name, preset } = find(text)
  const entry = initializers[name] as Initializer
  const all = { ...preset, ...(typeof values === 'string' ? parse(name, entry, values) : values) }
  for (const [key, flag, value] of [
    ['gain', '--gain', options.gain],
    ['mode', '--mode', options.mode],
    ['nonlinearity', '--nonlinearity', options.nonlinearity],
    ['negative_slope', '--negative-slope', options.negativeSlope],
  ] as const) {
    if (value === undefined) continue
    if (!Object.hasOwn(entry.parameters, key) && !(key === 'negative_slope' && all.gain === 'leaky_relu'))
      throw usage(`${name} has no ${key}: leave ${flag} out${having(key)}.`)
    if (Object.hasOwn(all, key)) throw usage(`${key} of ${name} is given twice: in ${JSON.stringify(text)} and by ${flag}.`)
    all[key] = value
  }
  const folded = foldGain(name, entry, all)
  const parameters: Given = {}
  for (const [key, parameter] of Object.entries(entry.parameters)) {
    if (folding.has(key)) continue
    const value = Object.hasOwn(folded, key) ? check(name, key, parameter, folded[key] as Given[string]) : parameter.default
    if (value === null) throw usage(`${name} needs ${key} (${parameter.description}): ${name}:${key}=….`)
    parameters[key] = value
  }
  return { name, parameters }
}

/** Parameters that are folded into the gain. */
const folding: ReadonlySet<string> = new Set(['nonlinearity', 'negative_slope'])

function split(given: string): [string, string] {
  const colon = given.indexOf(':')
  return colon < 0 ? [given, ''] : [given.slice(0, colon), given.slice(colon + 1)]
}

/** torch's trailing underscore and the command line's dashes are the same name. */
function find(text: string): { name: string; preset: Given } {
  const key = text.trim().replaceAll('-', '_').replace(/_$/, '')
  const found = Object.hasOwn(names, key) ? names[key] : undefined
  if (found === undefined)
    throw usage(
      `Unknown initializer ${JSON.stringify(text)}${nearest(key, Object.keys(names)) || '.'} See --help for all ${Object.keys(initializers).length}.`,
    )
  return found
}

const names: Readonly<Record<string, { name: string; preset: Given }>> = Object.fromEntries(
  Object.entries(initializers).flatMap(([name, entry]) => [
    ...[name, ...entry.aliases].map((n) => [n, { name, preset: {} }]),
    ...Object.entries(entry.presets ?? {}).map(([n, preset]) => [n, { name, preset }]),
  ]),
)

/** key=value,… ; a first value without a key is the first parameter's, and where that is the only one, commas and = belong to it. */
function parse(name: string, entry: Initializer, text: string): Given {
  const [first, ...others] = Object.keys(entry.parameters)
  if (text === '') return {}
  if (first === undefined) throw usage(`${name} has no parameters: leave ${JSON.stringify(`:${text}`)} out.`)
  if (others.length === 0 && entry.parameters[first]?.type === 'string') return { [first]: text.replace(new RegExp(`^${first}=`), '') }
  const given: Given = {}
  for (const [i, part] of text.split(',').entries()) {
    const equals = part.indexOf('=')
    if (equals < 0 && i > 0) throw usage(`${name}: ${JSON.stringify(part)} is no key=value.`)
    const key = equals < 0 ? first : part.slice(0, equals).trim().replaceAll('-', '_')
    if (Object.hasOwn(given, key)) throw usage(`${name}: ${key} is given twice.`)
    given[key] = part.slice(equals + 1).trim()
  }
  return given
}

/** A gain's or nonlinearity's name becomes a number, and unknown keys are refused. */
function foldGain(name: string, entry: Initializer, all: Given): Given {
  for (const key of Object.keys(all))
    if (!Object.hasOwn(entry.parameters, key) && !(key === 'negative_slope' && all.gain === 'leaky_relu'))
      throw usage(`${name} has no ${JSON.stringify(key)}${nearest(key, Object.keys(entry.parameters)) || ':'} ${has(name, entry)}.`)
  if (!Object.hasOwn(entry.parameters, 'gain')) return all
  if (all.gain !== undefined && all.nonlinearity !== undefined) throw usage(`${name}: gain and nonlinearity exclude each other: give one.`)
  const { nonlinearity, negative_slope: slopeGiven, ...rest } = all
  const slope = slopeGiven === undefined ? undefined : (check(name, 'negative_slope', SLOPE, slopeGiven) as number)
  const asked = nonlinearity ?? rest.gain ?? (slope === undefined ? entry.parameters.nonlinearity?.default : 'leaky_relu')
  if (slope !== undefined && asked !== 'leaky_relu')
    throw usage(`${name}: negative_slope is leaky_relu's, but ${nonlinearity === undefined ? 'gain' : 'nonlinearity'} is ${asked}.`)
  if (asked === undefined || asked === null) return rest
  if (nonlinearity === undefined && isNumeric(asked)) return rest
  const gain = calculateGain(String(asked), slope ?? DEFAULT_SLOPE)
  if (gain === null)
    throw usage(
      `${name}: ${nonlinearity === undefined ? 'gain' : 'nonlinearity'} ${JSON.stringify(asked)} is ${nonlinearity === undefined ? 'neither a number nor a nonlinearity' : 'unknown'}${nearest(String(asked), nonlinearities) || '.'} Known: ${nonlinearities.join(', ')}.`,
    )
  return { ...rest, gain }
}

const SLOPE: Parameter = { type: 'number', default: DEFAULT_SLOPE, description: '' }
const isNumeric = (value: unknown) => typeof value === 'number' || NUMBER.test(String(value))
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** A value in its type and range. */
function check(name: string, key: string, parameter: Parameter, value: Given[string]): Given[string] {
  const refuse = (what: string) => usage(`${name}: ${key} must be ${what}, not ${JSON.stringify(value)}.`)
  switch (parameter.type) {
    case 'string':
      if (typeof value !== 'string' || value === '') throw refuse('text')
      return value
    case 'boolean':
      if (value !== true && value !== false && value !== 'true' && value !== 'false') throw refuse('true or false')
      return value === true || value === 'true'
    case 'choice':
      if (!parameter.choices?.includes(String(value))) throw refuse(`one of ${parameter.choices?.join(', ')}`)
      return value
    case 'number':
    case 'gain': {
      const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value
      if (typeof number !== 'number' || !Number.isFinite(number)) throw refuse('a finite number')
      if (parameter.integer && !Number.isInteger(number)) throw refuse('a whole number')
      if (number < (parameter.minimum ?? -Infinity)) throw refuse(`at least ${parameter.minimum}`)
      if (number > (parameter.maximum ?? Infinity)) throw refuse(`at most ${parameter.maximum}`)
      return number
    }
  }
}

function has(name: string, entry: Initializer): string {
  const keys = Object.keys(entry.parameters)
  return keys.length === 0 ? `${name} has no parameters` : `${name} has ${keys.join(', ')}`
}

/** Which initializers a flag belongs to, for the message. */
function having(key: string): string {
  const having = Object.keys(initializers).filter((n) => Object.hasOwn((initializers[n] as Initializer).parameters, key))
  return ` (${having.join(', ')} ${having.length === 1 ? 'has' : 'have'} it)`
}
