// Recipes as files: what is read, what is refused and where, and the schema that editors go by.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ReinitError } from '../src/errors.js'
import { commentedRecipe } from '../src/recipe/commentedRecipe.js'
import { type Key, recipe, ruleKeys } from '../src/recipe/keys.js'
import { readRecipe } from '../src/recipe/readRecipe.js'
import { recipeSchema } from '../src/recipe/recipeSchema.js'
import type { Recipe } from '../src/reports.js'
import { accepts, type Schema } from './jsonSchema.js'

const folder = mkdtempSync(join(tmpdir(), 'recipe-'))
let files = 0

/** A recipe of a text; errors speak of the file as R. */
async function read(text: string, ending = 'yaml'): Promise<Recipe> {
  const path = join(folder, `${files++}.${ending}`)
  writeFileSync(path, text)
  try {
    return await readRecipe(path)
  } catch (error) {
    if (!(error instanceof ReinitError)) throw error
    throw new ReinitError(error.code, error.message.replaceAll(path, 'R'))
  }
}
/** As read, without the places of the rules. */
async function rules(text: string): Promise<object> {
  const { rules = [], ...settings } = await read(text)
  return { ...settings, rules: rules.map((rule) => ({ ...rule, where: undefined })) }
}
const all = { all: true, init: 'auto' }

test.each<[string, object]>([
  ['rules: [{ all: true, init: auto }]', { rules: [all] }],
  ['{"rules":[{"all":true,"init":"auto"}]}', { rules: [all] }],
  ['{\n\t"$schema": "x",\n\t"rules": [\n\t\t{ "all": true,\n\t\t"init": "auto" }\n\t]\n}', { rules: [all] }],
  ['\uFEFFrules:\r\n  - all: true\r\n    init: auto\r\n', { rules: [all] }],
  [
    'seed: 7\nrng: torch\nfan: effective\nshared: fork\nchecks: { verify: false, run: true, strict: true }\nrules: [{ all: true, init: auto }]',
    { seed: '7', rng: 'torch', fan: 'effective', shared: 'fork', verify: false, run: true, strict: true, rules: [all] },
  ],
  ['seed: "18446744073709551615"\nrules: [{ all: true, init: auto }]', { seed: '18446744073709551615', rules: [all] }],
  ['seed: 9007199254740991\nrules: [{ all: true, init: auto }]', { seed: '9007199254740991', rules: [all] }],
  [
    "rules:\n  - layers: fc\n    init: zeros\n  - layers: [0, 1.50, 'b,c', re:^x$]\n    exclude: 2\n    init: zeros\n",
    {
      rules: [
        { layers: ['fc'], init: 'zeros' },
        { layers: ['0', '1.50', 'b,c', 're:^x$'], exclude: ['2'], init: 'zeros' },
      ],
    },
  ],
  [
    'rules:\n  - { opTypes: Conv, roles: [weight, bias], init: he_normal, mode: fan_out, nonlinearity: leaky_relu, negativeSlope: 0.2, bias: -0.5, optional: true }',
    {
      rules: [
        {
          opTypes: ['Conv'],
          roles: ['weight', 'bias'],
          init: 'he_normal',
          mode: 'fan_out',
          nonlinearity: 'leaky_relu',
          negativeSlope: 0.2,
          bias: -0.5,
          optional: true,
        },
      ],
    },
  ],
  [
    'rules:\n  - head: true\n    bias: keep\n    gain: tanh\n    init: { name: keras.glorot_normal }\n',
    { rules: [{ head: true, bias: 'keep', gain: 'tanh', init: { name: 'keras.glorot_normal', parameters: {} } }] },
  ],
  [
    'rules:\n  - layers: &a [a, b]\n    init: &i { name: normal, parameters: { std: 0.1 } }\n  - exclude: *a\n    all: true\n    init: *i',
    {
      rules: [
        { layers: ['a', 'b'], init: { name: 'normal', parameters: { std: 0.1 } } },
        { exclude: ['a', 'b'], all: true, init: { name: 'normal', parameters: { std: 0.1 } } },
      ],
    },
  ],
])('%j', async (text, expected) => {
  expect(await rules(text)).toEqual(expected)
})

