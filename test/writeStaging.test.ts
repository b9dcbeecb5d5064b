import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { moveIntoPlace } from '../src/bytes/moveIntoPlace.js'
import type { WorkOptions } from '../src/bytes/pacer.js'
import { closeStaging, openStaging, removeLeftovers } from '../src/bytes/staging.js'
import { makePlan, type PlanOptions } from '../src/makePlan.js'
import { readModel } from '../src/readModel.js'
import type { Plan, Staged } from '../src/types.js'
import { writePlan } from '../src/writePlan.js'
import * as b from './buildModel.js'
import { plannedFills } from './plannedFills.js'
import { filesBelow, reinitFile } from './reinitFile.js'

const external = b.linearModel({ weight: { external: { location: 'sub/w.data' } }, bias: { external: { location: 'b.data' } } })
const files = {
  'm.onnx': b.linearModel(),
  'x.onnx': external,
  'sub/w.data': new Uint8Array(48).fill(1),
  'b.data': new Uint8Array(12).fill(2),
}
const INPUT = Object.keys(files).sort()

let folder = ''
beforeEach(() => (folder = b.folderOf(files)))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A written plan of m.onnx (or x.onnx, which has external data), not yet committed. */
async function stage(
  input: 'm.onnx' | 'x.onnx',
  options: Partial<PlanOptions> = {},
  work: WorkOptions = {},
  before: (plan: Plan) => void = () => {},
): Promise<Staged> {
  const model = readModel(join(folder, input))
  try {
    const fills = plannedFills(model, { 'fc.weight': 'zeros', 'fc.bias': 'ones' })
    const plan = makePlan(model, fills, { output: join(folder, 'out.onnx'), inPlace: false, overwrite: false, data: 'copy', ...options })
    before(plan)
    return await writePlan(plan, model, work)
  } finally {
    model.close()
  }
}

describe('before commit', () => {
  test('nothing is at the output, and what is staged has the final names', async () => {
    const staged = await stage('x.onnx')
    expect(filesBelow(staged.folder)).toEqual(['out.onnx', 'out.onnx.1.data', 'out.onnx.data'])
    expect(staged.modelPath).toBe(join(staged.folder, 'out.onnx'))
    expect(filesBelow(folder).filter((f) => !f.startsWith('.'))).toEqual(INPUT)
    staged.discard()
    expect(readdirSync(folder)).not.toContain(basename(staged.folder))
    expect(filesBelow(folder)).toEqual(INPUT)
    staged.discard()
  })

  test('only its owner sees it', async () => {
    const staged = await stage('m.onnx')
    expect(statSync(staged.folder).mode & 0o777).toBe(0o700)
    staged.discard()
  })
})

