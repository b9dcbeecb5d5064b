// Rules in the pipeline: which one decides, what flags add, and that a report's recipe gives the same bytes.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { reinit } from '../src/reinit.js'
import type { ReinitReport, Rule } from '../src/reports.js'
import * as b from './buildModel.js'
import { runCli } from './runCli.js'

let folder: string
let model: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recipe-rules-'))
  model = join(folder, 'mlp.onnx')
  copyFileSync('fixtures/mlp.onnx', model)
})

/** Initializers by tensor: "0.weight": "he_normal". */
const drawn = ({ changed }: ReinitReport) => Object.fromEntries(changed.map(({ name, initializer }) => [name, initializer]))
const plan = (rules: readonly Rule[]) => reinit(model, { rules, dryRun: true })

function recipe(text: string, name = 'r.yaml'): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('the last rule that matches a tensor wins whole', async () => {
  const report = await plan([
    { all: true, init: 'he_normal', bias: 'keep' },
    { layers: ['2', '4'], init: 'xavier_uniform', gain: 3 },
    { layers: ['4'], init: 'zeros', roles: ['weight'] },
  ])
  expect(drawn(report)).toEqual({
    '0.weight': 'he_normal',
    '2.weight': 'xavier_uniform',
    '2.bias': 'zeros',
    '4.weight': 'zeros',
    '4.bias': 'zeros',
  })
  expect(report.changed.map(({ gain }) => gain)).toEqual([Math.SQRT2, 3, null, null, null])
  expect(report.kept.map(({ name, reason }) => [name, reason])).toEqual([['0.bias', 'bias-kept']])
})

test('what one rule excludes another may have given', async () => {
  const report = await plan([
    { layers: ['0', '2'], init: 'ones', roles: ['weight'] },
    { all: true, exclude: ['0'], roles: ['weight'], init: 'zeros' },
  ])
  expect(drawn(report)).toEqual({ '0.weight': 'ones', '2.weight': 'zeros', '4.weight': 'zeros' })
})

test.each<[string, readonly Rule[], RegExp]>([
  ['nothing matches', [{ layers: ['fc'], init: 'zeros' }], /^rule 1: layers "fc" matches nothing in this model\. Nearest: /],
  ['no such operator', [{ opTypes: ['Conv'], init: 'zeros' }], /^rule 1: opTypes Conv matches no parameter/],
  [
    'no such role',
    [
      { all: true, init: 'zeros' },
      { all: true, roles: ['scale'], init: 'zeros' },
    ],
    /^rule 2: roles scale matches/,
  ],
  ['nothing to exclude', [{ all: true, exclude: ['fc'], init: 'zeros' }], /^rule 1: exclude "fc" matches nothing/],
  ['all is excluded', [{ layers: ['4'], exclude: ['4'], init: 'zeros' }], /^rule 1: Nothing is left of the selection/],
  ['nothing is selected', [{ init: 'zeros' }], /^rule 1: Nothing is selected/],
  ['no expression', [{ layers: ['re:('], init: 'zeros', optional: true }], /^rule 1: layers re:\( is not a regular expression/],
  ['no initializer', [{ all: true }], /^rule 1: No initializer is given/],
  ['an unknown one', [{ all: true, init: 'zeroes' }], /^rule 1: Unknown initializer "zeroes": did you mean "zeros"/],
  [
    'one that does not fit',
    [
      { all: true, init: 'ones' },
      { layers: ['4'], init: 'dirac', where: 'R:7' },
    ],
    /^R:7: dirac /,
  ],
  ['optional rules alone', [{ layers: ['fc'], init: 'zeros', optional: true }], /^None of the rules, all of them optional, matches/],
])('a rule is refused: %s', async (_, rules, message) => {
  await expect(plan(rules)).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(message) as string })
})

test('an optional rule goes by what is there', async () => {
  const report = await plan([
    { layers: ['4'], init: 'ones' },
    { layers: ['fc'], init: 'zeros', optional: true },
    { layers: ['2', 'fc'], exclude: ['head'], roles: ['weight', 'scale'], opTypes: ['Gemm', 'Conv'], init: 'zeros', optional: true },
  ])
  expect(drawn(report)).toEqual({ '2.weight': 'zeros', '4.weight': 'ones', '4.bias': 'zeros' })
})

