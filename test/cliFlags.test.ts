// What each flag says to the library. The library is replaced: these tests ask what it is told.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, expect, test, vi } from 'vitest'
import { ReinitError } from '../src/errors.js'
import { initializers } from '../src/init/initializers.js'
import type { ReinitOptions, ReinitReport } from '../src/reports.js'
import { biasChange, dryReport, inspectReport, reinitReport } from './reports.js'
import { runCli } from './runCli.js'

const reinit = vi.hoisted(() => vi.fn<(path: string, options: ReinitOptions) => Promise<ReinitReport>>())
const inspect = vi.hoisted(() => vi.fn())
const diff = vi.hoisted(() => vi.fn())
vi.mock('../src/reinit.js', () => ({ reinitPasses: reinit }))
vi.mock('../src/inspect.js', () => ({ inspectPasses: inspect }))
vi.mock('../src/diff.js', () => ({ diff }))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-flags-'))
  reinit.mockReset().mockResolvedValue(reinitReport)
  inspect.mockReset().mockReturnValue(inspectReport)
  diff.mockReset()
})

/** The options of the one call, without what every call gets. */
function told(library: typeof reinit): object {
  const { signal, onProgress, digests: _, onRead: __, ...options } = library.mock.calls[0]?.[1] ?? {}
  expect(signal).toBeInstanceOf(AbortSignal)
  expect(['function', 'undefined']).toContain(typeof onProgress)
  return options
}

const he = ['m.onnx', '--he-normal']
test.each<[readonly string[], ReinitOptions]>([
  [['--xavier-normal', 'm.onnx'], { init: 'xavier_normal' }],
  [['m.onnx', '--xavier-uniform'], { init: 'xavier_uniform' }],
  [['m.onnx', '--he-uniform'], { init: 'he_uniform' }],
  [['m.onnx', '--glorot-uniform'], { init: 'xavier_uniform' }],
  [['m.onnx', '--glorot-normal'], { init: 'xavier_normal' }],
  [['m.onnx', '--kaiming-uniform'], { init: 'he_uniform' }],
  [['m.onnx', '--kaiming-normal'], { init: 'he_normal' }],
  [['m.onnx', '--init', 'trunc_normal:std=0.02,a=-1'], { init: 'trunc_normal:std=0.02,a=-1' }],
  [['--layers', 'fc', ...he], { init: 'he_normal', layers: ['fc'] }],
  [['-l', 'a,b', '--layers', 'c', '--layers=re:^x', '-ld', ...he], { init: 'he_normal', layers: ['a,b', 'c', 're:^x', 'd'] }],
  [[...he, '-l', 'a', '-x', 'b', '--exclude', 'c'], { init: 'he_normal', layers: ['a'], exclude: ['b', 'c'] }],
  [[...he, '--layers=-odd'], { init: 'he_normal', layers: ['-odd'] }],
  [['-ql', '4', ...he, '-vxfc.bias', '-l=2'], { init: 'he_normal', layers: ['4', '2'], exclude: ['fc.bias'] }],
  [[...he, '--head'], { init: 'he_normal', head: true }],
  [[...he, '--all', '--all'], { init: 'he_normal', all: true }],
  [[...he, '--op-type', 'Conv,Gemm', '--roles', 'weight'], { init: 'he_normal', opTypes: ['Conv', 'Gemm'], roles: ['weight'] }],
  [[...he, '--gain', '1.5'], { init: 'he_normal', gain: 1.5 }],
  [[...he, '--gain', 'tanh'], { init: 'he_normal', gain: 'tanh' }],
  [[...he, '--gain', '-1e-3'], { init: 'he_normal', gain: -0.001 }],
  [[...he, '--gain=-.5'], { init: 'he_normal', gain: -0.5 }],
  [[...he, '--gain', '-.5E-3'], { init: 'he_normal', gain: -0.0005 }],
  [
    [...he, '--mode', 'fan_out', '--nonlinearity', 'leaky_relu', '--negative-slope', '-2e-1'],
    { init: 'he_normal', mode: 'fan_out', nonlinearity: 'leaky_relu', negativeSlope: -0.2 },
  ],
  [[...he, '--fan', 'effective'], { init: 'he_normal', fan: 'effective' }],
  [[...he, '--bias', 'keep'], { init: 'he_normal', bias: 'keep' }],
  [[...he, '--bias', '-0.5'], { init: 'he_normal', bias: -0.5 }],
  // text: a number would lose the last digits
  [[...he, '--seed', '18446744073709551615'], { init: 'he_normal', seed: '18446744073709551615' }],
  [[...he, '--seed', 'abc'], { init: 'he_normal', seed: 'abc' }],
  [
    [...he, '--rng', 'philox', '--shared', 'rewrite', '--data', 'inline'],
    { init: 'he_normal', rng: 'philox', shared: 'rewrite', data: 'inline' },
  ],
  [[...he, '--compact'], { init: 'he_normal', compact: true }],
  [[...he, '-o', 'x.onnx', '--overwrite'], { init: 'he_normal', output: 'x.onnx', overwrite: true }],
  [[...he, '--in-place', '--dry-run', '--strict'], { init: 'he_normal', inPlace: true, dryRun: true, strict: true }],
  [[...he, '--no-verify', '--no-run'], { init: 'he_normal', verify: false, run: false }],
  [[...he, '--run', '--compare', '--run-timeout', '2.5'], { init: 'he_normal', run: true, force: true, compare: true, timeout: 2.5 }],
  [[...he, '--dim', 'batch=2', '--dim', 'a=b=16'], { init: 'he_normal', dims: { batch: 2, 'a=b': 16 } }],
  [[...he, '--input', 'x=a=b.npy', '--input', 'y=zeros'], { init: 'he_normal', inputs: { x: 'a=b.npy', y: 'zeros' } }],
  [[...he, '--dim', '__proto__=3'], { init: 'he_normal', dims: Object.fromEntries([['__proto__', 3]]) }],
  [['--he-normal', '--', 'm.onnx'], { init: 'he_normal' }],
])('reinit %j', async (argv, options) => {
  expect(await runCli(argv)).toMatchObject({ status: 0, stderr: '' })
  expect(reinit.mock.calls.map(([path]) => path)).toEqual(['m.onnx'])
  expect(told(reinit)).toEqual(options)
})

