import { ReinitError } from '../errors.js'
import { resolveInitializer } from '../init/resolveInitializer.js'
import type { Rule } from '../reports.js'
import { selectingKeys } from './keys.js'
import { entryOf, refuse, type Tree } from './tree.js'

/**
 * A rule must select something, and its initializer have the parameters that it is given. `at`: "rules[0]".
 * @throws ReinitError `usage` with the line of the key that is to blame.
 */
export function judgeRule(path: string, rule: Rule, tree: Tree, at: string): void {
  if (!selectingKeys.some((key) => rule[key] !== undefined && rule[key] !== false))
    throw refuse(path, tree.line, `${at} selects nothing: give it ${selectingKeys.join(', ')}.`)
  const complaint = complaintOf(rule)
  if (complaint === null) return
  // to blame is the key without which it would be another story
  const found = [...partsOf(rule, tree)].find(({ line, without }) => line !== undefined && complaintOf(without) !== complaint)
  const { key, line } = found ?? { key: 'init', line: entryOf(tree, 'init')?.line }
  const flagless = complaint.replace(/--(gain|mode|nonlinearity)\b/g, '$1').replaceAll('--negative-slope', 'negativeSlope')
  throw refuse(path, line ?? tree.line, `${at}.${key}: ${flagless}`)
}

function complaintOf(rule: Rule): string | null {
  try {
    resolveInitializer(rule.init ?? '', rule)
    return null
  } catch (error) {
    if (error instanceof ReinitError) return error.message
    throw error
  }
}

/** Every key that an initializer may be refused for, and the rule without it. */
function* partsOf(rule: Rule, tree: Tree): Iterable<{ readonly key: string; readonly line: number | undefined; readonly without: Rule }> {
  for (const key of ['gain', 'mode', 'nonlinearity', 'negativeSlope'] as const) {
    const { [key]: _, ...without } = rule
    yield { key, line: entryOf(tree, key)?.line, without }
  }
  if (typeof rule.init !== 'object') return
  const { name, parameters } = rule.init
  const written = entryOf(entryOf(tree, 'init')?.value, 'parameters')?.value
  for (const key of Object.keys(parameters)) {
    const { [key]: _, ...rest } = parameters
    yield { key: `init.parameters.${key}`, line: entryOf(written, key)?.line, without: { ...rule, init: { name, parameters: rest } } }
  }
}
