/** Longer names are compared by their first characters: cost grows with the square. */
const COMPARED = 64

/** Levenshtein's distance: how many characters are put in, taken out or replaced. */
export function editDistance(a: string, b: string): number {
  const [s, t] = [a.slice(0, COMPARED), b.slice(0, COMPARED)]
  let row = Array.from({ length: t.length + 1 }, (_, j) => j)
  for (let i = 1; i <= s.length; i++) {
    const next = [i]
    for (let j = 1; j <= t.length; j++)
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (s[i - 1] === t[j - 1] ? 0 : 1)))
    row = next
  }
  return row[t.length] as number
}
