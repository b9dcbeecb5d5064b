import { editDistance } from './editDistance.js'

/** `: did you mean "…"?` with the name that is the fewest edits away (at most a third of its length), else nothing. */
export function nearest(given: string, names: readonly string[]): string {
  let best = ''
  let fewest = Infinity
  for (const name of names) {
    const n = editDistance(given.toLowerCase(), name.toLowerCase())
    if (n < fewest && n <= Math.max(2, name.length / 3)) [best, fewest] = [name, n]
  }
  return best === '' ? '' : `: did you mean ${JSON.stringify(best)}?`
}
