import { styleText } from 'node:util'
import type { Look } from '../report/report.js'
import { type Command, lineOf, type Note } from './command.js'
import { parserOf } from './parser.js'

const WIDEST = 100

/** The page of one command; the main one's lists the others. */
export async function help(command: Command, others: readonly Command[], look: Look): Promise<string> {
  const parser = parserOf(command.groups)
    .usage(`${lineOf(command)}\n\n${command.summary}`)
    .wrap(Math.min(look.columns ?? WIDEST, WIDEST))
  for (const { name, usage, summary } of others) parser.command(`${name} ${usage}`, summary)
  for (const [line, meaning] of command.examples) parser.example(`$0 ${line}`, meaning)
  parser.epilogue([...(command.notes ?? []), { heading: 'Exit status', terms: command.exits }].map(listOf).join('\n'))
  const page = await parser.getHelp()
  return `${look.color ? page.replace(/^\S.*$/gm, (heading) => styleText('bold', heading, { validateStream: false })) : page}\n`
}

/** A tab is where yargs sets columns. */
const listOf = ({ heading, terms }: Note) => `${heading}\n${terms.map(([term, meaning]) => `  ${term}  \t${meaning}\n`).join('')}`
