import type { Weight } from '../types.js'
import { namesOf } from './matchPattern.js'

const SHOWN = 4

/** Names that somebody may have meant by `given`, best first: the same layer under another prefix, then by edit distance. */
export function nearestNames(weights: readonly Weight[], given: string): string[] {
  const all = [...new Set(weights.flatMap((w) => [...w.uses.map((u) => u.layer), ...namesOf(w)]))]
  const tail = all.filter((n) => n.endsWith(`.${given}`) || n.endsWith(`/${given}`))
  const close = all
    .filter((n) => n.length <= 4 * given.length + 16)
    .map((name) => ({ name, distance: distanceOf(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, given.length / 3) || name.includes(given))
    .sort((a, b) => a.distance - b.distance)
    .map(({ name }) => name)
  const found = [...new Set([...tail, ...close])]
  return (found.length > 0 ? found : all.slice(-SHOWN)).slice(0, SHOWN)
}

/** Levenshtein's distance, of the first 64 characters. */
function distanceOf(a: string, b: string): number {
  const [s, t] = [a.slice(0, 64), b.slice(0, 64)]
  let row = Array.from({ length: t.length + 1 }, (_, j) => j)
  for (let i = 1; i <= s.length; i++) {
    const next = [i]
    for (let j = 1; j <= t.length; j++) {
      const change = (row[j - 1] ?? 0) + (s[i - 1] === t[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[t.length] ?? 0
}
