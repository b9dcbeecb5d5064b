import yargs, { type Argv, type Options } from 'yargs'
import type { Flag, FlagGroup } from './flags.js'

/** yargs speaks in codes to us (parseFlags makes messages of them), and in headings without colons to the reader of the help. */
const words = {
  'Not enough arguments following: %s': 'missing %s',
  'Argument unexpected for: %s': 'unexpected %s',
  'Unknown argument: %s': { one: 'unknown %s', other: 'unknown %s' },
  'Invalid values:': 'choice',
  'Argument: %s, Given: %s, Choices: %s': '%s, %s of %s',
  'Commands:': 'Other commands',
  'Examples:': 'Examples',
} as unknown as Record<string, string>

/** A yargs parser that knows the flags: parsing, help and completion are asked of it. It prints and exits nothing. */
export function parserOf(groups: readonly FlagGroup<object>[]): Argv {
  const parser = yargs()
    .scriptName('onnx-reinit')
    .help(false)
    .version(false)
    .exitProcess(false)
    .updateStrings(words)
    .strictOptions()
    .parserConfiguration({
      // --no-run is no negated --run; layers have dots; values stay text, so that seeds keep their digits
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
  for (const { heading, flags } of groups) for (const flag of flags) parser.option(flag.name, optionOf(flag, heading))
  return parser
}

/** One value a flag, or none: without nargs a list would eat operands, and --all=yes be false. */
function optionOf({ short, value, choices, fallback, hidden, summary }: Flag<object>, group: string): Options {
  return {
    group,
    type: value === undefined ? 'boolean' : 'string',
    nargs: value === undefined ? 0 : 1,
    description: summary,
    ...(short === undefined ? {} : { alias: short }),
    ...(choices === undefined ? {} : { choices }),
    ...(fallback === undefined ? {} : { defaultDescription: fallback }),
    ...(hidden === undefined ? {} : { hidden }),
  }
}