test('a rule knows where it stands', async () => {
  const { rules } = await read('# a comment\nrules:\n  - all: true\n    init: auto\n\n  - layers: x\n    init: zeros')
  expect(rules?.map(({ where }) => where)).toEqual([expect.stringMatching(/\.yaml:3$/), expect.stringMatching(/\.yaml:6$/)])
})

test.each<[string, RegExp]>([
  ['', /^R:1: the recipe must be a map of seed, rng, fan, .*, rules, not null\.$/],
  ['- a', /^R:1: the recipe must be a map of .*, not a list of 1\.$/],
  ['rules: []', /^R:1: rules must be a list of maps, not a list of 0\.$/],
  ['seed: 1', /^R:1: the recipe needs rules: rules in order/],
  [
    'featureExtractor: { head: true }\nrules:\n  - all: true\n    init: auto',
    /^R:1: the recipe has rules and featureExtractor: a head that/,
  ],
  ['featureExtractor: { haed: true }', /^R:1: featureExtractor has no key "haed": did you mean "head"\?$/],
  ['rules:\n  - all: true\n    init: auto\nsede: 1', /^R:4: the recipe has no key "sede": did you mean "seed"\?$/],
  ['rules:\n  - all: true\n    init: auto\nnonsense: 1', /^R:4: the recipe has no key "nonsense": its keys are seed, rng/],
  ['rules:\n  - all: true\n    layer: fc\n    init: auto', /^R:3: rules\[0\] has no key "layer": did you mean "layers"\?$/],
  ['rules:\n  - all: true\n    op-type: fc\n    init: auto', /^R:3: rules\[0\] has no key "op-type": did you mean "opTypes"\?$/],
  ['rules:\n  - all: true\n    __proto__: fc\n    init: auto', /^R:3: rules\[0\] has no key "__proto__": its keys are/],
  ['rules:\n  - all: true\n    where: fc\n    init: auto', /^R:3: rules\[0\] has no key "where"/],
  ['rules:\n  - all: true', /^R:2: rules\[0\] needs init: NAME, NAME:key=value,… or a map of name and parameters\.$/],
  ['rules:\n  - init: auto', /^R:2: rules\[0\] selects nothing: give it layers, head, all, opTypes\.$/],
  ['rules:\n  - init: auto\n    all: false\n    roles: weight', /^R:2: rules\[0\] selects nothing/],
  ['rules:\n  - auto', /^R:2: rules\[0\] must be a map of layers, head, .*, not auto\.$/],
  ['rules:\n  all: true\n  init: auto', /^R:2: rules must be a list of maps, not a map of all, init\.$/],
  ['rules:\n  - all: yes\n    init: auto', /^R:2: rules\[0\]\.all must be true or false, not yes\.$/],
  ['rules:\n  - layers:\n    init: auto', /^R:2: rules\[0\]\.layers must be a name or a list of names, not null\.$/],
  ['rules:\n  - layers: [a, {b: c}]\n    init: auto', /^R:2: rules\[0\]\.layers must be a name or a list of names, not a list of 2\.$/],
  [
    'rules:\n  - all: true\n    roles: [weight, wieght]\n    init: auto',
    /^R:3: rules\[0\]\.roles must be one or a list of weight, recurrent/,
  ],
  ['rules:\n  - all: true\n    init: 3', /^R:3: rules\[0\]\.init must be NAME.*, not 3\.$/],
  ['rules:\n  - all: true\n    init: { nmae: zeros }', /^R:3: rules\[0\]\.init has no key "nmae": did you mean "name"\?$/],
  ['rules:\n  - all: true\n    init: { parameters: {} }', /^R:3: rules\[0\]\.init needs name/],
  [
    'rules:\n  - all: true\n    init: { name: normal, parameters: { std: [1] } }',
    /^R:3: rules\[0\]\.init\.parameters must be a map of numbers/,
  ],
  [
    'rules:\n  - all: true\n\n    init: xavier_norml',
    /^R:4: rules\[0\]\.init: Unknown initializer "xavier_norml": did you mean "xavier_normal"\?/,
  ],
  ['rules:\n  - all: true\n    init: constant', /^R:3: rules\[0\]\.init: constant needs value/],
  [
    'rules:\n  - all: true\n    init:\n      name: normal\n      parameters:\n        mean: 1\n        sdt: 2',
    /^R:7: rules\[0\]\.init\.parameters\.sdt: normal has no "sdt": did you mean "std"\?/,
  ],
  [
    'rules:\n  - all: true\n    init:\n      name: normal\n      parameters:\n        std: -1\n        mean: 1',
    /^R:6: rules\[0\]\.init\.parameters\.std: normal: std must be at least 0, not -1\.$/,
  ],
  [
    'rules:\n  - all: true\n    init: xavier_normal\n    mode: fan_in',
    /^R:4: rules\[0\]\.mode: xavier_normal has no mode: leave mode out \(he_uniform/,
  ],
  [
    'rules:\n  - all: true\n    init: zeros\n    negativeSlope: 0.1',
    /^R:4: rules\[0\]\.negativeSlope: zeros has no .*: leave negativeSlope out/,
  ],
  ['rules:\n  - all: true\n    init: he_normal\n    gain: 2\n    nonlinearity: relu', /^R:4: rules\[0\]\.gain: .*exclude each other/],
  [
    'rules:\n  - all: true\n    init: he_normal\n    gain: rleu',
    /^R:4: rules\[0\]\.gain must be a number or one of linear, .*, not rleu\.$/,
  ],
  ['rules:\n  - all: true\n    init: auto\n    bias: .nan', /^R:4: rules\[0\]\.bias must be a number or one of zeros, keep/],
  ['rng: mt\nrules: [{ all: true, init: auto }]', /^R:1: rng must be one of philox, torch, not mt\.$/],
  ['numClasses: 0\nrules: [{ head: true, init: auto }]', /^R:1: numClasses must be a whole number from 1, not 0\.$/],
  [
    'keepClasses: [1, -1]\nrules: [{ head: true, init: auto }]',
    /^R:1: keepClasses must be a list of whole numbers from 0, not a list of 2\.$/,
  ],
  ['checks:\n  rnu: false\nrules: [{ all: true, init: auto }]', /^R:2: checks has no key "rnu": did you mean "run"\?$/],
  ['checks: [run]\nrules: [{ all: true, init: auto }]', /^R:1: checks must be a map of verify, run, strict, not a list of 1\.$/],
  [
    'seed: 9007199254740993\nrules: [{ all: true, init: auto }]',
    /^R:1: seed must be a whole number from 0 to 2\^64-1, above 2\^53 in quotes, not 9007199254740993\.$/,
  ],
  ['seed: "18446744073709551616"\nrules: [{ all: true, init: auto }]', /^R:1: seed must be/],
  ['seed: -1\nrules: [{ all: true, init: auto }]', /^R:1: seed must be.*, not -1\.$/],
  ['seed: 1\nseed: 2\nrules: []', /^R:2: Map keys must be unique\.$/],
  ['rules:\n  - all: true\n   init: auto', /^R:3: \S/],
  ['{"rules": [\n{"all": true "init": "auto"}]}', /^R:2: \S/],
  ['rules:\n\t- all: true', /^R:2: \S/],
  ['a: 1\n---\nb: 2', /^R:\d: \S/],
  ['? [a]\n: b', /^R:1: a key must be a word\.$/],
  ['rules: !!python/object x', /^R:1: \S/],
  ['rules: *nowhere', /^R:1: \S/],
  [`rules: ${'['.repeat(20_000)}`, /^R:1: \S/],
  [
    `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`).join('\n')}`,
    /^R:\d+: more than 100000 values/,
  ],
])('%j is refused', async (text, message) => {
  const error: unknown = await read(text).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'usage' })
  expect((error as Error).message).toMatch(message)
  expect((error as Error).message).not.toContain('\n')
})

test('a file that is none', async () => {
  await expect(readRecipe(join(folder, 'none.yaml'))).rejects.toMatchObject({
    code: 'io',
    message: expect.stringContaining('none.yaml') as string,
  })
  await expect(readRecipe(folder)).rejects.toMatchObject({ code: 'io', message: expect.stringMatching(/it is a folder\.$/) as string })
  await expect(read(`# ${'x'.repeat(1 << 20)}`)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/^R has 1048578 bytes/) as string,
  })
})

