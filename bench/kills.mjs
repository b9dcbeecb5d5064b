import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** @typedef {{ before: Record<string, Uint8Array>, flags: string[], model: string }} Job */
/** @typedef {Job & { name: string, old: Map<string, string>, after: Map<string, string>, milliseconds: number, begins: number }} Prepared */

/**
 * The jobs that are killed, by name: their flags, the files that are there before, and which of them is the model.
 * @param {Record<'large' | 'external' | 'data' | 'longer' | 'old', Uint8Array>} files
 * @returns {Record<string, Job>}
 */
const jobs = (files) => ({
  'a new output': { before: { 'm.onnx': files.large }, flags: ['-o', 'out.onnx'], model: 'out.onnx' },
  '--overwrite': { before: { 'm.onnx': files.large, 'out.onnx': files.old }, flags: ['-o', 'out.onnx', '--overwrite'], model: 'out.onnx' },
  '--in-place': { before: { 'm.onnx': files.large }, flags: ['--in-place'], model: 'm.onnx' },
  'data files replaced': {
    before: { 'm.onnx': files.external, 'w.data': files.data, 'out.onnx': files.old, 'out.onnx.data': files.old },
    flags: ['-o', 'out.onnx', '--overwrite'],
    model: 'out.onnx',
  },
  'a data file past the page cache': {
    before: { 'm.onnx': files.external, 'w.data': files.longer },
    flags: ['-o', 'out.onnx', '--no-verify'],
    model: 'out.onnx',
  },
  'data files in place': { before: { 'm.onnx': files.external, 'w.data': files.data }, flags: ['--in-place'], model: 'm.onnx' },
})

/**
 * Kills the command line `count` times at random moments of its work, and gives what came of it; runs that end before they are killed are
 * made again. The model is a matrix of side × side.
 * @param {{ count: number, cli: string, seed: number, side: number }} given
 * @returns {Promise<Record<string, number>>}
 * @throws Error where a file is neither old nor new, parts don't belong together, or the next run fails or leaves something behind
 */
export async function kills({ count, cli, seed, side }) {
  const counts = {
    'killed before the output': 0,
    'killed behind it': 0,
    'done before the kill': 0,
    'left something behind, which was cleaned': 0,
  }
  const random = numbers(seed)
  const data = Buffer.alloc(4 * side * side)
  const files = {
    large: model(side, message(9, data)),
    external: model(side, message(13, message(1, 'location'), message(2, 'w.data')), varint(14, 1)),
    data,
    // most of it is copied as it is
    longer: Buffer.alloc(data.length + Math.max(data.length, 1 << 24) + 5, 1),
    old: Buffer.from('old'),
  }
  const prepared = Object.entries(jobs(files)).map(([name, job]) => ({ name, ...job, ...reference(job, cli) }))
  for (let i = 0; i - counts['done before the kill'] < count; i++) {
    if (i >= 3 * count) throw new Error(`of ${i} runs ${counts['done before the kill']} ended before they were killed: give a larger side`)
    const job = /** @type {Prepared} */ (prepared[i % prepared.length])
    const folder = folderOf(job.before)
    // most of the time goes into the start of the program: kills come in the time of the work
    const delay = job.begins + random() * (job.milliseconds - job.begins) * 1.1
    const isKilled = await killed(cli, argumentsOf(job), folder, delay)
    const left = contentOf(folder)
    const leftovers = [...left.keys()].filter((f) => f.startsWith('.onnx-reinit-'))
    judge(job, left, `kill ${i} of "${job.name}" after ${delay.toFixed(1)} ms`)
    if (!isKilled) counts['done before the kill']++
    else counts[left.get(job.model) === job.after.get(job.model) ? 'killed behind it' : 'killed before the output']++
    if (leftovers.length > 0 || readdirSync(folder).some((f) => f.startsWith('.onnx-reinit-'))) {
      const { stdout, status } = run(
        cli,
        [...argumentsOf(job), ...(job.flags.includes('--in-place') || job.flags.includes('--overwrite') ? [] : ['--overwrite'])],
        folder,
      )
      const names = [...contentOf(folder).keys()]
      if (status !== 0 || !stdout.includes('left behind by a run that was killed') || `${names}` !== `${[...job.after.keys()]}`)
        throw new Error(`the run after kill ${i} of "${job.name}": status ${status}, ${names}\n${stdout}`)
      counts['left something behind, which was cleaned']++
    }
    rmSync(folder, { recursive: true })
  }
  return counts
}

