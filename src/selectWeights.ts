import { usage } from './errors.js'
import type { SelectionOptions, Weight } from './types.js'

/** The weights that --layers and --all select; a pattern that matches nothing is a usage error. */
export function selectWeights(weights: readonly Weight[], options: SelectionOptions): Set<Weight> {
  const selected = new Set<Weight>(options.all ? weights : [])
  for (const pattern of options.layers ?? []) {
    const found = matching(weights, pattern)
    if (found.length === 0) {
      const layers = [...new Set(weights.map((w) => w.layer))]
      const near = layers.filter((l) => l.endsWith(`.${pattern}`) || l.includes(pattern)).concat(layers.slice(-3))
      throw usage(
        `Nothing is called ${JSON.stringify(pattern)}. Nearest: ${[...new Set(near)].slice(0, 4).join(', ')}. See: onnx-reinit inspect`,
      )
    }
    for (const w of found) selected.add(w)
  }
  for (const pattern of options.exclude ?? []) for (const w of matching(weights, pattern)) selected.delete(w)
  if (selected.size === 0) throw usage('Nothing is selected: give --layers or --all.')
  return selected
}

/** A value is an exact name (layer, tensor or node), else a regular expression, a path that ends at a dot, or a glob. */
function matching(weights: readonly Weight[], pattern: string): Weight[] {
  const exact = weights.filter((w) => w.tensor.name === pattern)
  if (exact.length > 0) return exact
  const layer = weights.filter((w) => w.uses.some((u) => u.layer === pattern || u.node.name === pattern))
  if (layer.length > 0) return layer
  if (pattern.startsWith('re:')) {
    const expression = new RegExp(pattern.slice(3))
    return weights.filter((w) => expression.test(w.tensor.name) || expression.test(w.layer))
  }
  return pattern.split(',').flatMap((part) => {
    const glob = new RegExp(`^${part.replace(/[.+^${}()|[\]\\?]/g, '\\$&').replace(/\*\*|\*/g, (s) => (s === '*' ? '[^./]*' : '.*'))}$`)
    return weights.filter(
      (w) => w.tensor.name === part || w.layer === part || w.layer.startsWith(`${part}.`) || glob.test(w.layer) || glob.test(w.tensor.name),
    )
  })
}