test('the schema that is shipped is the one of the tables (vitest -u writes it)', async () => {
  await expect(`${JSON.stringify(recipeSchema(), null, 2)}\n`).toMatchFileSnapshot('../recipe.schema.json')
})

const scalars = [true, false, null, 0, 7, -1, 0.5, 2 ** 53 + 2, '', 'x', '7', '18446744073709551615', 'true']
const lists = [[], ['x'], [1], [''], [null], [[]], [all]]
const maps = [{}, { x: 1 }, { name: 'normal' }, { name: 'normal', parameters: { std: 0.5 } }, { run: false }, { run: 0 }, { rnu: true }]
const values = [...scalars, ...lists, ...maps]
const cases = (keys: Readonly<Record<string, Key>>, whole: (key: string, value: unknown) => object) =>
  Object.entries(keys).flatMap(([key, { choices = [] }]) =>
    [...values, ...choices, choices, [...choices, 'x']].map((value) => whole(key, value)),
  )

test('reading and the schema take the same values', async () => {
  const schema = recipeSchema() as Schema
  const recipes = [
    ...cases(recipe.keys, (key, value) => ({ rules: [all], [key]: value })),
    ...cases(ruleKeys, (key, value) => ({ rules: [{ all: true, init: 'he_normal', [key]: value }] })),
    ...cases(ruleKeys, (key, value) => ({ rules: [{ all: true, [key]: value }] })),
    { rules: [all], more: 1 },
    { rules: [{ ...all, more: 1 }] },
  ]
  let refused = 0
  for (const given of recipes) {
    const message = await read(JSON.stringify(given), 'json').then(
      () => '',
      (error: unknown) => (error as Error).message,
    )
    // what an initializer says of its parameters is judged beyond the schema, but for the map of them
    const isShape = message !== '' && !/^R:\d+: \S+: /.test(message)
    const isInit = /init/.test(message) && /"(name|parameters)"/.test(JSON.stringify(given))
    // false is none of the keys that select
    if (!isInit && !/selects nothing/.test(message)) expect(accepts(schema, given), `${JSON.stringify(given)} ${message}`).toBe(!isShape)
    refused += isShape ? 1 : 0
  }
  expect(refused).toBeGreaterThan(300)
  expect(recipes.length - refused).toBeGreaterThan(100)
}, 30_000)

