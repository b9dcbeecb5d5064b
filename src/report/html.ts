import { version } from '../version.js'
import type { Block, CheckLine } from './block.js'
import { describe } from './describe.js'
import { escapeControls } from './escapeControls.js'
import type { Write } from './report.js'

/** One page that needs nothing else: no script, no font, no address. Everything that a model says is text in it. */
export const html: Write = function* (report, { verbose }) {
  yield HEAD
  for (const block of describe(report, verbose)) yield* draw(block)
  yield `<footer>onnx-reinit ${version}</footer>\n</html>\n`
}

const SIGNS: Readonly<Record<CheckLine['state'], string>> = { ok: '✓', failed: '✗', loud: '!', off: '–' }

function* draw(block: Block): Iterable<string> {
  if (block.kind === 'title') yield `<h1>${text(block.name)}</h1>\n<p>${text(block.text)}</p>\n`
  else if (block.kind === 'line') yield `<p>${text(block.text)}</p>\n`
  else if (block.kind === 'table') {
    const headings = block.columns.map((c) => `<th>${text(c.heading.trim())}</th>`)
    yield `<table>\n<thead><tr>${headings.join('')}</tr></thead>\n<tbody>\n`
    for (const row of block.rows()) {
      const cells = row.map((cell, i) => (block.columns[i]?.name ? `<td><code>${text(cell)}</code></td>` : `<td>${text(cell)}</td>`))
      yield `<tr>${cells.join('')}</tr>\n`
    }
    yield '</tbody>\n</table>\n'
  } else if (block.kind === 'checks') {
    yield '<ul class="checks">\n'
    for (const { state, label, text: said } of block.checks)
      yield `<li class="${state}"><span>${SIGNS[state]}</span> <b>${text(label)}</b> ${text(said)}</li>\n`
    yield '</ul>\n'
  } else {
    yield `<h2${block.loud ? ' class="loud"' : ''}>${text(block.heading)}</h2>\n<ul>\n`
    for (const { name, text: said } of block.items()) yield `<li><code>${text(name)}</code> ${text(said)}</li>\n`
    yield '</ul>\n'
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const text = (said: string) => escapeControls(said).replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string)

const HEAD = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>onnx-reinit</title>
<style>
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem; overflow-wrap: anywhere }
h2 { font-size: 1rem }
table { border-collapse: collapse; display: block; overflow-x: auto; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8883; white-space: nowrap }
code { font: .9em ui-monospace, monospace }
.checks { list-style: none; padding: 0 }
.ok > span { color: #2a9d4a }
.failed > span, .loud { color: #d33 }
footer { margin-top: 2rem; opacity: .6 }
</style>
`
