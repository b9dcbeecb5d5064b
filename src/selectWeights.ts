import { usage } from './errors.js'
import { matchPattern } from './names/matchPattern.js'
import { nearestNames } from './names/nearestNames.js'
import type { SelectionOptions } from './reports.js'
import type { Skipped, Weight } from './types.js'

/**
 * The weights that the selection flags mean, in file order: --layers, --head and --all add up, --op-type and --roles narrow, --exclude takes away.
 * @throws ReinitError `usage` where a value matches nothing, or nothing is left.
 */
export function selectWeights(weights: readonly Weight[], skipped: readonly Skipped[], options: SelectionOptions): Set<Weight> {
  if (weights.length === 0) throw usage(`The model has no parameters that could be selected${largest(skipped)}.`)
  const { layers = [], opTypes = [], roles = [], exclude = [] } = options
  const names = layers.length > 0 || options.head === true
  if (!names && !options.all && opTypes.length === 0) {
    if (roles.length > 0) throw usage('--roles narrows a selection: give --layers, --head, --op-type or --all with it.')
    throw usage('Nothing is selected: give --layers NAME, --head or --all. "onnx-reinit inspect MODEL" lists the layers.')
  }
  const chosen = new Set<Weight>(names && !options.all ? [] : weights)
  if (options.head) for (const w of headOf(weights)) chosen.add(w)
  for (const pattern of layers) for (const w of matched(weights, '--layers', pattern)) chosen.add(w)
  const narrowed = (flag: string, values: readonly string[], has: (w: Weight, value: string) => boolean) => {
    for (const value of values) if (!weights.some((w) => has(w, value))) throw usage(`${flag} ${value} matches no parameter of this model.`)
    if (values.length > 0) for (const w of chosen) if (!values.some((value) => has(w, value))) chosen.delete(w)
  }
  narrowed('--op-type', opTypes, (w, type) => w.uses.some((u) => u.opType === type || `${u.domain}:${u.opType}` === type))
  narrowed('--roles', roles, (w, role) => w.role === role)
  for (const pattern of exclude) for (const w of matched(weights, '--exclude', pattern)) chosen.delete(w)
  const selected = new Set(weights.filter((w) => chosen.has(w)))
  if (selected.size === 0) throw usage('Nothing is left of the selection: all of it is narrowed or excluded away.')
  return selected
}

/** Why what is there can't be. */
function largest(skipped: readonly Skipped[]): string {
  const [first] = [...skipped].sort((a, b) => b.elementCount - a.elementCount)
  return first ? `: ${first.detail} (${JSON.stringify(first.name)}, ${first.elementCount} values)` : ''
}

function headOf(weights: readonly Weight[]): Weight[] {
  const head = weights.filter((w) => w.head)
  if (head.length === 0) throw usage('--head: no weighted layer makes the outputs of this model. Name the layer with --layers.')
  return head
}

function matched(weights: readonly Weight[], flag: string, pattern: string): Weight[] {
  const found = matchPattern(weights, pattern)
  if (found.length > 0) return found
  const near = nearestNames(weights, pattern)
  throw usage(
    `${flag} ${JSON.stringify(pattern)} matches nothing in this model. Nearest: ${near.map((n) => JSON.stringify(n)).join(', ') || 'none'}.`,
  )
}
