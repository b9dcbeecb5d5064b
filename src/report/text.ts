import { styleText } from 'node:util'
import type { Block, CheckLine, Column } from './block.js'
import { describe } from './describe.js'
import { escapeControls } from './escapeControls.js'
import type { Look, Write } from './report.js'
import { shorten, width } from './width.js'

/** For people: tables to the width of the terminal. */
export const text: Write = function* (report, look) {
  let previous: Block['kind'] | undefined
  for (const block of describe(report, look.verbose)) {
    if (previous !== undefined && !(previous === 'line' && block.kind === 'line')) yield '\n'
    previous = block.kind
    yield* draw(block, look)
  }
}

function* draw(block: Block, look: Look): Iterable<string> {
  if (block.kind === 'title') yield `${paint(look, 'bold', plain(block.name, look))}  ${plain(block.text, look)}\n`
  else if (block.kind === 'line') yield `${plain(block.text, look)}\n`
  else if (block.kind === 'table') yield* drawTable(block.columns, block.rows, look)
  else if (block.kind === 'checks') yield* drawChecks(block.checks, look)
  else {
    yield `${block.loud ? `${paint(look, 'yellow', '!')} ` : ''}${plain(block.heading, look)}\n`
    for (const { name, text } of block.items())
      yield `  ${plain(name, look)}${text === '' ? '' : `  ${paint(look, 'dim', plain(text, look))}`}\n`
  }
}

/** Signs that not every terminal can show, and what stands for them there. */
const PLAIN_SIGNS: Readonly<Record<string, string>> = { '→': '->', '…': '...', Δ: 'diff', '’': "'" }

function plain(text: string, look: Look): string {
  const escaped = escapeControls(text)
  return look.unicode ? escaped : escaped.replace(/[→…Δ’]/g, (sign) => PLAIN_SIGNS[sign] as string)
}

const paint = (look: Look, style: Parameters<typeof styleText>[0], text: string) =>
  look.color && text !== '' ? styleText(style, text, { validateStream: false }) : text

const SIGNS: Readonly<
  Record<CheckLine['state'], { readonly sign: string; readonly word: string; readonly style: 'green' | 'red' | 'yellow' | 'dim' }>
> = {
  ok: { sign: '✓', word: 'ok', style: 'green' },
  failed: { sign: '✗', word: 'FAILED', style: 'red' },
  loud: { sign: '!', word: '!', style: 'yellow' },
  off: { sign: '-', word: '-', style: 'dim' },
}

function* drawChecks(checks: readonly CheckLine[], look: Look): Iterable<string> {
  const signOf = ({ state }: CheckLine) => (look.unicode ? SIGNS[state].sign : SIGNS[state].word)
  const signs = Math.max(...checks.map((c) => signOf(c).length))
  const labels = Math.max(...checks.map((c) => c.label.length))
  for (const check of checks)
    yield `  ${paint(look, SIGNS[check.state].style, signOf(check).padEnd(signs))} ${check.label.padEnd(labels)}   ${plain(check.text, look)}\n`
}

const MARGIN = 2
const GAP = 2
/** A name is not shortened below this. */
const SHORTEST = 12

/** A column's widths: of the cell, and left of the arrow where it has one. */
interface Fit {
  width: number
  left: number
  right: number
}

/** Two passes over the rows: one for the widths, one to draw. */
function* drawTable(columns: readonly Column[], rows: () => Iterable<readonly string[]>, look: Look): Iterable<string> {
  const arrow = plain(' → ', look)
  const headings = columns.map((c) => plain(c.heading, look))
  const fits: Fit[] = columns.map(() => ({ width: 0, left: 0, right: 0 }))
  const measure = (cell: string, i: number, indent: number) => {
    const fit = fits[i] as Fit
    const at = columns[i]?.align === 'arrow' ? cell.indexOf(arrow) : -1
    if (at >= 0) {
      fit.left = Math.max(fit.left, at)
      fit.right = Math.max(fit.right, cell.length - at)
    }
    fit.width = Math.max(fit.width, fit.left + fit.right, indent + width(cell))
  }
  headings.forEach((heading, i) => measure(heading, i, 0))
  const cellsOf = (row: readonly string[]) => row.map((cell) => plain(cell, look))
  for (const row of rows()) cellsOf(row).forEach((cell, i) => measure(cell, i, columns[i]?.indent ?? 0))
  if (look.columns !== null) narrow(columns, fits, look.columns)
  const line = (cells: readonly string[], isHeading: boolean) =>
    cells
      .map((cell, i) => {
        const { align, name, indent } = columns[i] as Column
        const fit = fits[i] as Fit
        const at = align === 'arrow' ? cell.indexOf(arrow) : -1
        const placed =
          ' '.repeat(at >= 0 ? fit.left - at : isHeading ? 0 : (indent ?? 0)) + (name ? shorten(cell, fit.width, plain('…', look)) : cell)
        return placed + ' '.repeat(Math.max(0, fit.width - width(placed)))
      })
      .join(' '.repeat(GAP))
      .trimEnd()
  yield `${' '.repeat(MARGIN)}${paint(look, 'dim', line(headings, true))}\n`
  for (const row of rows()) yield `${' '.repeat(MARGIN)}${line(cellsOf(row), false)}\n`
}

/** Takes from the widest column of names until the table fits, or every one is at its shortest. */
function narrow(columns: readonly Column[], fits: readonly Fit[], room: number): void {
  let over = fits.reduce((sum, { width }) => sum + width + GAP, MARGIN - GAP) - room
  const names = fits.filter((_, i) => columns[i]?.name)
  while (over > 0) {
    const widest = names.reduce<Fit | undefined>((a, b) => (a && a.width >= b.width ? a : b), undefined)
    if (!widest || widest.width <= SHORTEST) return
    widest.width--
    over--
  }
}
