import { usage } from './errors.js'
import { matchPattern } from './names/matchPattern.js'
import { nearestNames } from './names/nearestNames.js'
import type { Rule, SelectionOptions } from './reports.js'
import type { Skipped, Weight } from './types.js'

/** What messages call the keys of a selection that was not written as a rule. */
const flags = { layers: '--layers', head: '--head', opTypes: '--op-type', roles: '--roles', exclude: '--exclude' } as const

/**
 * The weights that the selection flags mean, in file order: --layers, --head and --all add up, --op-type and --roles narrow, --exclude takes away.
 * @throws ReinitError `usage` where a value matches nothing, or nothing is left; not for an optional rule.
 */
export function selectWeights(
  weights: readonly Weight[],
  skipped: readonly Skipped[],
  options: SelectionOptions & Pick<Rule, 'optional' | 'where'>,
): Set<Weight> {
  if (weights.length === 0) throw usage(`The model has no parameters that could be selected${largest(skipped)}.`)
  const { layers = [], opTypes = [], roles = [], exclude = [], optional = false, where } = options
  const place = where === undefined ? '' : `${where}: `
  const called = (key: keyof typeof flags) => (where === undefined ? flags[key] : place + key)
  const miss = (message: string) => {
    if (!optional) throw usage(message)
  }
  const matched = (key: 'layers' | 'exclude', pattern: string) => {
    const found = matchPattern(weights, pattern, called(key))
    if (found.length === 0)
      miss(`${called(key)} ${JSON.stringify(pattern)} matches nothing in this model. Nearest: ${nearestNames(weights, pattern)}.`)
    return found
  }
  const names = layers.length > 0 || options.head === true
  if (!names && !options.all && opTypes.length === 0) {
    if (roles.length > 0) throw usage(`${place}--roles narrows a selection: give --layers, --head, --op-type or --all with it.`)
    throw usage(`${place}Nothing is selected: give --layers NAME, --head or --all. "onnx-reinit inspect MODEL" lists the layers.`)
  }
  const chosen = new Set<Weight>(names && !options.all ? [] : weights)
  if (options.head) {
    const head = weights.filter((w) => w.head)
    if (head.length === 0)
      miss(`${called('head')}: no weighted layer makes the outputs of this model. Name the layer with ${flags.layers}.`)
    for (const w of head) chosen.add(w)
  }
  for (const pattern of layers) for (const w of matched('layers', pattern)) chosen.add(w)
  const narrowed = (key: 'opTypes' | 'roles', values: readonly string[], has: (w: Weight, value: string) => boolean) => {
    for (const value of values) if (!weights.some((w) => has(w, value))) miss(`${called(key)} ${value} matches no parameter of this model.`)
    if (values.length > 0) for (const w of chosen) if (!values.some((value) => has(w, value))) chosen.delete(w)
  }
  narrowed('opTypes', opTypes, (w, type) => w.uses.some((u) => u.opType === type || `${u.domain}:${u.opType}` === type))
  narrowed('roles', roles, (w, role) => w.role === role)
  for (const pattern of exclude) for (const w of matched('exclude', pattern)) chosen.delete(w)
  const selected = new Set(weights.filter((w) => chosen.has(w)))
  if (selected.size === 0) miss(`${place}Nothing is left of the selection: all of it is narrowed or excluded away.`)
  return selected
}

/** Why what is there can't be. */
function largest(skipped: readonly Skipped[]): string {
  const [first] = [...skipped].sort((a, b) => b.elementCount - a.elementCount)
  return first ? `: ${first.detail} (${JSON.stringify(first.name)}, ${first.elementCount} values)` : ''
}
