// Every system call of the write path fails once, and is once the last that the process makes.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { ReinitError } from '../src/errors.js'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'
import { type Fault, withFault } from './faultyFs.js'

vi.mock('node:fs', async (original) => (await import('./faultyFs.js')).faulty(await original()))
vi.mock('node:fs/promises', async (original) => (await import('./faultyFs.js')).faulty(await original()))

const plain = { 'm.onnx': b.linearModel() }
const external = {
  'm.onnx': b.linearModel({ weight: { external: { location: 'sub/w.data' } }, bias: { external: { location: 'b.data' } } }),
  'sub/w.data': new Uint8Array(48).fill(1),
  'b.data': new Uint8Array(12).fill(2),
}
const old = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, Buffer.from(`old ${name}`)]))

interface Scenario {
  readonly files: Readonly<Record<string, Uint8Array>>
  readonly options: Omit<ReinitOptions, 'output'>
  /** Below the folder; none: as the options say. */
  readonly output?: string
}
const scenarios: Readonly<Record<string, Scenario>> = {
  'a new output': { files: plain, options: {}, output: 'out.onnx' },
  'a new output, all of it drawn': { files: plain, options: { bias: 'torch', layers: ['**'] }, output: 'out.onnx' },
  '--overwrite': { files: { ...plain, ...old('out.onnx') }, options: { overwrite: true }, output: 'out.onnx' },
  '--in-place': { files: plain, options: { inPlace: true } },
  'data files, renamed': { files: external, options: {}, output: 'out.onnx' },
  'data files, replaced': {
    files: { ...external, ...old('out.onnx', 'out.onnx.data', 'out.onnx.1.data') },
    options: { overwrite: true },
    output: 'out.onnx',
  },
  'data files, into another folder': { files: { ...external, 'o/other': Buffer.from('x') }, options: {}, output: 'o/out.onnx' },
  'a large data file that nobody reads again': {
    files: { ...external, 'sub/w.data': new Uint8Array((1 << 24) + 4999).fill(1) },
    options: { verify: false },
    output: 'out.onnx',
  },
  'data files, referred to': { files: external, options: { data: 'reference', layers: ['fc.weight'] }, output: 'out.onnx' },
  'data files, into the model': { files: external, options: { data: 'inline' }, output: 'out.onnx' },
  'data files, in place': { files: external, options: { inPlace: true } },
  'data files and the model, in place': {
    files: { ...external, 'm.onnx': b.linearModel({ weight: { external: { location: 'sub/w.data' } } }) },
    options: { inPlace: true },
  },
}

/** A long content's hash stands for it. */
const shown = (bytes: Buffer) => (bytes.length > 1 << 20 ? createHash('sha256').update(bytes).digest('hex') : bytes.toString('latin1'))
/** Content of every file below a folder. */
const contentOf = (folder: string) =>
  new Map(
    (readdirSync(folder, { recursive: true }) as string[])
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
      .map((name) => [name, shown(readFileSync(join(folder, name)))] as const),
  )
const emptyFolders = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter(
    (name) => statSync(join(folder, name)).isDirectory() && readdirSync(join(folder, name)).length === 0,
  )

const job = (folder: string, { options, output }: Scenario, more: ReinitOptions = {}) =>
  reinit(join(folder, 'm.onnx'), {
    all: true,
    init: 'he_normal',
    run: false,
    ...options,
    ...(options.layers ? { all: false } : {}),
    ...(output === undefined ? {} : { output: join(folder, output) }),
    ...more,
  })

const LOOKS: ReadonlySet<string> = new Set(['readSync', 'statSync', 'lstatSync', 'fstatSync', 'readdirSync', 'realpathSync', 'closeSync'])

/** A number that no process has. */
const dead = spawnSync(process.execPath, ['-e', '']).pid
const isStaging = (name: string) => name.startsWith('.onnx-reinit-')
/** Folders of this process's killed jobs become those of a process that is gone. */
function bury(folder: string): string[] {
  const parents = [folder, join(folder, 'o')].filter((f) => existsSync(f))
  return parents.flatMap((parent) =>
    readdirSync(parent)
      .filter(isStaging)
      .map((name) => {
        const to = join(parent, name.replace(`-${process.pid}-`, `-${dead}-`))
        renameSync(join(parent, name), to)
        return to
      }),
  )
}

