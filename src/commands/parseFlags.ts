import { usage } from '../errors.js'
import { nearest } from '../init/nearest.js'
import { type Command, lineOf, type Parsed } from './command.js'
import { type Flag, type FlagGroup, isNumber } from './flags.js'
import { parserOf } from './parser.js'

type Flags = ReadonlyMap<string, Flag<object>>

/**
 * argv against the flags of a command. Switches may be repeated, values only where the flag says so; a value that begins with - is a number,
 * a lone - or joined by = (--layers=-x); everything behind -- is an operand. `others` are asked whether an unknown flag is theirs.
 * @throws ReinitError `usage`: what is wrong, and what may be meant.
 */
export async function parseFlags<Options extends object>(
  argv: readonly string[],
  command: Command<Options>,
  others: () => Promise<readonly Command[]>,
): Promise<Parsed<Options>> {
  const table = command.groups.flatMap((group) => group.flags)
  const flags: Flags = new Map(table.flatMap((flag) => [flag.name, ...(flag.short ? [flag.short] : [])].map((name) => [name, flag])))
  refuseDashes(argv, flags)
  const found = parse(respell(argv, flags), command.groups)
  if (typeof found === 'string') throw usage(await explain(found, argv, flags, command, others))
  const given = new Map<string, readonly string[]>()
  for (const [name, values] of Object.entries(found)) {
    const flag = flags.get(name)
    if (flag?.name === name) given.set(name, flag.value === undefined ? [] : valuesOf(flag, [values].flat().map(String)))
  }
  const operands = found._.map(String)
  refuseOperands(operands, command)
  const said = table.map((flag) => {
    const values = given.get(flag.name)
    return values && flag.option?.(values, `--${flag.name}`)
  })
  return { operands, given, options: Object.assign({}, ...said) as Options }
}

const dashed = (key: string) => (key.length === 1 ? `-${key}` : `--${key}`)

/** What yargs takes in silence: -layers as -l ayers, --l as -l, and names of its own. */
function refuseDashes(argv: readonly string[], flags: Flags): void {
  for (const word of argv) {
    if (word === '--') return
    const name = /^-([a-z][^=]+)/.exec(word)?.[1]
    if (name !== undefined && flags.has(name)) throw usage(`Unknown flag ${word}: did you mean --${name}?`)
    const letter = /^--(\w)(=|$)/.exec(word)?.[1]
    if (letter !== undefined && flags.has(letter)) throw usage(`Unknown flag ${word}: did you mean -${letter}?`)
    if (/^--?(_|\$0|get-yargs-completions)(=|$)/.test(word)) throw usage(`Unknown flag ${word}. See --help.`)
  }
}

/** Spells out what yargs misreads: a value that hangs on a letter (-lfc), and numbers that begin with - and have a point or an exponent. */
function respell(argv: readonly string[], flags: Flags): string[] {
  const takesValue = (name: string | undefined) => flags.get(name ?? '')?.value !== undefined
  const words: string[] = []
  for (const [at, word] of argv.entries()) {
    if (word === '--') return [...words, ...argv.slice(at)]
    const before = words.at(-1) ?? ''
    const isValue = takesValue(before.startsWith('--') ? before.slice(2) : /^-\w*(\w)$/.exec(before)?.[1])
    const letters = /^-(\w+)/.exec(word)?.[1] ?? ''
    const valued = letters.split('').findIndex(takesValue)
    const rest = word.slice(valued + 2)
    if (isValue && isNumber(word)) words.push(`${words.pop()}=${word}`)
    else if (isValue || valued < 0 || /^(=|$)/.test(rest)) words.push(word)
    else words.push(`${word.slice(0, valued + 2)}=${rest}`)
  }
  return words
}

/** The first complaint of yargs, or what it found. It is told only of flags that may be among the words: of all of them took 4 ms more. */
function parse(words: readonly string[], groups: readonly FlagGroup<object>[]) {
  let complaint = ''
  const told = groups.map((group) => ({ ...group, flags: group.flags.filter((flag) => words.some((word) => mayBe(word, flag))) }))
  const parser = parserOf(told).fail((message) => {
    complaint = message
    throw usage(message)
  })
  try {
    return parser.parseSync([...words])
  } catch (error) {
    if (complaint === '') throw error
    return complaint
  }
}

const mayBe = (word: string, { name, short }: Flag<object>) =>
  word.startsWith(`--${name}`) || (short !== undefined && /^-\w/.test(word) && word.includes(short))

/** A complaint is "missing layers", "unexpected all", "unknown foo, bar" or "choice", and on the next line "fan, "trch" of "graph", "torch"". */
async function explain(
  complaint: string,
  argv: readonly string[],
  flags: Flags,
  command: Command,
  others: () => Promise<readonly Command[]>,
): Promise<string> {
  const [, kind, key = '', given = ''] = /^(\w+)\s+([^\n]*?)(?:, (.*))?$/.exec(complaint) ?? []
  if (kind === 'unknown') return unknown(key === '___proto___' ? '__proto__' : key, command, others)
  const flag = flags.get(key)
  if (!flag) return complaint
  if (kind !== 'choice') return misvalued(flag, dashed(key), argv)
  return `--${flag.name} ${given.replace(/^(.*) of .*$/, '$1')} is none of ${flag.choices?.join(', ')}.`
}

async function unknown(key: string, { name, groups, hint }: Command, others: () => Promise<readonly Command[]>): Promise<string> {
  const start = `Unknown flag ${dashed(key)}`
  const better = hint?.(key)
  if (better !== undefined) return `${start}: ${better}.`
  const own = groups.flatMap((group) => group.flags.map((flag) => `--${flag.name}`))
  const other = (await others()).find((command) =>
    command.groups.some(({ flags }) => flags.some((flag) => [flag.name, flag.short].includes(key))),
  )
  if (other) return `${start} of ${name || 'the main job'}: it is one of onnx-reinit ${other.name || '<model>'}.`
  return start + ((key.length > 1 && nearest(dashed(key), own).replaceAll('"', '')) || '. See --help.')
}

/** A value that is missing, or one that is too many. `written`: the flag as it was. */
function misvalued({ name, value }: Flag<object>, written: string, argv: readonly string[]): string {
  const at = argv.lastIndexOf(written)
  const next = argv[at + 1]
  if (value === undefined) {
    const joined = argv.find((word) => word.startsWith(`${written}=`))
    return `${written} takes no value${joined === undefined ? '' : `, ${JSON.stringify(joined.slice(written.length + 1))} was given`}.`
  }
  if (at < 0 || next === undefined) return `${written} needs a value: ${written} ${value}.`
  return `${written} needs a value, but ${next} follows; a value that begins with - is joined: --${name}=${next}.`
}

function valuesOf({ name, value, repeats }: Flag<object>, values: readonly string[]): readonly string[] {
  if (values.includes('')) throw usage(`--${name} needs a value: --${name} ${value}.`)
  if (values.length > 1 && !repeats) throw usage(`--${name} is given twice, ${values[0]} and ${values[1]}: once is enough.`)
  return values
}

const NUMBERS = ['No', 'One', 'Two']

function refuseOperands(given: readonly string[], command: Command): void {
  const { noun, names } = command.operands
  if (given.length === names.length) return
  const needed = `${NUMBERS[names.length]} ${noun}${names.length === 1 ? ' is' : 's are'} needed${names.length > 0 ? ` (${names.join(', ')})` : ''}`
  const found = given.length === 0 ? 'none is given' : `${given.length} given: ${given.join(', ')}`
  throw usage(`${needed}, ${found}. Usage: ${lineOf(command)}`)
}
