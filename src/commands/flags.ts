import { usage } from '../errors.js'
import { choices, type SelectionOptions } from '../reports.js'

/** A flag as data: the parser, the help and the shell completion read it. One without `value` is a switch. */
export interface Flag<Options extends object> {
  readonly name: string
  readonly short?: string
  /** What messages call its value. */
  readonly value?: string
  /** The only values that it takes. */
  readonly choices?: readonly string[]
  /** Values that it takes among others: the shell completes them. */
  readonly suggests?: readonly string[]
  /** What holds without it, for the help. */
  readonly fallback?: string
  /** May be given several times, one value each. */
  readonly repeats?: true
  /** Another spelling, which the help leaves out. */
  readonly hidden?: true
  readonly summary: string
  /** What it says to the library; flags without are the command's own affair. `flag` is for messages: "--seed". */
  option?(this: void, values: readonly string[], flag: string): Options
}

export interface FlagGroup<Options extends object> {
  readonly heading: string
  readonly flags: readonly Flag<Options>[]
}

/** The file that a command writes. */
export const outputFlag = (fallback: string, summary: string): Flag<{ output?: string }> => ({
  name: 'output',
  short: 'o',
  value: 'FILE',
  fallback,
  summary,
  option: ([output = '']) => ({ output }),
})

export const overwriteFlag: Flag<{ overwrite?: boolean }> = {
  name: 'overwrite',
  summary: 'replace files that exist',
  option: () => ({ overwrite: true }),
}

const commas = (values: readonly string[]) => values.flatMap((text) => text.split(','))

export const selectionFlags: readonly Flag<SelectionOptions>[] = [
  {
    name: 'layers',
    short: 'l',
    value: 'P',
    repeats: true,
    summary: 'layer paths, tensor or node names, globs, re:EXPRESSION; split at commas; may be repeated',
    option: (layers) => ({ layers }),
  },
  { name: 'head', summary: "the weighted layers that produce the model's outputs", option: () => ({ head: true }) },
  { name: 'all', summary: 'every parameter', option: () => ({ all: true }) },
  {
    name: 'op-type',
    value: 'T,…',
    repeats: true,
    summary: 'only parameters of these operators (Conv,Gemm); alone it narrows --all',
    option: (values) => ({ opTypes: commas(values) }),
  },
  {
    name: 'roles',
    value: 'R,…',
    repeats: true,
    suggests: choices.roles,
    summary: 'only parameters in these roles (weight,bias)',
    option: (values) => ({ roles: commas(values) }),
  },
  { name: 'exclude', short: 'x', value: 'P', repeats: true, summary: 'takes away, last', option: (exclude) => ({ exclude }) },
]

/** Flags that every command has. */
export const generalFlags: readonly Flag<object>[] = [
  { name: 'verbose', short: 'v', summary: 'every check, timings; the stack of an error' },
  { name: 'help', short: 'h', summary: 'this page' },
  { name: 'version', summary: 'the version' },
]

/** Flags of commands that report. */
export const reportFlags: readonly Flag<object>[] = [
  { name: 'json', summary: 'the report as JSON on stdout' },
  { name: 'report', value: 'FILE', summary: 'the report as a file too: .html, .json or .md' },
  { name: 'quiet', short: 'q', summary: 'no report on stdout, only errors' },
  ...generalFlags,
]

/** For commands that write nothing but the report. */
export const overwriteReport: Flag<object> = { name: 'overwrite', summary: 'replace a report that exists' }

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

export const isNumber = (text: string) => NUMBER.test(text)

/** @throws ReinitError `usage` for anything that is not a finite decimal number. */
export function numberOf(text: string | undefined, flag: string): number {
  const value = text !== undefined && NUMBER.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) throw usage(`${flag} ${JSON.stringify(text)} is not a number.`)
  return value
}

/** name=value pairs; the name ends at the first = ('first') or at the last one. */
export function pairsOf(values: readonly string[], flag: string, ends: 'first' | 'last'): Record<string, string> {
  const pairs = new Map<string, string>()
  for (const text of values) {
    const at = ends === 'first' ? text.indexOf('=') : text.lastIndexOf('=')
    if (at < 1 || at === text.length - 1) throw usage(`${flag} ${JSON.stringify(text)} is not name=value.`)
    const name = text.slice(0, at)
    if (pairs.has(name)) throw usage(`${flag} names ${JSON.stringify(name)} twice.`)
    pairs.set(name, text.slice(at + 1))
  }
  return Object.fromEntries(pairs)
}
