import { editDistance } from '../init/editDistance.js'
import type { Weight } from '../types.js'
import { namesOf } from './matchPattern.js'

const SHOWN = 4

/** Names that somebody may have meant by `given`, best first, in words: the same layer under another prefix, then by edit distance. */
export function nearestNames(weights: readonly Weight[], given: string): string {
  const names = weights.flatMap((w) => [...w.uses.flatMap((u) => [u.layer, ...above(u.layer)]), ...namesOf(w)])
  const all = [...new Set(names)]
  const tail = all.filter((n) => n.endsWith(`.${given}`) || n.endsWith(`/${given}`))
  const close = all
    .filter((n) => n.length <= 4 * given.length + 16)
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, given.length / 3) || name.includes(given))
    .sort((a, b) => a.distance - b.distance)
    .map(({ name }) => name)
  const found = [...new Set([...tail, ...close])]
  const shown = (found.length > 0 ? found : all.slice(-SHOWN)).slice(0, SHOWN)
  return shown.map((name) => JSON.stringify(name)).join(', ') || 'none'
}

/** The layers that a layer is in: of encoder.layer.0 encoder.layer and encoder. */
function above(layer: string): string[] {
  const parts = layer.split('.')
  return parts.slice(1).map((_, i) => parts.slice(0, -1 - i).join('.'))
}