test.each([
  [{ name: 'normal', parameters: { std: 0.5 } }, true],
  [{ name: 'glorot_uniform' }, true],
  [{ name: 'xavier_uniform', parameters: { gain: 'tanh' } }, true],
  [{ name: 'nrmal' }, false],
  [{ name: 'normal', parameters: { sdt: 1 } }, false],
  [{ name: 'normal', parameters: { std: -1 } }, false],
  [{ name: 'dirac', parameters: { groups: 1.5 } }, false],
  [{ parameters: {} }, false],
  [undefined, false],
])('the schema knows initializers: %j %s', (init, expected) => {
  const schema = recipeSchema() as Schema
  expect(accepts(schema, JSON.parse(JSON.stringify({ rules: [{ all: true, init }] })))).toBe(expected)
  expect(accepts(schema, { rules: [{ roles: 'weight', init: 'auto' }] })).toBe(false)
})

test('the commented recipe is one, and each of its comments is a key that works', async () => {
  const text = commentedRecipe('../recipe.schema.json')
  expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/recipe\.schema\.json\n/)
  expect(await rules(text)).toEqual({ seed: '0', rules: [all] })
  const settings = text
    .replace(/^# (?=\w+: )/gm, '')
    .replace(/^# checks:/m, 'checks:')
    .replace(/^# {3}(?=\w+: )/gm, '  ')
    .replace(/^featureExtractor: .*$/m, '')
  const named = Object.keys(recipe.keys).filter((key) => !['$schema', 'checks', 'featureExtractor'].includes(key))
  expect(Object.keys(await rules(settings)).sort()).toEqual([...named, 'verify', 'run', 'strict'].sort())
  const lines = text.split('\n').filter((line) => /^ {2}# [- ] \w/.test(line))
  expect(lines.map((line) => line.slice(6).split(':')[0])).toEqual(Object.keys(ruleKeys))
  for (const line of lines) {
    const [key = '', ...rest] = line.slice(6).split(':')
    const rule = {
      init: 'he_normal',
      all: 'true',
      ...(key === 'negativeSlope' ? { nonlinearity: 'leaky_relu' } : {}),
      [key]: rest.join(':'),
    }
    const written = Object.entries(rule).map(([name, value], i) => `${i === 0 ? '  - ' : '    '}${name}: ${value}`)
    expect((await read(`rules:\n${written.join('\n')}`)).rules).toHaveLength(1)
  }
})
