import type { Block, CheckLine } from './block.js'
import { describe } from './describe.js'
import { escapeControls } from './escapeControls.js'
import type { Write } from './report.js'

/** GitHub-flavoured Markdown. Names are code, everything else is escaped: a name can be no markup. */
export const markdown: Write = function* (report, { verbose }) {
  let previous: Block['kind'] | undefined
  for (const block of describe(report, verbose)) {
    if (previous !== undefined) yield '\n'
    previous = block.kind
    yield* draw(block)
  }
}

const SIGNS: Readonly<Record<CheckLine['state'], string>> = { ok: '✓', failed: '✗', loud: '!', off: '–' }

function* draw(block: Block): Iterable<string> {
  if (block.kind === 'title') yield `# ${code(block.name)}\n\n${prose(block.text)}\n`
  else if (block.kind === 'line') yield `${prose(block.text)}\n`
  else if (block.kind === 'table') {
    yield `| ${block.columns.map((c) => prose(c.heading)).join(' | ')} |\n|${' --- |'.repeat(block.columns.length)}\n`
    for (const row of block.rows())
      yield `| ${row.map((cell, i) => (block.columns[i]?.name ? code(cell).replace(/\|/g, '\\|') : prose(cell))).join(' | ')} |\n`
  } else if (block.kind === 'checks')
    for (const { state, label, text } of block.checks) yield `- ${prose(SIGNS[state])} **${prose(label)}**: ${prose(text)}\n`
  else {
    yield `${block.loud ? '**' : ''}${prose(block.heading)}${block.loud ? '**' : ''}\n\n`
    for (const { name, text } of block.items()) yield `- ${code(name)}${text === '' ? '' : `: ${prose(text)}`}\n`
  }
}

/** Punctuation that Markdown, its tables, autolinks and mentions, or HTML could take for their own. */
const prose = (text: string) =>
  escapeControls(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]|~#!@:]/g, '\\$&')

/** A code span: its fence is longer than any run of backticks inside. A table takes a pipe for a border even there. */
function code(text: string): string {
  const inside = escapeControls(text)
  if (inside.trim() === '') return inside === '' ? '' : '` `'
  const fence = '`'.repeat(Math.max(0, ...(inside.match(/`+/g) ?? []).map((run) => run.length)) + 1)
  const pad = /^[` ]|[` ]$/.test(inside) ? ' ' : ''
  return fence + pad + inside + pad + fence
}
