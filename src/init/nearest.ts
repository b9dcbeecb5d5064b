/** `: did you mean "…"?` with the name that is the fewest edits away (at most a third of its length), else nothing. */
export function nearest(given: string, names: readonly string[]): string {
  let best = ''
  let fewest = Infinity
  for (const name of names) {
    const n = edits(given.toLowerCase(), name)
    if (n < fewest && n <= Math.max(2, name.length / 3)) [best, fewest] = [name, n]
  }
  return best === '' ? '' : `: did you mean ${JSON.stringify(best)}?`
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length] as number
}
