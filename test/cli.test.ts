// The command line on real files, and as a process of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DiffReport, InspectReport, ReinitReport } from '../src/reports.js'
import { version } from '../src/version.js'
import * as b from './buildModel.js'
import { runCli } from './runCli.js'

let folder: string
let model: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'))
  model = join(folder, 'mlp.onnx')
  copyFileSync('fixtures/mlp.onnx', model)
})
const here = (text: string) => text.replaceAll(`${folder}/`, '').replace(/in \d+\.\d+ s/, 'in 0.0 s')
const main = ['--layers', '4', '--xavier-normal']

test('the sentence that everybody types first', async () => {
  const { status, stdout, stderr } = await runCli([model, ...main])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(here(stdout)).toMatchInlineSnapshot(`
    "mlp.onnx  4.32 kB, opset 20, pytorch 2.15.0: 6 parameters in 3 layers, 2 selected

      layer  parameter  shape    fan in → out  initializer            std: formula  drawn   before
      4      4.weight   [5, 20]      20 → 5    xavier_normal, gain 1       0.2828   0.2995  0.1187
      4      4.bias     [5]                    zeros                       0        0       0.128

      ✓ bytes    420 of 4,315 rewritten; every other byte is as it was
      ✓ values   mean, variance, shape and range as the formulas demand
      ✓ runs     onnxruntime-node 1.30.0: input [1, 12] → 11 [1, 5], finite, std 0.08612

    wrote mlp.reinit.onnx in 0.0 s, seed 0
    "
  `)
  expect(readdirSync(folder).sort()).toEqual(['mlp.onnx', 'mlp.reinit.onnx'])
  const only = await runCli(['diff', model, join(folder, 'mlp.reinit.onnx'), '--only', '4'])
  expect(only.status).toBe(0)
  expect(here(only.stdout)).toMatchInlineSnapshot(`
    "mlp.onnx → mlp.reinit.onnx  6 tensors

      layer  tensor    shape    differs in         max |Δ|  mean before → after     std before → after
      4      4.weight  [5, 20]  100 of 100 values  1.025        0.01997 → -0.03668      0.1187 → 0.2995
      4      4.bias    [5]      5 of 5 values      0.1964       0.03438 → 0              0.128 → 0

      ✓ tensors   2 of 6 tensors differ, none outside --only
      ✓ rest      everything that is no tensor's values is equal to the byte
    "
  `)
})

