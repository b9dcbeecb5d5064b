import { type Key, type Keys, recipe, ruleKeys } from './keys.js'

/** Where the comments behind keys begin. */
const COLUMN = 40
/** Longer lists of choices are left to the editor. */
const MOST_LISTED = 6

/** A recipe to begin with: a rule that works for any model, and every other key as a comment. `schema`: where editors find it. */
export function commentedRecipe(schema: string | null): string {
  const { $schema: _, seed, checks, rules, ...others } = recipe.keys
  return [
    ...(schema === null ? [] : [`# yaml-language-server: $schema=${schema}`]),
    `# ${recipe.description}.`,
    '#   onnx-reinit model.onnx --config FILE',
    '# Flags beside it go first: other settings replace these, a selection with its initializer is one more rule, the last.',
    '',
    ...linesOf({ seed }, ''),
    ...linesOf(others, '# '),
    commented('# checks:', checks),
    ...linesOf(checks.keys, '#   '),
    '',
    commented('rules:', rules),
    '  - all: true',
    '    init: auto',
    '',
    '  # another rule, with all that one can say',
    ...linesOf(ruleKeys, '  #   ').map((line, i) => (i === 0 ? line.replace('#  ', '# -') : line)),
    '',
  ].join('\n')
}

const linesOf = (keys: Keys, indent: string): string[] =>
  Object.entries(keys).map(([name, key]) => commented(`${indent}${name}: ${key.example}`, key))

function commented(line: string, { description, choices = [] }: Key): string {
  const listed = choices.length > 0 && choices.length <= MOST_LISTED ? ` (${choices.join(', ')})` : ''
  return `${line.padEnd(COLUMN)}  # ${description}${listed}`
}