/** @param {Job} job */
const argumentsOf = ({ flags }) => ['m.onnx', '--all', '--he-normal', '--no-run', ...flags]

/** @param {Prepared} job @param {Map<string, string>} left @param {string} what */
function judge(job, left, what) {
  const isInPlace = job.flags.includes('--in-place')
  for (const [name, content] of left)
    if (!name.startsWith('.onnx-reinit-') && content !== job.old.get(name) && content !== job.after.get(name))
      throw new Error(`${what}: ${name} is torn`)
  for (const name of job.old.keys())
    if (!left.has(name) && (isInPlace || job.old.get(name) === job.after.get(name))) throw new Error(`${what}: ${name} is gone`)
  if (isInPlace || !left.has(job.model)) return
  const whole = left.get(job.model) === job.after.get(job.model) ? job.after : job.old
  for (const [name, content] of whole) if (left.get(name) !== content) throw new Error(`${what}: ${name} does not belong to ${job.model}`)
}

/**
 * What a job does where it is not killed, and when: milliseconds from its start to its first file, and to its end.
 * @param {Job} job @param {string} cli
 */
function reference(job, cli) {
  const folder = folderOf(job.before)
  const old = contentOf(folder)
  const start = performance.now()
  const { status, stderr } = run(cli, argumentsOf(job), folder)
  if (status !== 0) throw new Error(stderr)
  const milliseconds = performance.now() - start
  const after = contentOf(folder)
  rmSync(folder, { recursive: true })
  const idle = performance.now()
  spawnSync(process.execPath, [cli, 'inspect', 'not there'])
  return { old, after, milliseconds, begins: Math.min(milliseconds, performance.now() - idle) }
}

/** @param {string} cli @param {string[]} args @param {string} cwd */
const run = (cli, args, cwd) => spawnSync(process.execPath, [cli, ...args], { cwd, encoding: 'utf8' })

/**
 * Whether the kill came before the end.
 * @param {string} cli @param {string[]} args @param {string} cwd @param {number} milliseconds
 */
function killed(cli, args, cwd, milliseconds) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd, stdio: 'ignore' })
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds)
    child.on('exit', (_, signal) => {
      clearTimeout(timer)
      resolve(signal === 'SIGKILL')
    })
  })
}

/** @param {Record<string, Uint8Array>} files */
function folderOf(files) {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-reinit-kill-'))
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
  return folder
}

/**
 * Every file, as a string that is equal where the file is.
 * @param {string} folder
 */
const contentOf = (folder) =>
  new Map(
    /** @type {string[]} */ (readdirSync(folder, { recursive: true }))
      .sort()
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => /** @type {const} */ ([name, readFileSync(join(folder, name)).toString('latin1')])),
  )

/**
 * y = x · w, and where the values of w are.
 * @param {number} side @param {Buffer[]} values
 */
const model = (side, ...values) =>
  Buffer.concat([
    varint(1, 9),
    message(8, message(1, ''), varint(2, 17)),
    message(
      7,
      message(1, message(1, 'x'), message(1, 'w'), message(2, 'y'), message(3, 'fc'), message(4, 'MatMul')),
      message(5, varint(1, side), varint(1, side), varint(2, 1), message(8, 'w'), ...values),
      message(11, message(1, 'x')),
      message(12, message(1, 'y')),
    ),
  ])

/** @param {number} value */
const number = (value) => {
  /** @type {number[]} */
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Buffer.from([...bytes, value])
}
/** @param {number} field @param {number} value */
const varint = (field, value) => Buffer.concat([number(field * 8), number(value)])
/** @param {number} field @param {(Uint8Array | string)[]} parts */
const message = (field, ...parts) => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return Buffer.concat([number(field * 8 + 2), number(body.length), body])
}

/**
 * Numbers in [0, 1) that a seed decides.
 * @param {number} seed
 */
function numbers(seed) {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