/** What the folder was, what it becomes where nothing fails, and the calls of that. */
async function reference(scenario: Scenario) {
  const folder = b.folderOf(scenario.files)
  const before = contentOf(folder)
  const { calls, error } = await withFault(null, () => job(folder, scenario))
  expect(error).toBe(null)
  const after = contentOf(folder)
  rmSync(folder, { recursive: true })
  return { before, after, calls }
}

describe.each(Object.entries(scenarios))('%s', { timeout: 60_000 }, (_, scenario) => {
  test('each call fails once: all or nothing, and nothing else', async () => {
    const { before, after, calls } = await reference(scenario)
    expect(calls.length).toBeGreaterThan(40)
    const faults: readonly Fault[] = ['ENOSPC', 'EIO', 'EACCES']
    for (let at = 0; at < calls.length; at++) {
      const folder = b.folderOf(scenario.files)
      const fault = faults[at % 3] as Fault
      const { error, calls: made } = await withFault({ at, fault }, () => job(folder, scenario))
      const which = `${fault} at call ${at}, ${made[at]?.name} of ${made[at]?.path}: ${String(error)}`
      const isLeftAlone = made[at]?.name === 'rmSync' && isStaging(made[at]?.path.split('/').at(-1) ?? '')
      const found = new Map([...contentOf(folder)].filter(([name]) => !isLeftAlone || !name.includes('.onnx-reinit-')))
      expect(found, which).toEqual(error === null ? after : before)
      if (!isLeftAlone) expect(emptyFolders(folder), which).toEqual([])
      rmSync(folder, { recursive: true })
      if (error === null) continue
      expect(error, which).toBeInstanceOf(ReinitError)
      expect((error as ReinitError).code, which).toBe('io')
      expect((error as ReinitError).message, which).toMatch(/^[^\n]+\.$/)
    }
  })

  test.skipIf(scenario.options.verify === false)('each write once changes a bit: it is found, and nothing is kept', async () => {
    const { before, after, calls } = await reference(scenario)
    let found = 0
    for (const [at, { name }] of calls.entries()) {
      if (name !== 'writeSync') continue
      const folder = b.folderOf(scenario.files)
      const { error } = await withFault({ at, fault: 'flip' }, () => job(folder, scenario))
      // a byte that a later write covers does no harm
      expect(contentOf(folder), `write ${at}: ${String(error)}`).toEqual(error === null ? after : before)
      if (error !== null) {
        found++
        expect(error).toBeInstanceOf(ReinitError)
        expect(['proof', 'invalid']).toContain((error as ReinitError).code)
      }
      rmSync(folder, { recursive: true })
    }
    expect(found).toBeGreaterThan(0)
  })

  test('each call is once the last: old or new, and the next run cleans up', async () => {
    const { before, after, calls } = await reference(scenario)
    const written = [...after.keys()].filter((name) => after.get(name) !== before.get(name))
    const model = written.at(-1) === undefined ? '' : (scenario.output ?? 'm.onnx')
    for (const [at, { name }] of calls.entries()) {
      // between calls that only look nothing changes
      if (LOOKS.has(name)) continue
      const folder = b.folderOf(scenario.files)
      const { isDead } = await withFault({ at, fault: 'death' }, () => job(folder, scenario))
      expect(isDead).toBe(true)
      const leftovers = bury(folder)
      const found = contentOf(folder)
      const which = `death at call ${at}, ${calls[at]?.name} of ${calls[at]?.path}`
      for (const [file, content] of found)
        if (!file.includes('.onnx-reinit-')) expect([before.get(file), after.get(file)], `${which}: ${file}`).toContain(content)
      // what is not written is there, and in place everything is
      for (const name of before.keys())
        if (scenario.options.inPlace || !written.includes(name)) expect(found.has(name), `${which}: ${name}`).toBe(true)
      if (!scenario.options.inPlace && found.has(model)) {
        const whole = found.get(model) === after.get(model) ? after : before
        for (const name of written) expect(found.get(name), `${which}: ${name} beside ${model}`).toBe(whole.get(name))
      }
      const more = scenario.options.inPlace ? {} : { overwrite: true }
      const { notes } = await job(folder, scenario, more)
      for (const leftover of leftovers) expect(notes, which).toContain(`removed ${leftover}, left behind by a run that was killed`)
      expect([...contentOf(folder).keys()], which).toEqual([...after.keys()])
      if (!scenario.options.inPlace) expect(contentOf(folder), which).toEqual(after)
      rmSync(folder, { recursive: true })
    }
  })
})
