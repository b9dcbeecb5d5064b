// What the shell is told when somebody presses the tab key, and the script that asks.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { initializers } from '../src/init/initializers.js'
import { runCli } from './runCli.js'

afterEach(() => vi.unstubAllEnvs())

async function completed(...words: readonly string[]): Promise<readonly string[]> {
  const { status, stdout, stderr } = await runCli(['--get-yargs-completions', 'onnx-reinit', ...words])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.split('\n').filter((line) => line !== '')
}

describe('in bash', () => {
  test.each<[readonly string[], readonly string[]]>([
    [[''], ['inspect', 'scramble', 'audit', 'diff', 'strip', 'materialize', 'init', 'completion']],
    [['ins'], ['inspect']],
    [['model'], []],
    [['model.onnx', ''], []],
    [['inspect', ''], []],
    [['inspect', 'm.onnx', '--st'], ['--stats']],
    [['diff', '--on'], ['--only']],
    [
      ['m.onnx', '--xa'],
      ['--xavier-uniform', '--xavier-normal'],
    ],
    [
      ['m.onnx', '--x'],
      ['--xavier-uniform', '--xavier-normal'],
    ],
    [['m.onnx', '--glorot'], []],
    [['m.onnx', '--all', '--al'], []],
    [
      ['m.onnx', '--fan', ''],
      ['graph', 'torch', 'effective'],
    ],
    [['m.onnx', '--fan', 't'], ['torch']],
    [['m.onnx', '--fan', 'x'], []],
    [['m.onnx', '--bias', 'z'], ['zeros']],
    [['m.onnx', '--gain', 'ta'], ['tanh']],
    [['m.onnx', '--roles', 'emb'], ['embedding']],
    [['m.onnx', '--init', ''], Object.keys(initializers)],
    [['m.onnx', '--seed', ''], []],
    [['m.onnx', '--layers', 'f'], []],
    [
      ['completion', '--shell', ''],
      ['bash', 'zsh'],
    ],
  ])('%j', async (words, expected) => {
    vi.stubEnv('SHELL', 'bash')
    expect(await completed(...words)).toEqual(expected)
  })
})

test('zsh is told what the words mean', async () => {
  vi.stubEnv('SHELL', 'zsh')
  expect(await completed('in')).toEqual(['inspect:every parameter: layer, role, shape, fan_in, fan_out', 'init:write a commented recipe'])
  expect(await completed('m.onnx', '--dry')).toEqual(['--dry-run:the plan; nothing is written'])
  expect(await completed('m.onnx', '--fan', 'g')).toEqual(['graph'])
})

describe('the script', () => {
  test.each([
    [[], '/bin/bash', /^complete -o bashdefault .* onnx-reinit$/m],
    [[], '/usr/bin/zsh', /^#compdef onnx-reinit\n/],
    [[], undefined, /^complete /m],
    [['--shell', 'zsh'], '/bin/bash', /SHELL=zsh onnx-reinit --get-yargs-completions/],
    [['--shell', 'bash'], '/usr/bin/zsh', /SHELL=bash onnx-reinit --get-yargs-completions/],
  ])('%j where $SHELL is %s', async (argv, shell, expected) => {
    vi.stubEnv('SHELL', 'another')
    const { status, stdout, stderr } = await runCli(['completion', ...argv], { env: shell === undefined ? {} : { SHELL: shell } })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(expected)
  })

  test.each([
    [['completion', 'zsh'], /^No operands are needed, 1 given: zsh\. Usage: onnx-reinit completion \[--shell NAME\]$/],
    [['completion', '--shell', 'fish'], /^--shell "fish" is none of bash, zsh\.$/],
  ])('%j', async (argv, message) => {
    const { status, stderr } = await runCli(argv)
    expect(status).toBe(2)
    expect(stderr.trim().replace('onnx-reinit: ', '')).toMatch(message)
  })

  const has = (shell: string) => spawnSync(shell, ['--version']).status === 0
  let folder: string
  let path: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cli-completion-'))
    const built = join(folder, 'dist')
    expect(spawnSync(process.execPath, ['build.mjs', built], { encoding: 'utf8' })).toMatchObject({ status: 0 })
    const command = join(folder, 'onnx-reinit')
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${built}/cli.js" "$@"\n`)
    chmodSync(command, 0o755)
    path = `${folder}${delimiter}${process.env['PATH']}`
  }, 60_000)
  const run = (shell: string, script: string) =>
    spawnSync(shell, shell === 'zsh' ? ['-f', '-c', script] : ['--norc', '-c', script], {
      encoding: 'utf8',
      // the login shell is another one
      env: { ...process.env, PATH: path, SHELL: shell === 'zsh' ? '/bin/bash' : '/bin/zsh' },
    })

  test.skipIf(!has('bash'))('bash runs it', () => {
    const { stdout, stderr } = run(
      'bash',
      'eval "$(onnx-reinit completion --shell bash)"; COMP_WORDS=(onnx-reinit m.onnx --fan e); COMP_CWORD=3; _onnx-reinit_yargs_completions; echo "${COMPREPLY[@]}"',
    )
    expect({ stdout, stderr }).toEqual({ stdout: 'effective\n', stderr: '' })
  })

  test.skipIf(!has('zsh'))('zsh runs it', () => {
    const { stdout, stderr } = run(
      'zsh',
      'compdef() {}; _describe() { print -l -- "${(P@)2}" }; _default() { print files }; eval "$(onnx-reinit completion --shell zsh)"; ' +
        'words=(onnx-reinit m.onnx --dry); CURRENT=3; _onnx-reinit_yargs_completions; words=(onnx-reinit mod); CURRENT=2; _onnx-reinit_yargs_completions',
    )
    expect({ stdout, stderr }).toEqual({ stdout: '--dry-run:the plan; nothing is written\nfiles\n', stderr: '' })
  })
})
