import { usage } from '../errors.js'
import type { Weight } from '../types.js'

/**
 * What one value of --layers or --exclude matches. Tried in this order: an exact name (tensor, layer, node), commas included; `re:…`, a
 * regular expression, unanchored; else split at commas, each an exact name, a layer path that ends at a dot, or a glob over a whole name.
 * `called`: what messages call the value.
 * @throws ReinitError `usage` where a regular expression is none.
 */
export function matchPattern(weights: readonly Weight[], pattern: string, called = '--layers'): Weight[] {
  const exact = named(weights, pattern)
  if (exact.length > 0) return exact
  if (pattern.startsWith('re:')) {
    const expression = regularExpression(pattern.slice(3), called)
    return weights.filter((w) => namesOf(w).some((n) => expression.test(n)))
  }
  const found = new Set(pattern.split(',').flatMap((part) => matchPart(weights, part)))
  return weights.filter((w) => found.has(w))
}

/** A tensor's name is that tensor alone; a layer's, all its parameters and those of the layers below it; a node's, what it uses. */
function named(weights: readonly Weight[], name: string): Weight[] {
  const tensor = weights.filter((w) => w.tensor.name === name)
  if (tensor.length > 0) return tensor
  const layer = weights.filter((w) => w.uses.some((u) => isWithin(u.layer, name)))
  return layer.length > 0 ? layer : weights.filter((w) => w.uses.some((u) => u.node.name === name))
}

/** Paths have dots, TensorFlow's slashes. */
const isWithin = (layer: string, path: string) => layer === path || layer.startsWith(`${path}.`) || layer.startsWith(`${path}/`)

function matchPart(weights: readonly Weight[], part: string): Weight[] {
  if (part === '') return []
  const exact = named(weights, part)
  if (exact.length > 0 || !part.includes('*')) return exact
  const glob = globExpression(part)
  return weights.filter((w) => namesOf(w).some((n) => glob.test(n)))
}

export function namesOf(w: Weight): string[] {
  return [...new Set([w.tensor.name, ...w.uses.flatMap((u) => [u.layer, u.node.name])])].filter((n) => n !== '')
}

/** `*` stops at `.` and `/`, `**` does not. */
function globExpression(glob: string): RegExp {
  const body = glob.replace(/[.+^${}()|[\]\\?]/g, '\\$&').replace(/\*+/g, (stars) => (stars === '*' ? '[^./]*' : '.*'))
  return new RegExp(`^${body}$`, 's')
}

function regularExpression(source: string, called: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch (error) {
    throw usage(
      `${called} re:${source} is not a regular expression: ${error instanceof Error ? error.message.replace(/^.*: /, '') : String(error)}.`,
    )
  }
}