test('behind -- a flag is a file', async () => {
  await runCli(['--he-normal', '--', '--all'])
  expect(reinit.mock.calls[0]?.[0]).toBe('--all')
})

test.each<[readonly string[], RegExp]>([
  [[], /^One model is needed \(model\), none is given\. Usage: onnx-reinit <model>/],
  [['--he-normal', '--all'], /^One model is needed/],
  [['a.onnx', 'b.onnx', '--he-normal'], /^One model is needed \(model\), 2 given: a\.onnx, b\.onnx\./],
  [['inspct', 'm.onnx'], /^There is no file and no command inspct: did you mean inspect\?$/],
  [['dif', 'a.onnx', 'b.onnx'], /did you mean diff\?$/],
  [['m.onnx'], /^No initializer is given: for example --xavier-normal/],
  [['m.onnx', '--he-normal', '--xavier-normal'], /^One initializer is needed, 2 are given: --he-normal, --xavier-normal\.$/],
  [['m.onnx', '--he-normal', '--init', 'zeros'], /2 are given: --he-normal, --init/],
  [['m.onnx', '--he-normal', '--kaiming-normal'], /2 are given/],
  [['m.onnx', '--xavier-norml'], /^Unknown flag --xavier-norml: did you mean --xavier-normal\?$/],
  [['m.onnx', '--glorot-norml'], /did you mean --glorot-normal\?$/],
  [['m.onnx', '--layer', 'fc'], /^Unknown flag --layer: did you mean --layers\?$/],
  [['m.onnx', '-layers', 'fc'], /^Unknown flag -layers: did you mean --layers\?$/],
  [['m.onnx', '--l', 'fc'], /^Unknown flag --l: did you mean -l\?$/],
  [['m.onnx', '--layers.b', 'fc'], /^Unknown flag --layers\.b: did you mean --layers\?$/],
  [['m.onnx', '--constructor', 'fc'], /^Unknown flag --constructor\. See --help\.$/],
  [[...he, '--get-yargs-completions'], /^Unknown flag --get-yargs-completions\. See --help\.$/],
  [['m.onnx', '--__proto__', 'fc'], /^Unknown flag --__proto__\. See --help\.$/],
  [['m.onnx', '-z'], /^Unknown flag -z\. See --help\.$/],
  [['m.onnx', '--trunc-normal'], /^Unknown flag --trunc-normal: write --init trunc_normal\.$/],
  [[...he, '--seed', '1', '--seed', '2'], /^--seed is given twice, 1 and 2: once is enough\.$/],
  [[...he, '-o', 'a', '--output', 'b'], /^--output is given twice, a and b/],
  [[...he, '--seed'], /^--seed needs a value: --seed N\.$/],
  [[...he, '--seed='], /^--seed needs a value/],
  [[...he, '--layers', '--all'], /^--layers needs a value, but --all follows; a value that begins with - is joined: --layers=--all\.$/],
  [[...he, '--all=yes'], /^--all takes no value, "yes" was given\.$/],
  [[...he, '--fan', 'trch'], /^--fan "trch" is none of graph, torch, effective\.$/],
  [[...he, '--shared', 'x'], /^--shared "x" is none of refuse, rewrite, fork/],
  [[...he, '--data', 'x'], /^--data "x" is none of copy, reference, inline\.$/],
  [[...he, '--rng', 'mt'], /^--rng "mt" is none of philox/],
  [[...he, '--bias', 'x'], /^--bias "x" is neither zeros, keep.* nor a number\.$/],
  [[...he, '--negative-slope', 'x'], /^--negative-slope "x" is not a number\.$/],
  [[...he, '--negative-slope', '1e999'], /is not a number\.$/],
  [[...he, '--run-timeout', '0'], /^--run-timeout 0 is not above 0\.$/],
  [[...he, '--dim', 'batch'], /^--dim "batch" is not name=value\.$/],
  [[...he, '--dim', 'batch=0'], /^--dim batch=0 is not a whole number from 1\.$/],
  [[...he, '--dim', 'batch=1.5'], /is not a whole number/],
  [[...he, '--dim', 'b=1', '--dim', 'b=2'], /^--dim names "b" twice\.$/],
  [[...he, '--input', '=zeros'], /^--input "=zeros" is not name=value\.$/],
  [[...he, '--report', 'r.pdf'], /^--report r\.pdf: the ending says the format, one of \.json, \.md/],
  [[...he, '--report', 'nowhere/r.md'], /^--report nowhere\/r\.md: there is no folder nowhere\.$/],
  [[...he, '--report', 'm.onnx/../m.json', '-o', 'm.json'], /is a file of this job/],
  [[...he, '-o', '-', '--json'], /^The model goes to stdout, so --json can not/],
  [['-', '--he-normal', '--json'], /^The model goes to stdout, so --json can not/],
  [[...he, '-o', '-', '--in-place'], /^--in-place needs a file/],
  [['-', '--he-normal', '--in-place'], /^--in-place needs a file/],
  [[...he, '-o', '-', '--data', 'copy'], /^On stdout there is only the model: --data copy needs -o FILE\.$/],
  [['inspect'], /^One model is needed \(model\), none is given\. Usage: onnx-reinit inspect <model>/],
  [['inspect', 'm.onnx', '--stat'], /^Unknown flag --stat: did you mean --stats\?$/],
  [['inspect', 'm.onnx', '--seed', '1'], /^Unknown flag --seed of inspect: it is one of onnx-reinit <model>\.$/],
  [['inspect', 'm.onnx', '-o', 'x'], /^Unknown flag -o of inspect: it is one of onnx-reinit <model>\.$/],
  [['m.onnx', '--stats'], /^Unknown flag --stats of the main job: it is one of onnx-reinit inspect\.$/],
  [[...he, '--_', 'x'], /^Unknown flag --_\. See --help\.$/],
  [[...he, '--$0=x'], /^Unknown flag --\$0=x\. See --help\.$/],
  [[...he, '--fan', 'graph', '--fan', 'trch'], /^--fan "trch" is none of/],
  [[...he, '-q=1'], /^-q takes no value, "1" was given\.$/],
  [[...he, '-vl'], /^-l needs a value: -l P\.$/],
  [['diff', 'a.onnx'], /^Two models are needed \(before, after\), 1 given: a\.onnx\. Usage: onnx-reinit diff/],
  [['diff', '-', '-'], /^Only one of the two models can be stdin\.$/],
])('usage error: %j', async (argv, message) => {
  const { status, stdout, stderr } = await runCli(argv)
  expect(status).toBe(2)
  const line = /^onnx-reinit: (.*)\n$/.exec(stderr)?.[1]
  expect(line).toMatch(message)
  expect(reinit).not.toHaveBeenCalled()
  if (!argv.includes('--json')) {
    expect(stdout).toBe('')
    const json = await runCli([...argv, '--json'])
    expect(json.status).toBe(2)
    expect(JSON.parse(json.stdout)).toEqual({ schema: 1, error: { code: 'usage', message: expect.any(String) as string } })
  }
})