test('a tensor of two layers: rules that name one of them, or both', async () => {
  // one matrix for two nodes
  const tied = join(
    b.folderOf({
      'm.onnx': b.model(
        b.graph(
          b.node('MatMul', ['x', 'tied'], ['h'], { name: 'first' }),
          b.node('MatMul', ['h', 'tied'], ['y'], { name: 'second' }),
          b.initializer({ name: 'tied', dims: [2, 2], values: [1, 2, 3, 4] }),
          b.input('x', [1, 2]),
          b.output('y', [1, 2]),
        ),
      ),
    }),
    'm.onnx',
  )
  const layersOf = async (rules: readonly Rule[]) => drawn(await reinit(tied, { rules, dryRun: true }))
  await expect(layersOf([{ layers: ['first'], init: 'ones' }])).rejects.toMatchObject({ code: 'conflict' })
  expect(
    await layersOf([
      { layers: ['first'], init: 'ones' },
      { layers: ['second'], init: 'zeros' },
    ]),
  ).toEqual({ tied: 'zeros' })
  expect(
    await layersOf([
      { layers: ['first'], init: 'ones' },
      { all: true, init: 'eye' },
    ]),
  ).toEqual({ tied: 'eye' })
})

describe('--config', () => {
  const two = 'seed: 5\nchecks: { run: false }\nrules:\n  - all: true\n    init: he_normal\n  - layers: 4\n    init: orthogonal\n'
  const report = async (argv: readonly string[]) => {
    const { status, stdout, stderr } = await runCli([model, ...argv, '--json', '--overwrite'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return JSON.parse(stdout) as ReinitReport
  }

  test('settings and rules of a file', async () => {
    const done = await report(['-c', recipe(two)])
    expect(done).toMatchObject({ seed: '5', run: { status: 'disabled' } })
    expect(drawn(done)).toMatchObject({ '2.weight': 'he_normal', '4.weight': 'orthogonal' })
  })

  test('a selection and its initializer are one more rule, other flags replace settings', async () => {
    const done = await report(['--config', recipe(two), '-l', '2', '--init', 'ones', '--bias', '3', '--seed', '6', '--fan', 'torch'])
    expect(done).toMatchObject({ seed: '6', recipe: { fan: 'torch', checks: { run: false } } })
    expect(drawn(done)).toEqual({
      '0.weight': 'he_normal',
      '0.bias': 'zeros',
      '2.weight': 'ones',
      '2.bias': 'constant',
      '4.weight': 'orthogonal',
      '4.bias': 'zeros',
    })
  })

  test.each([
    [['--config', 'R', '--gain', '2'], /^--gain beside --config makes one more rule, which needs an initializer/],
    [['--config', 'R', '-x', '2'], /^--exclude beside --config makes one more rule/],
    [['--config', 'R', '--he-normal'], /^Nothing is selected/],
    [['--config', 'R', '-c', 'R'], /^--config is given twice/],
    [['--config', 'R', '--report', 'R', '--overwrite'], /: the ending says the format|is a file of this job/],
    [['--config', 'none.yaml'], /^The recipe none\.yaml can't be read: it does not exist\.$/],
  ])('%j', async (argv, message) => {
    const path = recipe('rules:\n  - all: true\n    init: he_normal\n', 'r.json')
    const ran = await runCli([model, ...argv.map((word) => (word === 'R' ? path : word)), '--no-run'])
    expect(ran).toMatchObject({ stdout: '', status: argv.includes('none.yaml') ? 1 : 2 })
    expect(ran.stderr.trim().replace('onnx-reinit: ', '')).toMatch(message)
  })

  test('what matches nothing is told with file, line and key', async () => {
    const path = recipe('rules:\n  - all: true\n    init: he_normal\n\n  - layers: fc\n    init: ones\n')
    const { status, stderr } = await runCli([model, '-c', path])
    expect(status).toBe(2)
    expect(stderr).toMatch(/r\.yaml:5: layers "fc" matches nothing in this model\. Nearest: /)
    expect(existsSync(join(folder, 'mlp.reinit.onnx'))).toBe(false)
  })

  test.each<[string, readonly string[]]>([
    ['one rule', ['-l', '4', '--xavier-normal']],
    [
      'every parameter of one',
      [
        '-l',
        '2,4',
        '-x',
        '2.bias',
        '--he-normal',
        '--mode',
        'fan_out',
        '--nonlinearity',
        'leaky_relu',
        '--negative-slope',
        '0.3',
        '--bias',
        '0.25',
      ],
    ],
    ['a gain by name', ['--head', '--glorot-uniform', '--gain', 'gelu', '--fan', 'torch', '--bias', 'torch']],
    ['a seed beyond 2^53', ['--all', '--init', 'auto', '--seed', '18446744073709551615']],
    ['a head that is cut off', ['--head', '--feature-extractor']],
    ["PyTorch's stream", ['--all', '--init', 'torch_default', '--rng', 'torch', '--seed', '3']],
    [
      'a recipe',
      ['-c', 'R', '--op-type', 'Gemm', '--roles', 'bias', '--init', 'uniform:a=-0.1,b=0.1', '--bias', '1e-3', '--shared', 'rewrite'],
    ],
  ])("a report's recipe gives the same bytes: %s", async (_, flags) => {
    const path = recipe(`${two}  - layers: nothing\n    init: ones\n    optional: true\n`)
    const first = await report([...flags.map((word) => (word === 'R' ? path : word)), '--no-run'])
    const bytes = readFileSync(first.output as string)
    expect(bytes.equals(readFileSync(model))).toBe(false)
    const again = await report([
      '--config',
      recipe(JSON.stringify(first.recipe, null, 2), 'report-recipe.json'),
      '-o',
      join(folder, 'again.onnx'),
    ])
    expect(readFileSync(join(folder, 'again.onnx')).equals(bytes)).toBe(true)
    expect(again.recipe).toEqual(first.recipe)
    expect(again.changed.map(({ sha256 }) => sha256)).toEqual(first.changed.map(({ sha256 }) => sha256))
  })
})

describe('init', () => {
  test('writes a recipe that works, and never over one', async () => {
    const path = join(folder, 'new.yaml')
    expect(await runCli(['init', path])).toMatchObject({
      status: 0,
      stderr: '',
      stdout: `wrote ${path}: edit it, then onnx-reinit model.onnx --config ${path}\n`,
    })
    const text = readFileSync(path, 'utf8')
    const schema = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)?.[1] ?? ''
    expect(existsSync(new URL(schema, pathToFileURL(path)))).toBe(true)
    expect(await runCli(['init', path])).toMatchObject({
      status: 2,
      stderr: `onnx-reinit: ${path} exists: give --overwrite or another name.\n`,
    })
    writeFileSync(path, '')
    expect(await runCli(['init', path, '--overwrite'])).toMatchObject({ status: 0 })
    expect(readFileSync(path, 'utf8')).toBe(text)
    expect(await runCli([model, '-c', path, '--no-run', '-q'])).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  test.each([
    [['init'], 2, /^One file is needed \(file\), none is given\. Usage: onnx-reinit init <file>$/],
    [['init', 'r.json'], 2, /^r\.json: a commented recipe is YAML/],
    [['init', 'nowhere/r.yaml'], 1, /^The recipe nowhere\/r\.yaml can't be written: it does not exist\.$/],
    [['init', 'r.yaml', '--seed', '1'], 2, /^Unknown flag --seed of init: it is one of onnx-reinit <model>\.$/],
  ])('%j', async (argv, status, message) => {
    const ran = await runCli(argv)
    expect(ran).toMatchObject({ status, stdout: '' })
    expect(ran.stderr.trim().replace('onnx-reinit: ', '')).toMatch(message)
  })

  test('- is stdout', async () => {
    const { status, stdout } = await runCli(['init', '-'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^# yaml-language-server: [^]*^rules: [^]*init: auto$/m)
  })
})