describe('nothing is left behind', () => {
  const changes: readonly [string, () => void, RegExp][] = [
    ['the input was written to', () => utimesSync(join(folder, 'm.onnx'), 1, 1), /m\.onnx changed while it was read: it was written to/],
    ['the input grew', () => appendFileSync(join(folder, 'm.onnx'), 'x'), /changed while it was read: it had \d+ bytes and has \d+/],
    ['the input shrank', () => truncateSync(join(folder, 'm.onnx'), 9), /changed while it was read|became shorter/],
    ['the input is gone', () => rmSync(join(folder, 'm.onnx')), /out\.onnx can't be written: it does not exist/],
    ['the folder is gone', () => rmSync(join(folder, 'o'), { recursive: true }), /A folder in .*\/o can't be made: it does not exist/],
  ]
  test.each(changes)('%s', async (_, change, message) => {
    mkdirSync(join(folder, 'o'))
    await expect(stage('m.onnx', { output: join(folder, 'o/out.onnx') }, {}, change)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(message) as string,
    })
    expect(readdirSync(folder).some((f) => f.startsWith('.onnx-reinit'))).toBe(false)
    if (existsSync(join(folder, 'o'))) expect(readdirSync(join(folder, 'o'))).toEqual([])
  })

  test('an abort while it is written', async () => {
    const control = new AbortController()
    const reason = new Error('stop')
    // 400 MB of nothing that go into the model, of which some get there before the first report
    const large = b.initializer({ name: 'large', dims: [100_000_000], external: { location: 'large.data' } })
    writeFileSync(join(folder, 'm.onnx'), b.linearModel({ extra: [large] }))
    writeFileSync(join(folder, 'large.data'), '')
    truncateSync(join(folder, 'large.data'), 400_000_000)
    let seen: string[] = []
    const work = {
      signal: control.signal,
      onProgress: () => {
        seen = readdirSync(folder).filter((f) => f.startsWith('.onnx-reinit'))
        control.abort(reason)
        expect(readdirSync(folder).filter((f) => f.startsWith('.onnx-reinit'))).toEqual([])
      },
    }
    await expect(stage('m.onnx', { data: 'inline' }, work)).rejects.toBe(reason)
    expect(seen).toHaveLength(1)
    expect(filesBelow(folder)).toEqual([...INPUT, 'large.data'].sort())
  })

  test('an abort before and after', async () => {
    await expect(stage('m.onnx', {}, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop')
    const control = new AbortController()
    await stage('m.onnx', {}, { signal: control.signal })
    control.abort()
    expect(filesBelow(folder)).toEqual(INPUT)
  })
})

describe('runs at the same output', () => {
  test('a second one is refused while the first is at work', async () => {
    const staged = await stage('m.onnx')
    await expect(stage('m.onnx')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/Another run \(process \d+\) is writing .*out\.onnx/) as string,
    })
    const other = await stage('m.onnx', { output: join(folder, 'other.onnx') })
    other.commit()
    staged.commit()
    expect(filesBelow(folder)).toEqual([...INPUT, 'other.onnx', 'out.onnx'].sort())
  })

  test('a file made meanwhile is not replaced, and what was placed is taken back', async () => {
    mkdirSync(join(folder, 'o'))
    const staged = await stage('x.onnx', { output: join(folder, 'o/out.onnx') })
    writeFileSync(join(folder, 'o/out.onnx'), 'theirs')
    expect(() => staged.commit()).toThrow(/o\/out\.onnx was made by another program meanwhile/)
    expect(filesBelow(join(folder, 'o'))).toEqual(['out.onnx'])
    expect(readdirSync(join(folder, 'o'))).toEqual(['out.onnx'])
    expect(readFileSync(join(folder, 'o/out.onnx'), 'utf8')).toBe('theirs')
  })

  test('leftovers of killed runs are removed, of others not', () => {
    const staging = openStaging(folder, 'out.onnx')
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    const withProcess = (id: number) => staging.replace(`-${process.pid}-`, `-${id}-`)
    const leftover = withProcess(dead)
    const sameNumber = `${staging.slice(0, -12)}000000000000`
    const alive = withProcess(process.ppid)
    const elsewhere = leftover.replace(/onnx-reinit-[0-9a-f]{8}/, 'onnx-reinit-00000000')
    for (const path of [leftover, sameNumber, alive, elsewhere]) {
      mkdirSync(path)
      writeFileSync(join(path, 'out.onnx'), 'x')
    }
    expect(removeLeftovers(folder).sort()).toEqual([leftover, sameNumber].sort())
    for (const path of [staging, alive, elsewhere]) expect(existsSync(path)).toBe(true)
    expect(existsSync(leftover) || existsSync(sameNumber)).toBe(false)
    // a process of that number, but it can't be this run: it would have gone on for days
    utimesSync(alive, 1, 1)
    expect(removeLeftovers(folder)).toEqual([alive])
    closeStaging(staging)
  })
})

test('what a killed run left is removed by the next, and does not stand in its way', async () => {
  const first = await stage('x.onnx', { inPlace: true })
  // its links are further names of the input: killed here, the number of its process is free again
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  const leftover = first.folder.replace(`-${process.pid}-`, `-${dead}-`)
  renameSync(first.folder, leftover)
  linkSync(join(folder, 'b.data'), join(leftover, 'link'))
  const second = await stage('x.onnx', { inPlace: true })
  expect(second.leftovers).toEqual([leftover])
  expect(existsSync(leftover)).toBe(false)
  second.commit()
  expect(filesBelow(folder)).toEqual(INPUT)
})

describe('commit', () => {
  test('with --overwrite old files come back where the new ones can not all be placed', () => {
    for (const name of ['out.onnx', 'out.data']) writeFileSync(join(folder, name), 'old')
    writeFileSync(join(folder, 'new.data'), 'new')
    const moves = [
      { from: join(folder, 'new.data'), to: join(folder, 'out.data') },
      { from: join(folder, 'not there'), to: join(folder, 'out.onnx') },
    ]
    expect(() => moveIntoPlace(moves, { replace: true, keepLast: false })).toThrow(/ENOENT/)
    for (const name of ['out.onnx', 'out.data']) expect(readFileSync(join(folder, name), 'utf8')).toBe('old')
  })

  test('with --overwrite an old model without data files stays until it is replaced', () => {
    writeFileSync(join(folder, 'out.onnx'), 'old')
    const moves = [{ from: join(folder, 'not there'), to: join(folder, 'out.onnx') }]
    expect(() => moveIntoPlace(moves, { replace: true, keepLast: false })).toThrow(/ENOENT/)
    expect(readFileSync(join(folder, 'out.onnx'), 'utf8')).toBe('old')
  })

  test('without it, folders that were made are taken back as well', () => {
    writeFileSync(join(folder, 'new.data'), 'new')
    const moves = [
      { from: join(folder, 'new.data'), to: join(folder, 'a/b/out.data') },
      { from: join(folder, 'not there'), to: join(folder, 'out.onnx') },
    ]
    expect(() => moveIntoPlace(moves, { replace: false, keepLast: false })).toThrow(/ENOENT/)
    expect(existsSync(join(folder, 'a'))).toBe(false)
  })

  test('--overwrite replaces model and data', async () => {
    await reinitFile(folder, { 'fc.weight': 'ones' })
    await expect(reinitFile(folder, { 'fc.weight': 'zeros' })).rejects.toThrow(/out\.onnx exists/)
    const first = readFileSync(join(folder, 'out.onnx'))
    await reinitFile(folder, { 'fc.weight': 'zeros' }, { overwrite: true })
    expect(readFileSync(join(folder, 'out.onnx')).equals(first)).toBe(false)
    expect(filesBelow(folder)).toEqual([...INPUT, 'out.onnx'].sort())
  })

  test('a link as the output is followed, not replaced', async () => {
    mkdirSync(join(folder, 'o'))
    symlinkSync('o/real.onnx', join(folder, 'link.onnx'))
    const { written } = await reinitFile(folder, { 'fc.weight': 'ones' }, { output: join(folder, 'link.onnx') })
    expect(written).toEqual([join(folder, 'o/real.onnx')])
    await reinitFile(folder, { 'fc.weight': 'zeros' }, { output: join(folder, 'link.onnx'), overwrite: true })
    expect(readlinkSync(join(folder, 'link.onnx'))).toBe('o/real.onnx')
    expect(filesBelow(join(folder, 'o'))).toEqual(['real.onnx'])
  })
})

describe('modes', () => {
  const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777
  const cases: readonly [string, input: number, umask: number, Partial<PlanOptions>, old: number | null, expected: number][] = [
    ['the input’s, less the umask', 0o664, 0o022, {}, null, 0o644],
    ['writable by its owner though the input is not', 0o444, 0o022, {}, null, 0o644],
    ['private where the input is', 0o600, 0o022, {}, null, 0o600],
    ['private where the umask says so', 0o644, 0o077, {}, null, 0o600],
    ['that of the file that is replaced', 0o644, 0o022, { overwrite: true }, 0o640, 0o640],
    ['in place, as it was', 0o604, 0o077, { inPlace: true }, null, 0o604],
  ]
  test.each(cases)('%s', async (_, input, umask, options, old, expected) => {
    chmodSync(join(folder, 'm.onnx'), input)
    if (old !== null) {
      writeFileSync(join(folder, 'out.onnx'), '')
      chmodSync(join(folder, 'out.onnx'), old)
    }
    const before = process.umask(umask)
    try {
      await reinitFile(folder, { 'fc.weight': 'ones' }, options)
    } finally {
      process.umask(before)
    }
    expect(modeOf(options.inPlace ? 'm.onnx' : 'out.onnx')).toBe(expected)
  })
})

describe('a stream', () => {
  test('gets the bytes that a file gets, stays open, and nothing is placed', async () => {
    await reinitFile(folder, { 'fc.weight': 'zeros', 'fc.bias': 'ones' })
    const staged = await stage('m.onnx', { output: '-' })
    expect(staged.folder.startsWith(folder)).toBe(false)
    const to = new PassThrough()
    const got = buffer(to)
    await staged.stream(to)
    expect(to.writableEnded).toBe(false)
    to.end()
    expect(await got).toEqual(readFileSync(join(folder, 'out.onnx')))
    expect(staged.commit()).toEqual([])
    expect(existsSync(staged.folder)).toBe(false)
    expect(filesBelow(folder)).toEqual([...INPUT, 'out.onnx'].sort())
  })

  test('has external data inside', async () => {
    const staged = await stage('x.onnx', { output: '-', data: 'inline' })
    expect(filesBelow(staged.folder)).toEqual(['x.onnx'])
    staged.discard()
  })

  test('that is closed is an error', async () => {
    const staged = await stage('m.onnx', { output: '-' })
    const to = new PassThrough()
    to.destroy()
    await expect(staged.stream(to)).rejects.toThrow()
    staged.discard()
  })
})