test('every initializer is in the help, and every flag of the table works', async () => {
  const { status, stdout } = await runCli(['--help'])
  expect(status).toBe(0)
  for (const name of Object.keys(initializers)) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
  const flags = [...stdout.matchAll(/^ {2}(?:-\w, | {4})--([a-z-]+)[^[]*\[(boolean|string)\]/gm)].map(([, name, type]) => ({ name, type }))
  expect(flags.length).toBeGreaterThan(35)
  for (const { name, type } of flags) {
    const { stderr } = await runCli(['m.onnx', `--${name}${type === 'boolean' ? '' : '=1'}`])
    expect(stderr, name).not.toMatch(/Unknown flag|takes no value|needs a value/)
  }
})

test('whatever stands on the command line is done or refused in a line', async () => {
  const words = fc.oneof(
    fc.constantFrom('m.onnx', '-', '--', '---', '-1e-3', '--all', '--all=', '-l', '--layers', 'inspect', '--he-normal', '-o', '--fan'),
    fc.constantFrom(
      '--toString',
      '--hasOwnProperty=1',
      '-c',
      '--dim',
      '--seed',
      '-qv',
      '-lfc',
      '-x=',
      '--=',
      '-=',
      '--a.b',
      '--no-all',
      '--_',
    ),
    fc.string({ maxLength: 4 }).map((text) => `--${text}`),
    fc.string({ maxLength: 4 }).map((text) => `-${text}`),
    fc.string({ maxLength: 4 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(words, { maxLength: 5 }), async (argv) => {
      const { status, stderr } = await runCli(argv)
      expect(stderr).not.toMatch(/unexpected: /)
      expect([0, 1, 2]).toContain(status)
    }),
    { numRuns: 500 },
  )
})

test('the help fits the terminal', async () => {
  for (const columns of [60, 80, 200]) {
    const { stdout } = await runCli(['--help'], { columns, env: { NO_COLOR: '1' } })
    const longest = stdout.split('\n').filter((line) => !line.startsWith('  onnx-reinit'))
    expect(Math.max(...longest.map((line) => line.length))).toBeLessThanOrEqual(Math.min(columns, 100))
    expect(stdout).not.toContain('\x1b')
  }
  expect((await runCli(['--help'], { columns: 80 })).stdout).toContain('\x1b[1m')
})

test.each([
  [['inspect', '--help'], /^onnx-reinit inspect <model> \[selection\] \[--stats\]\n\nevery parameter[^]*--stats/],
  [['-h', 'diff'], /^onnx-reinit diff <before> <after>[^]*--only [^]*^Exit status\n {2}0 +equal/m],
  [['m.onnx', '--no-such-flag', '--help'], /Examples\n {2}onnx-reinit model\.onnx --layers fc --xavier-normal/],
])('%j', async (argv, expected) => {
  const { status, stdout } = await runCli(argv)
  expect(status).toBe(0)
  expect(stdout).toMatch(expected)
})

test('the report goes to stdout as text, as JSON, or not at all', async () => {
  expect((await runCli(he)).stdout).toMatch(/^resnet18\.onnx {2}46\.8 MB[^]*seed 0\n$/)
  expect((await runCli([...he, '-q'])).stdout).toBe('')
  expect((await runCli([...he, '-v'])).stdout).toContain('onnx-reinit 1.0.0, philox')
  expect(JSON.parse((await runCli([...he, '--json'])).stdout)).toEqual(reinitReport)
  expect(JSON.parse((await runCli([...he, '--json', '-q'])).stdout)).toEqual(reinitReport)
  expect((await runCli(['--json', 'inspect', 'm.onnx'])).stdout).toMatch(/^\{\n {2}"schema": 1,/)
})

test('--report writes a file, never over another one', async () => {
  const json = join(folder, 'r.json')
  expect(await runCli([...he, '--report', json])).toMatchObject({ status: 0, stderr: '' })
  expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual(reinitReport)
  const again = await runCli([...he, '--report', json])
  expect(again).toMatchObject({ status: 2, stderr: `onnx-reinit: --report ${json} exists: give --overwrite or another name.\n` })
  expect(await runCli([...he, '--report', json, '--overwrite'])).toMatchObject({ status: 0 })
  expect(await runCli(['inspect', 'm.onnx', '--report', json])).toMatchObject({ status: 2 })
  expect(await runCli(['inspect', 'm.onnx', '--report', json, '--overwrite', '-q'])).toMatchObject({ status: 0, stdout: '' })
  expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual(inspectReport)
  const md = join(folder, 'r.MD')
  writeFileSync(md, '')
  expect(await runCli([...he, '--report', md], { columns: 40 })).toMatchObject({ status: 0 })
  expect(readFileSync(md, 'utf8')).toMatch(/^# `resnet18\.onnx`\n/)
})

const keptOnRequest = [{ name: 'b', reason: 'bias-kept', detail: '', elementCount: 1 }]
test.each<[string, Partial<ReinitReport>, readonly string[], number, string]>([
  ['done', {}, [], 0, ''],
  [
    'the run failed',
    { output: null, run: { ...reinitReport.run, status: 'failed', message: 'NaN' } },
    ['-q'],
    1,
    'the result does not run, though the input does: nothing was kept (NaN)',
  ],
  [
    'a test of values that are as drawn failed',
    { changed: [{ ...biasChange, checks: [{ name: 'mean', passed: false, statistic: 9, limit: 1 }] }] },
    [],
    0,
    '',
  ],
  ['not run', { run: { ...reinitReport.run, status: 'unsupported' } }, [], 0, ''],
  [
    'not run, strictly',
    { run: { ...reinitReport.run, status: 'unsupported' } },
    ['--strict'],
    1,
    '--strict: the result was not run (unsupported)',
  ],
  ['skipped, strictly', { skipped: inspectReport.skipped }, ['--strict'], 1, '--strict: 1 tensor was skipped'],
  ['kept on request, strictly', { kept: keptOnRequest }, ['--strict'], 0, ''],
  ['nothing of it, strictly', {}, ['--strict'], 0, ''],
  ['a dry run, strictly', dryReport, ['--strict', '--dry-run'], 0, ''],
])('exit status: %s', async (_, report, flags, status, line) => {
  reinit.mockResolvedValue({ ...reinitReport, ...report })
  const ran = await runCli([...he, ...flags])
  expect(ran).toMatchObject({ status, stderr: line === '' ? '' : `onnx-reinit: ${line}\n` })
})

test('a model from stdin: the library gets a file, the result goes to stdout, the report to stderr', async () => {
  let spooled = ''
  reinit.mockImplementation((path, { output }) => {
    spooled = path
    copyFileSync(path, output as string)
    return Promise.resolve({ ...reinitReport, input: path, output: output as string, written: [output as string] })
  })
  const stdin = Buffer.from('the model')
  const { status, bytes, stderr } = await runCli(['-', '--he-normal'], { stdin })
  expect(status).toBe(0)
  expect(bytes.equals(stdin)).toBe(true)
  expect(stderr).toMatch(/^- {2}46\.8 MB[^]*wrote the model to stdout in/)
  expect(told(reinit)).toMatchObject({ data: 'inline' })
  expect(existsSync(spooled)).toBe(false)
})

test('a model from stdin into a file', async () => {
  const { status, stdout } = await runCli(['-', '--he-normal', '-o', join(folder, 'o.onnx'), '--json'], { stdin: Buffer.from('m') })
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ input: '-', model: { path: '-' } })
  expect(told(reinit)).toEqual({ init: 'he_normal', output: join(folder, 'o.onnx') })
})

test('a dry run of stdin reports on stdout', async () => {
  reinit.mockResolvedValue(dryReport)
  const { status, bytes } = await runCli(['-', '--he-normal', '--dry-run'], { stdin: Buffer.from('m') })
  expect(status).toBe(0)
  expect(bytes.toString()).toMatch(/^- {2}46\.8 MB[^]*dry run: nothing written/)
})

test('messages speak of stdin, not of the file that it became', async () => {
  reinit.mockImplementation((path) => Promise.reject(new ReinitError('invalid', `${path} holds no graph.`)))
  const ran = await runCli(['-', '--he-normal'], { stdin: Buffer.from('m') })
  expect(ran).toMatchObject({ status: 1, stdout: '', stderr: 'onnx-reinit: stdin holds no graph.\n' })
})

test('unexpected errors are one line; the stack is for --verbose', async () => {
  reinit.mockRejectedValue(new TypeError('x is not\na function'))
  const { status, stderr } = await runCli(he)
  expect(status).toBe(1)
  expect(stderr).toBe('onnx-reinit: x is not\\x0aa function (unexpected: --verbose shows where)\n')
  expect((await runCli([...he, '-v'])).stderr).toMatch(/\n {4}at /)
  expect(JSON.parse((await runCli([...he, '--json'])).stdout)).toMatchObject({ error: { code: 'internal' } })
})

test('system errors are io', async () => {
  reinit.mockRejectedValue(Object.assign(new Error("EACCES: permission denied, open 'm'"), { code: 'EACCES', syscall: 'open' }))
  expect(JSON.parse((await runCli([...he, '--json'])).stdout)).toMatchObject({ error: { code: 'io' } })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('%s is status %i', async (name, status) => {
  reinit.mockImplementation((_, { signal }) => Promise.reject(signal?.reason as Error))
  expect(await runCli(he, { signal: AbortSignal.abort(name) })).toMatchObject({
    status,
    stdout: '',
    stderr: `onnx-reinit: interrupted by ${name}\n`,
  })
})

test('progress is a line of the terminal, and gone at the end', async () => {
  vi.spyOn(Date, 'now').mockReturnValueOnce(0).mockReturnValueOnce(100).mockReturnValue(10_000)
  reinit.mockImplementation((_, { onProgress }) => {
    for (const done of [1, 2, 3]) onProgress?.('writing', done, 4)
    return Promise.resolve(reinitReport)
  })
  const { stderr } = await runCli(he, { columns: 80 })
  vi.restoreAllMocks()
  expect(stderr).toBe('\rwriting [############------------] 50 %\x1b[K\r\x1b[K')
  expect((await runCli(he)).stderr).toBe('')
  expect((await runCli([...he, '-q'], { columns: 80 })).stderr).toBe('')
})

test('inspect and diff tell the library what they are given', async () => {
  await runCli(['inspect', 'm.onnx', '--stats', '--fan', 'torch', '-l', 'fc', '-x', 'fc.bias'])
  expect(inspect.mock.calls[0]).toMatchObject(['m.onnx', { stats: true, fan: 'torch', layers: ['fc'], exclude: ['fc.bias'] }])
  const report = {
    before: 'a',
    after: 'b',
    only: null,
    changed: [],
    added: [],
    removed: [],
    moved: [],
    rest: null,
    tensorCount: 1,
    outside: 0,
    equal: true,
  }
  diff.mockResolvedValue(report)
  expect((await runCli(['diff', 'a', 'b', '--only', 'fc', '--only', 'x'])).status).toBe(0)
  expect(diff.mock.calls[0]).toMatchObject(['a', 'b', { only: ['fc', 'x'] }])
  diff.mockResolvedValue({ ...report, equal: false })
  expect((await runCli(['diff', 'a', '-'], { stdin: Buffer.from('m') })).status).toBe(1)
})
