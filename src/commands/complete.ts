import { commands, others } from './commands.js'
import type { FlagGroup } from './flags.js'
import { type Io, print } from './io.js'
import { parserOf } from './parser.js'

/** What may be the last of the words behind "onnx-reinit", a line each. Nothing: the shell completes file names. */
export async function complete(words: readonly string[], io: Io): Promise<number> {
  const current = words.at(-1) ?? ''
  const isFirst = words.length < 2
  const name = !isFirst && Object.hasOwn(commands, words[0] as string) ? (words[0] as string) : ''
  const command = await (commands[name] as (typeof commands)[string])()
  const parser = parserOf(command.groups.map(withSuggestions))
  if (isFirst) for (const other of await others(name)) parser.command(other.name, other.summary)
  const found = await parser.getCompletion([...words])
  // yargs offers flags where a file name is due and --l for -l, and in zsh words that don't fit keep file names away
  const fitting = found.filter((word) => word.startsWith(current) && (current !== '' || !word.startsWith('-')) && !/^--\w(:|$)/.test(word))
  await print(io.stdout, [fitting.map((word) => `${word}\n`).join('')])
  return 0
}

/** Where nothing is judged, what a flag takes among others is what it takes. */
const withSuggestions = (group: FlagGroup<object>): FlagGroup<object> => ({
  ...group,
  flags: group.flags.map((flag) => (flag.suggests ? { ...flag, choices: flag.suggests } : flag)),
})
