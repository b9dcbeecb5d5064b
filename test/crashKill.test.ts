import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kills } from '../bench/kills.mjs'
import * as b from './buildModel.js'

const dist = mkdtempSync(join(tmpdir(), 'onnx-reinit-dist-'))
const cli = join(dist, 'cli.cjs')
beforeAll(() => {
  const { status, stderr } = spawnSync(process.execPath, ['build.mjs', dist], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
}, 60_000)
afterAll(() => rmSync(dist, { recursive: true }))

test('killed 20 times, each output is whole or not there, and the next run cleans up', { timeout: 120_000 }, async () => {
  // when kills land depends on the machine's load: other moments are tried where all came too late
  let landed = 0
  for (const seed of [7, 8, 9])
    if (landed === 0) landed += (await kills({ count: 20, cli, seed, side: 1000 }))['killed before the output'] ?? 0
  expect(landed).toBeGreaterThan(0)
})

/** A model whose work takes a while: 100 MB of zeros, all drawn. */
function slowModel(): string {
  const count = 25_000_000
  const weight = { external: { location: 'w.data' } }
  const folder = b.folderOf({ 'm.onnx': b.linearModel({ inFeatures: count / 10, outFeatures: 10, weight }) })
  writeFileSync(join(folder, 'w.data'), Buffer.alloc(4 * count))
  return folder
}
const argv = [cli, 'm.onnx', '--all', '--he-normal', '--no-run', '-o', 'out.onnx']

/** Resolves when the run has begun to write. */
async function hasBegun(folder: string): Promise<void> {
  while (!readdirSync(folder).some((f) => f.startsWith('.onnx-reinit-'))) await new Promise((go) => setTimeout(go, 5))
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s cleans up and ends with %d', { timeout: 60_000 }, async (signal, status) => {
  const folder = slowModel()
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  await hasBegun(folder)
  child.kill(signal)
  expect(await new Promise((ended) => child.on('close', ended))).toBe(status)
  expect(stderr).toBe(`onnx-reinit: interrupted by ${signal}\n`)
  expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'w.data'])
  rmSync(folder, { recursive: true })
})

test('of two runs at one output one is refused, and the other is whole', { timeout: 60_000 }, async () => {
  const folder = slowModel()
  const first = spawn(process.execPath, argv, { cwd: folder, stdio: 'ignore' })
  const ended = new Promise((end) => first.on('close', end))
  await hasBegun(folder)
  // it stands still until the other has come, however long that takes
  first.kill('SIGSTOP')
  const second = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' })
  expect(second.stderr).toMatch(
    /^onnx-reinit: Another run \(process \d+\) is writing .*out\.onnx: wait for it, or give another name with -o\.\n$/,
  )
  expect(second.status).toBe(2)
  first.kill('SIGCONT')
  expect(await ended).toBe(0)
  expect(readdirSync(folder).sort()).toEqual(['m.onnx', 'out.onnx', 'out.onnx.data', 'w.data'])
  rmSync(folder, { recursive: true })
})

/** What a run says where the system does not let it write. */
const refused = (folder: string, more: readonly string[] = [], options: object = {}) =>
  spawnSync(process.execPath, [cli, 'm.onnx', '--all', '--he-normal', '--no-run', ...more], { cwd: folder, encoding: 'utf8', ...options })
const isRoot = process.getuid?.() === 0

test('a pipe or a device as the model is refused at once, with the way to pipe a model in', { timeout: 60_000 }, ({ skip }) => {
  const folder = b.folderOf({})
  const pipe = join(folder, 'pipe')
  skip(spawnSync('mkfifo', [pipe]).status !== 0)
  for (const path of [pipe, '/dev/zero', '/dev/null'])
    for (const args of [
      ['inspect', path],
      [path, '--all', '--he-normal', '--no-run'],
      ['diff', path, path],
    ]) {
      const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: 30_000, killSignal: 'SIGKILL' })
      expect(stderr).toBe(`onnx-reinit: ${path} is a pipe or a device, not a file: a model that is piped in is called -.\n`)
      expect(status).toBe(1)
    }
  rmSync(folder, { recursive: true })
})

test('a folder that may not be written to', { timeout: 60_000 }, () => {
  const folder = b.folderOf({ 'm.onnx': b.linearModel() })
  // root may write everywhere: it becomes nobody, who may not write here
  spawnSync('chmod', [isRoot ? '755' : '555', folder])
  const { status, stderr } = refused(folder, [], isRoot ? { uid: 65534, gid: 65534 } : {})
  expect(stderr).toMatch(
    /^onnx-reinit: A folder in .* can't be made: permission denied: change its mode, or give another folder with -o\.\n$/,
  )
  expect(status).toBe(1)
  expect(readdirSync(folder)).toEqual(['m.onnx'])
  spawnSync('chmod', ['755', folder])
  rmSync(folder, { recursive: true })
})

test('a full disk', { timeout: 60_000 }, ({ skip }) => {
  const disk = mkdtempSync(join(tmpdir(), 'onnx-reinit-disk-'))
  try {
    const mounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status === 0
    if (!mounted) return skip('only root can make a small disk')
    const folder = b.folderOf({ 'm.onnx': b.linearModel({ inFeatures: 100_000, outFeatures: 10 }) })
    writeFileSync(join(disk, 'other'), 'x')
    const { status, stderr } = refused(folder, ['-o', join(disk, 'out.onnx')])
    expect(stderr).toMatch(
      /^onnx-reinit: .*out\.onnx can't be written: no space left on the disk: free some, or give another folder with -o\.\n$/,
    )
    expect(status).toBe(1)
    expect(readdirSync(disk)).toEqual(['other'])
    rmSync(folder, { recursive: true })
  } finally {
    spawnSync('umount', [disk])
    rmSync(disk, { recursive: true, force: true })
  }
})

test('a killed run on a stream is cleaned up by the next on a stream', { timeout: 60_000 }, () => {
  const folder = b.folderOf({ 'm.onnx': b.linearModel() })
  const env = { ...process.env, TMPDIR: join(folder, 'tmp') }
  mkdirSync(env.TMPDIR)
  const input = readFileSync(join(folder, 'm.onnx'))
  const args = [cli, '-', '--all', '--he-normal', '--no-run']
  const killed = spawn(process.execPath, args, { env, stdio: ['pipe', 'ignore', 'ignore'] })
  return new Promise<void>((done, fail) => {
    // stdin stays open: it waits for more
    killed.stdin.write(input.subarray(0, 10))
    const wait = setInterval(() => {
      if (readdirSync(env.TMPDIR).length === 0) return
      clearInterval(wait)
      killed.kill('SIGKILL')
    }, 5)
    killed.on('close', () => {
      try {
        const [left] = readdirSync(env.TMPDIR)
        const next = spawnSync(process.execPath, args, { env, input })
        expect(next.stderr.toString()).toContain(
          `onnx-reinit: removed ${join(env.TMPDIR, left ?? '')}, left behind by a run that was killed\n`,
        )
        expect(next.status).toBe(0)
        expect(next.stdout.length).toBe(input.length)
        expect(readdirSync(env.TMPDIR)).toEqual([])
        expect(existsSync(resolve(folder, 'm.onnx'))).toBe(true)
        done()
      } catch (error) {
        fail(error as Error)
      }
    })
  })
})
