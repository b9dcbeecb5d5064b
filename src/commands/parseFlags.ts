import { parseArgs } from 'node:util'
import { usage } from '../errors.js'
import { nearest } from '../init/nearest.js'
import { type Flag, type FlagGroup, isNumber } from './flags.js'

export interface Parsed<Options> {
  readonly operands: readonly string[]
  /** What the flags say to the library. */
  readonly options: Options
  /** Every flag given, by its long name, with its values. */
  readonly given: ReadonlyMap<string, readonly string[]>
}

/**
 * argv against the flags of a command. Switches may be repeated, values only where the flag says so; a value that begins with - is a number,
 * a lone - or joined by = (--layers=-x); everything behind -- is an operand.
 * @throws ReinitError `usage` with the nearest flag for an unknown one; `hint` may know better.
 */
export function parseFlags<Options extends object>(
  argv: readonly string[],
  groups: readonly FlagGroup<Options>[],
  hint: (flag: string) => string | undefined = () => undefined,
): Parsed<Options> {
  const flags = new Map(groups.flatMap((group) => group.flags.map((flag) => [flag.name, flag])))
  refuseSingleDash(argv, flags)
  const options = Object.fromEntries(
    [...flags.values()].map(({ name, short, value }) => [name, { type: value ? 'string' : 'boolean', ...(short && { short }) }] as const),
  )
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true })
  const given = new Map<string, string[]>()
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const flag = flags.get(token.name)
    if (!flag) throw usage(`Unknown flag ${token.rawName}${hint(token.name) ?? suggestion(token.rawName, flags)}`)
    const values = given.get(flag.name) ?? []
    given.set(flag.name, values)
    if (flag.value === undefined) {
      if (token.value !== undefined) throw usage(`${token.rawName} takes no value, ${JSON.stringify(token.value)} was given.`)
    } else values.push(valueOf(flag, token.rawName, token.value, token.inlineValue === true, values))
  }
  const said = [...given].map(([name, values]) => flags.get(name)?.option?.(values, `--${name}`))
  return { operands, given, options: Object.assign({}, ...said) as Options }
}

/** The value of one occurrence of a flag; `before`: values that it has already. */
function valueOf(flag: Flag<object>, written: string, value: string | undefined, isJoined: boolean, before: readonly string[]): string {
  if (value === undefined || value === '') throw usage(`${written} needs a value: ${written} ${flag.value}.`)
  if (value.length > 1 && value.startsWith('-') && !isJoined && !isNumber(value))
    throw usage(`${written} needs a value, but ${value} follows; a value that begins with - is joined: --${flag.name}=${value}.`)
  if (before.length > 0 && !flag.repeats) throw usage(`${written} is given twice, ${before[0]} and ${value}: once is enough.`)
  if (flag.choices && !flag.choices.includes(value))
    throw usage(`${written} ${JSON.stringify(value)} is none of ${flag.choices.join(', ')}.`)
  return value
}

/** -layers would be -l ayers. */
function refuseSingleDash(argv: readonly string[], flags: ReadonlyMap<string, unknown>): void {
  for (const word of argv) {
    if (word === '--') return
    const name = /^-([a-z][^=]+)/.exec(word)?.[1]
    if (name !== undefined && flags.has(name)) throw usage(`Unknown flag ${word}: did you mean --${name}?`)
  }
}

function suggestion(written: string, flags: ReadonlyMap<string, Flag<object>>): string {
  const names = [...flags.values()].map((flag) => `--${flag.name}`)
  return written.startsWith('--') ? nearest(written, names).replaceAll('"', '') || '. See --help.' : '. See --help.'
}
