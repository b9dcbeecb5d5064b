/** Groups of messages that are shown, and names in each. */
const MOST_GROUPS = 25
const MOST_NAMES = 4
const MOST_TEXT = 170

/** A table of how many entries have a row and a column; columns beyond those given come last. */
export function printCounts(entries, columns) {
  const all = [...new Set([...columns, ...entries.map((e) => e.column)])]
  const rows = [...new Set(entries.map((e) => e.row))]
  const count = (row, column) =>
    entries.filter((e) => (row === 'all' || e.row === row) && (column === 'models' || e.column === column)).length
  const head = ['', ...all, 'models']
  const lines = [...rows, 'all'].map((row) => [row, ...[...all, 'models'].map((column) => String(count(row, column)))])
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i].length)))
  for (const line of [head, ...lines])
    console.log(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
}

/** Messages that differ in names and numbers only, together: how many, one of them, and whose. */
export function printGroups(messages) {
  const groups = new Map()
  for (const { text, name } of messages) {
    const key = text.replace(/"[^"]*"|'[^']*'|\([^()]*\)|\S*[/\d]\S*/g, '…')
    groups.set(key, [...(groups.get(key) ?? []), { text, name }])
  }
  const sorted = [...groups.values()].sort((a, b) => b.length - a.length)
  for (const group of sorted.slice(0, MOST_GROUPS)) {
    const names = group.slice(0, MOST_NAMES).map((g) => g.name)
    console.log(`  ${group.length} × ${group[0].text.slice(0, MOST_TEXT)} [${names.join(', ')}${group.length > MOST_NAMES ? ', …' : ''}]`)
  }
  if (sorted.length > MOST_GROUPS) console.log(`  … and ${sorted.length - MOST_GROUPS} more kinds`)
}