test('inspect', async () => {
  const { status, stdout, stderr } = await runCli(['inspect', model, '--stats', '--layers', '4'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(here(stdout)).toMatchInlineSnapshot(`
    "mlp.onnx  4.32 kB, opset 20, pytorch 2.15.0: 6 parameters in 3 layers, 2 selected

         layer  parameter  role    shape     fan in → out  mean       std     min      max     activation
         0      0.weight   weight  [24, 12]      12 → 24   -0.01324   0.1649  -0.288   0.287   relu
         0      0.bias     bias    [24]                    -0.02789   0.1238  -0.2367  0.1996
         2      2.weight   weight  [20, 24]      24 → 20   0.004978   0.1229  -0.2014  0.2041  relu
         2      2.bias     bias    [20]                    -0.003287  0.114   -0.1432  0.203
      *  4      4.weight   weight  [5, 20]       20 → 5    0.01997    0.1187  -0.2236  0.2214
      *  4      4.bias     bias    [5]                     0.03438    0.128   -0.1961  0.1964

    6 parameters in 3 layers, 917 values; selected: 2 parameters, 105 values
    "
  `)
})

test('JSON has the keys of the contract', async () => {
  const inspected = JSON.parse((await runCli(['inspect', model, '--json', '--stats'])).stdout) as InspectReport
  expect(Object.keys(inspected)).toEqual(expect.arrayContaining(['schema', 'tool', 'model', 'parameters', 'skipped']))
  expect(Object.keys(inspected.model)).toEqual(
    expect.arrayContaining(['path', 'byteLength', 'irVersion', 'opsets', 'producer', 'externalFiles']),
  )
  expect(Object.keys(inspected.parameters[0] ?? {})).toEqual(
    expect.arrayContaining(
      'name layer scope role owner storage dataType shape elementCount fanIn fanOut activation uses shared selected stats'.split(' '),
    ),
  )
  const done = JSON.parse((await runCli([model, ...main, '--no-run', '--json'])).stdout) as ReinitReport
  expect(Object.keys(done)).toEqual(
    expect.arrayContaining('schema tool input output seed rng recipe changed skipped kept bytes run milliseconds'.split(' ')),
  )
  expect(Object.keys(done.changed[0] ?? {})).toEqual(
    expect.arrayContaining(
      'name layer scope role dataType shape fanIn fanOut initializer gain expected before after sha256 checks'.split(' '),
    ),
  )
  expect(done).toMatchObject({ output: join(folder, 'mlp.reinit.onnx'), bytes: { identicalOutside: true }, run: { status: 'disabled' } })
  const compared = JSON.parse((await runCli(['diff', model, join(folder, 'mlp.reinit.onnx'), '--json'])).stdout) as DiffReport
  expect(compared).toMatchObject({ equal: false, restEqual: true, changed: done.changed.map(({ name }) => ({ name })) })
})

test('a dry run writes nothing, a report file by its ending', async () => {
  const { status, stdout } = await runCli([model, ...main, '--dry-run', '--report', join(folder, 'r.md')])
  expect(status).toBe(0)
  expect(stdout).toMatch(/dry run: nothing written; 420 of 4,315 bytes \(420 bytes\) would be rewritten, seed 0\n$/)
  expect(readdirSync(folder).sort()).toEqual(['mlp.onnx', 'r.md'])
  expect(readFileSync(join(folder, 'r.md'), 'utf8')).toContain('| `4` | `4.weight` |')
})

test('the same bytes through a file, through stdin and stdout, and in place', async () => {
  const flags = [...main, '--no-run', '--seed', '7']
  const bytes = readFileSync(model)
  const file = await runCli([model, ...flags, '-o', join(folder, 'o.onnx')])
  expect(file.status).toBe(0)
  const expected = readFileSync(join(folder, 'o.onnx'))
  expect(expected.equals(bytes)).toBe(false)
  const streamed = await runCli(['-', ...flags], { stdin: bytes })
  expect({ status: streamed.status, equal: streamed.bytes.equals(expected) }).toEqual({ status: 0, equal: true })
  expect(streamed.stderr).toMatch(/wrote the model to stdout in/)
  const toStdout = await runCli([model, ...flags, '-o', '-', '-q'])
  expect(toStdout).toMatchObject({ status: 0, stderr: '' })
  expect(toStdout.bytes.equals(expected)).toBe(true)
  const fromStdin = await runCli(['-', ...flags, '-o', join(folder, 'p.onnx')], { stdin: bytes })
  expect({ status: fromStdin.status, equal: readFileSync(join(folder, 'p.onnx')).equals(expected) }).toEqual({ status: 0, equal: true })
  expect((await runCli([model, ...flags, '--in-place'])).status).toBe(0)
  expect(readFileSync(model).equals(expected)).toBe(true)
  expect((await runCli(['diff', '-', model], { stdin: expected })).status).toBe(0)
})

test('external data goes to stdout inside the model', async () => {
  const payload = Buffer.from(b.raw('FLOAT', [1, 2, 3, 4, 5, 6]))
  const weight = { dims: [2, 3], external: { location: 'w.data', offset: '0', length: '24' } }
  const at = b.folderOf({ 'm.onnx': b.linearModel({ inFeatures: 2, outFeatures: 3, weight }), 'w.data': payload })
  const { status, bytes } = await runCli([join(at, 'm.onnx'), '-l', 'fc.bias', '--he-normal', '--no-run', '-o', '-'])
  expect(status).toBe(0)
  expect(bytes.includes(payload)).toBe(true)
  expect(bytes.includes('w.data')).toBe(false)
})

describe('what a user can do wrong is one line, and leaves nothing behind', () => {
  test.each<[string, (at: string) => readonly string[], number, RegExp]>([
    ['no file', (at) => [`${at}/no.onnx`, ...main], 1, /no\.onnx/],
    ['a folder', (at) => [at, ...main], 1, /^onnx-reinit: \S/],
    ['an empty file', (at) => [`${at}/empty.onnx`, ...main], 1, /empty\.onnx is empty/],
    ['a truncated file', (at) => [`${at}/short.onnx`, ...main], 1, /not a valid ONNX file/],
    ['no ONNX file', (at) => [`${at}/text.onnx`, ...main], 1, /ONNX/],
    [
      'a layer that is not there',
      (at) => [`${at}/mlp.onnx`, '-l', 'fc', '--he-normal'],
      2,
      /--layers "fc" matches nothing in this model\. Nearest: /,
    ],
    ['nothing selected', (at) => [`${at}/mlp.onnx`, '--he-normal'], 2, /Nothing is selected/],
    [
      'an initializer that is none',
      (at) => [`${at}/mlp.onnx`, '--all', '--init', 'xavier_norml'],
      2,
      /Unknown initializer "xavier_norml": did you mean "xavier_normal"/,
    ],
    [
      'a parameter that it has not',
      (at) => [`${at}/mlp.onnx`, '--all', '--xavier-normal', '--mode', 'fan_in'],
      2,
      /xavier_normal has no mode: leave --mode out/,
    ],
    [
      'gain and nonlinearity',
      (at) => [`${at}/mlp.onnx`, '--all', '--he-normal', '--gain', '1', '--nonlinearity', 'relu'],
      2,
      /exclude each other/,
    ],
    [
      'a gain that is none',
      (at) => [`${at}/mlp.onnx`, '--all', '--he-normal', '--gain', 'foo'],
      2,
      /"foo" is neither a number nor a nonlinearity/,
    ],
    ['a seed that is none', (at) => [`${at}/mlp.onnx`, '--all', '--he-normal', '--seed', 'abc'], 2, /[Ss]eed "abc" is not a whole number/],
    [
      'a seed of 2^64',
      (at) => [`${at}/mlp.onnx`, '--all', '--he-normal', '--seed', '18446744073709551616'],
      2,
      /is not a whole number from 0 to 2\^64-1/,
    ],
    ['an output that exists', (at) => [`${at}/mlp.onnx`, ...main, '-o', `${at}/text.onnx`], 2, /text\.onnx exists: give --overwrite/],
    ['an output that is the input', (at) => [`${at}/mlp.onnx`, ...main, '-o', `${at}/mlp.onnx`, '--overwrite'], 2, /mlp\.onnx/],
    ['an output in no folder', (at) => [`${at}/mlp.onnx`, ...main, '-o', `${at}/no/o.onnx`], 2, /folder/],
    ['an output and in place', (at) => [`${at}/mlp.onnx`, ...main, '-o', `${at}/o.onnx`, '--in-place'], 2, /exclude each other/],
  ])('%s', async (_, argv, status, message) => {
    writeFileSync(join(folder, 'empty.onnx'), '')
    writeFileSync(join(folder, 'text.onnx'), 'this is no model\n'.repeat(9))
    copyFileSync(model, join(folder, 'short.onnx'))
    truncateSync(join(folder, 'short.onnx'), 300)
    const before = readdirSync(folder)
    const bytes = readFileSync(model)
    const ran = await runCli([...argv(folder), '--no-run'])
    expect(ran).toMatchObject({ status, stdout: '' })
    expect(ran.stderr).toMatch(/^onnx-reinit: [^\n]*\n$/)
    expect(ran.stderr).toMatch(message)
    const json = await runCli([...argv(folder), '--no-run', '--json'])
    expect(json.status).toBe(status)
    expect(`onnx-reinit: ${(JSON.parse(json.stdout) as { error: { message: string } }).error.message}\n`).toBe(json.stderr)
    expect(readdirSync(folder)).toEqual(before)
    expect(readFileSync(model).equals(bytes)).toBe(true)
  })

  test('external data of a model on stdin', async () => {
    const weight = { dims: [2, 3], external: { location: 'w.data', offset: '0', length: '24' } }
    const stdin = Buffer.from(b.linearModel({ inFeatures: 2, outFeatures: 3, weight }))
    const { status, stderr, stdout } = await runCli(['-', '--all', '--he-normal', '--no-run'], { stdin })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^onnx-reinit: .*w\.data[^\n]*\n$/)
    expect(stderr).not.toContain(tmpdir())
  })
})

describe('as a process', () => {
  let cli: string
  beforeAll(() => {
    const built = mkdtempSync(join(tmpdir(), 'cli-built-'))
    expect(spawnSync(process.execPath, ['build.mjs', built], { encoding: 'utf8' })).toMatchObject({ status: 0 })
    cli = join(built, 'cli.js')
  }, 60_000)
  const run = (argv: readonly string[], options: object = {}) =>
    spawnSync(process.execPath, [cli, ...argv], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' }, ...options })

  test('version, help and exit status', () => {
    expect(run(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' })
    expect(run(['inspect', '--version'])).toMatchObject({ status: 0, stdout: `${version}\n` })
    expect(run(['--help'])).toMatchObject({ status: 0, stderr: '' })
    expect(run(['--al'])).toMatchObject({ status: 2, stdout: '', stderr: 'onnx-reinit: Unknown flag --al: did you mean --all?\n' })
    expect(run([model, ...main, '--no-run', '-q'])).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(run(['diff', model, join(folder, 'mlp.reinit.onnx'), '-q'])).toMatchObject({ status: 1, stdout: '', stderr: '' })
  })

  test('a code cache that is damaged, cut, or not there costs time alone; by both names', () => {
    const folder = dirname(cli)
    const cache = join(folder, readdirSync(folder).find((name) => name.endsWith('.cache')) ?? '')
    const good = readFileSync(cache)
    const damaged = Buffer.from(good)
    for (let at = 64; at < damaged.length; at += 5003) damaged[at] = (damaged[at] as number) ^ 0xff
    const expected = run(['inspect', model]).stdout
    expect(expected).toContain('6 parameters')
    try {
      for (const bytes of [damaged, good.subarray(0, good.length >> 1), Buffer.alloc(0), null]) {
        if (bytes) writeFileSync(cache, bytes)
        else rmSync(cache)
        expect(run(['inspect', model])).toMatchObject({ status: 0, stdout: expected, stderr: '' })
      }
    } finally {
      writeFileSync(cache, good)
    }
    // a cache of V8 with other flags
    expect(spawnSync(process.execPath, ['--no-opt', cli, 'inspect', model], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: expected,
    })
    expect(spawnSync(process.execPath, [join(folder, 'cli.cjs'), 'inspect', model], { encoding: 'utf8' }).stdout).toBe(expected)
  }, 30_000)

  test('the digests of what is written are for JSON', () => {
    const shown = () => (JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as ReinitReport).changed.map((c) => c.sha256?.length)
    const argv = [model, ...main, '--no-run', '--overwrite']
    expect(run([...argv, '-q', '--report', join(folder, 'r.json')]).status).toBe(0)
    const digests = shown()
    expect(digests).toEqual(digests.map(() => 64))
    expect((JSON.parse(run([...argv, '--json']).stdout) as ReinitReport).changed.map((c) => c.sha256?.length)).toEqual(digests)
  })

  test('a pipe through it', () => {
    const result = run(['-', ...main, '--no-run'], { input: readFileSync(model), encoding: 'buffer' })
    expect(result.status).toBe(0)
    run([model, ...main, '--no-run'])
    expect(Buffer.from(result.stdout).equals(readFileSync(join(folder, 'mlp.reinit.onnx')))).toBe(true)
  })

  const start = (argv: readonly string[], env: Record<string, string> = {}): { child: ChildProcess; stderr: () => string } => {
    const child = spawn(process.execPath, [cli, ...argv], { env: { ...process.env, ...env } })
    let text = ''
    child.stderr.on('data', (data: Buffer) => (text += data.toString()))
    return { child, stderr: () => text }
  }

  test('a reader that goes away is no error', async () => {
    // more than a pipe holds, so that the writing meets the closed end
    const many = Array.from({ length: 3000 }, (_, i) => b.initializer({ name: `unused.with.a.long.name.${i}`, dims: [1], values: [1] }))
    const path = join(b.folderOf({ 'many.onnx': b.linearModel({ extra: many }) }), 'many.onnx')
    const { child, stderr } = start(['inspect', path, '--json'])
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(stderr()).toBe('')
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s cleans up and exits %i', async (signal, status) => {
    const temporary = join(folder, 'tmp')
    mkdirSync(temporary)
    const { child, stderr } = start(['-', ...main], { TMPDIR: temporary })
    child.stdin?.write('half a model')
    for (let tries = 0; readdirSync(temporary).length === 0 && tries < 500; tries++) await setTimeout(20)
    expect(readdirSync(temporary)).toHaveLength(1)
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([status, null])
    expect(stderr()).toBe(`onnx-reinit: interrupted by ${signal}\n`)
    expect(readdirSync(temporary)).toEqual([])
  })

  test.skipIf(!existsSync('/dev/full'))('a full disk under stdout', () => {
    const full = spawnSync('sh', ['-c', `"${process.execPath}" "${cli}" inspect "${model}" > /dev/full`], { encoding: 'utf8' })
    expect(full).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^onnx-reinit: The report can't be written: .*ENOSPC/) as string,
    })
  })
})
