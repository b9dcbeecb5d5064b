import { styleText } from 'node:util'
import type { Look } from '../report/formats.js'
import { width } from '../report/width.js'
import type { Command } from './command.js'
import type { Flag } from './flags.js'

const WIDEST = 100
/** Terms up to this stand beside their meaning, longer ones above it. */
const TERM = 26

/** The page of one command; the main one's lists the others. */
export function help(command: Command, others: readonly Command[], look: Look): string {
  const columns = Math.min(look.columns ?? 80, WIDEST)
  const style = (format: 'bold' | 'cyan', text: string) => (look.color ? styleText(format, text, { validateStream: false }) : text)
  const list = (heading: string, terms: readonly (readonly [string, string])[]) =>
    `${style('bold', heading)}\n${terms.map(([term, meaning]) => entry(term, meaning, columns, (text) => style('cyan', text))).join('')}`
  const sections = [
    `onnx-reinit: torch.nn.init for ONNX files\n`,
    list('Usage', [
      [`onnx-reinit ${command.usage}`, command.summary],
      ...others.map((c) => [`onnx-reinit ${c.usage}`, c.summary] as const),
    ]),
    ...command.groups.map(({ heading, flags, notes }) => {
      const terms = flags.filter((flag) => !flag.hidden).map((flag) => [termOf(flag), flag.summary] as const)
      return list(heading, [...terms, ...(notes ?? [])])
    }),
    list(
      'Examples',
      command.examples.map(([line, meaning]) => [`onnx-reinit ${line}`, meaning]),
    ),
    list('Exit status', command.exits),
  ]
  return sections.join('\n')
}

const termOf = ({ short, name, value }: Flag<object>) => `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`

/** A term and its meaning beside it, or below where the term is long; wrapped at spaces. */
function entry(term: string, meaning: string, columns: number, paint: (text: string) => string): string {
  const indent = TERM + 4
  const isBeside = width(term) <= TERM
  const lines: string[] = []
  let line = ''
  for (const word of meaning.split(' ')) {
    if (line !== '' && indent + width(line) + 1 + width(word) > columns) {
      lines.push(line)
      line = word
    } else line += (line === '' ? '' : ' ') + word
  }
  lines.push(line)
  const [first = '', ...rest] = lines
  const below = (isBeside ? rest : lines).map((text) => `${' '.repeat(indent)}${text}\n`).join('')
  return `  ${paint(term)}${isBeside ? `${' '.repeat(TERM - width(term))}  ${first}` : ''}\n${below}`
}
