import { nearest } from '../init/nearest.js'
import type { Recipe, Rule, SelectionOptions } from '../reports.js'
import { judgeRule } from './judgeRule.js'
import { type Key, recipe } from './keys.js'
import { entryOf, readTree, refuse, type Tree } from './tree.js'
import { valueTypes } from './valueTypes.js'

/**
 * A recipe from a YAML or JSON file, as options of `reinit`: `reinit(model, { ...(await readRecipe('recipe.yaml')), seed: '7' })`.
 * @throws ReinitError `io` where the file can't be read, `usage` with file, line and key for what is malformed, unknown or missing.
 */
export async function readRecipe(path: string): Promise<Recipe> {
  const tree = await readTree(path)
  const { $schema: _, checks, rules = [], featureExtractor, ...settings } = readMap(path, tree, recipe, '') as Written
  if (featureExtractor) {
    if (rules.length > 0) throw refuse(path, tree.line, 'the recipe has rules and featureExtractor: a head that is cut off is not drawn.')
    return { ...settings, ...checks, ...featureExtractor, featureExtractor: true }
  }
  if (rules.length === 0) throw refuse(path, tree.line, `the recipe needs rules: ${recipe.keys.rules.description}.`)
  const trees = entryOf(tree, 'rules')?.value
  const placed = rules.map((rule, i) => {
    const at = trees?.kind === 'list' ? (trees.items[i] ?? tree) : tree
    judgeRule(path, rule, at, `rules[${i}]`)
    return { ...rule, where: `${path}:${at.line}` }
  })
  return { ...settings, ...checks, rules: placed }
}

/** What the keys' types make of a recipe. */
interface Written extends Omit<Recipe, 'rules' | 'featureExtractor' | 'verify' | 'run' | 'strict'> {
  readonly $schema?: string
  readonly checks?: Pick<Recipe, 'verify' | 'run' | 'strict'>
  readonly rules?: readonly Rule[]
  readonly featureExtractor?: SelectionOptions
}

/** `at`: the keys that lead here, "rules[0].init"; '' for the root. */
function readMap(path: string, tree: Tree, { keys = {}, required = [] }: Key, at: string): object {
  const here = at === '' ? 'the recipe' : at
  const known = Object.keys(keys).filter((name) => name !== '$schema')
  if (tree.kind !== 'map') throw refuse(path, tree.line, `${here} must be a map of ${known.join(', ')}, not ${shown(tree)}.`)
  const values = [...tree.entries].map(([name, { line, value }]) => {
    const key = Object.hasOwn(keys, name) ? (keys[name] as Key) : undefined
    if (key === undefined)
      throw refuse(path, line, `${here} has no key ${JSON.stringify(name)}${nearest(name, known) || `: its keys are ${known.join(', ')}.`}`)
    const inside = at === '' ? name : `${at}.${name}`
    const { read, expects } = valueTypes[key.type]
    const found = read(value, key, (inner, i) => readMap(path, inner, key, i === undefined ? inside : `${inside}[${i}]`))
    if (found === undefined) throw refuse(path, value.line, `${inside} must be ${expects(key)}, not ${shown(value)}.`)
    return [name, found] as const
  })
  const missing = required.find((name) => !tree.entries.has(name))
  if (missing !== undefined) throw refuse(path, tree.line, `${here} needs ${missing}: ${keys[missing]?.description}.`)
  return Object.fromEntries(values)
}

function shown(tree: Tree): string {
  if (tree.kind === 'map') return `a map of ${[...tree.entries.keys()].join(', ') || 'nothing'}`
  return tree.kind === 'list' ? `a list of ${tree.items.length}` : (tree.source || JSON.stringify(tree.value)).slice(0, MOST_SHOWN)
}
const MOST_SHOWN = 60
