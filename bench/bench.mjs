// npm run bench: the ten targets, each as a ratio of CPU times in one run (README.md beside this file).
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { groups, jobsOf, variants } from './groups.mjs'
import { measureIndexing } from './indexing.mjs'
import { alternate, noPeaks, run, spread } from './measure.mjs'
import { models } from './models.mjs'
import { preparePython } from './peers.mjs'
import { report, shown, verdict } from './report.mjs'
import { measureSize, sizes } from './scale.mjs'
import { startUps } from './startUps.mjs'
import { writeModel } from './writeModel.mjs'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    pairs: { type: 'string', default: '7' },
    only: { type: 'string' },
    dist: { type: 'string', default: 'dist' },
    folder: { type: 'string', default: join(tmpdir(), 'onnx-reinit-bench') },
    python: { type: 'string' },
    'no-python': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const started = new Date()
const rounds = Number(options.pairs)
const wanted = options.only?.split(',').map(Number)
const isWanted = (/** @type {(number | null)[]} */ ...targets) =>
  wanted === undefined || targets.some((t) => t !== null && wanted.includes(t))
const cli = resolve(options.dist, 'cli.cjs')
if (!existsSync(cli)) throw new Error(`${cli} is not there: npm run build, or --dist FOLDER.`)
const folder = resolve(options.folder)
mkdirSync(folder, { recursive: true })
const peers = options['no-python'] ? { python: null, versions: {}, missing: 'no Python' } : preparePython(folder, options.python)
const clones = canClone()
const setting = { cli, folder, python: peers.python, hasRuntime: isResolved('onnxruntime-node'), clones }

/**
 * What was found: `measured` by column, `left`: why it was not.
 * @type {import('./report.mjs').Result[]}
 */
const results = []
/** @type {import('./report.mjs').Times[]} */
const times = []

for (const group of groups) if (isWanted(...group.rows.map(({ target }) => target))) measureGroup(group)
if (isWanted(6)) for (const size of sizes) measureMemory(size)
if (isWanted(7, 9)) measureFills()
if (isWanted(8)) await measureIndex()
if (wanted === undefined) measureStart()
report(results, times, { started, rounds, clones, ...peers })
if (!options.keep) for (const name of ['models', 'out']) rmSync(join(folder, name), { recursive: true, force: true })

function measureGroup(group) {
  const { value: found, left } = attempt(group.what, [group.model], () => alternate(jobsOf(group, setting), rounds))
  for (const row of group.rows) {
    const columns = found ? Object.keys(variants).filter((name) => name in found[0] && (row.only ?? name) === name) : []
    const measured = Object.fromEntries(columns.map((name) => [name, spread(found.map((s) => row.ratio(s, s[name])))]))
    const others = row.clones === undefined || row.clones === clones ? null : clones ? 'the file system clones' : 'no clones here'
    const absent = columns.length === 0 ? 'no onnxruntime-node' : absentPeer(measured)
    add(group.what, row, measured, left ?? others ?? absent)
  }
  if (found) addTimes(group.what, found)
}

function measureMemory(size) {
  const job = `${size.what}, ${models[size.model].what}`
  const { value: found, left } = noPeaks === null ? attempt(job, [size.model], () => measureSize(size, setting)) : { left: noPeaks }
  const row = { target: 6, against: 'MiB resident at most', atMost: size.atMost, only: 'proven' }
  add(job, row, found ? { proven: spread([found.mebibytes]) } : {}, left)
  if (found) times.push({ job, seconds: { proven: found.seconds } })
}

/** Speeds as multiples of theirs: fills.mjs has its own alternating pairs, on one thread and without any start. */
function measureFills() {
  const limits = {
    'normal, torch normal_': [7, 0.9],
    'normal, numpy standard_normal': [7, 2],
    'orthogonal 1024², torch orthogonal_ 1024': [9, 0.25],
  }
  const args = [
    join(import.meta.dirname, 'fills.mjs'),
    ...(peers.python ? [peers.python] : []),
    '--json',
    ...(options.quick ? [] : ['--large']),
  ]
  const { value: found, left } = attempt('fills', [], () => JSON.parse(run([process.execPath, ...args]).stdout))
  for (const [pair, [target, atLeast]] of Object.entries(limits)) {
    const [name, job] = pair.split(', ')
    if (!found || !peers.python)
      add(`fill: ${name}`, { target, against: `as fast as ${job}`, atLeast }, {}, left ?? 'not measured: no Python')
  }
  for (const { name, count, seconds, against } of found ?? []) {
    for (const { job, ratio } of against) {
      const [target, atLeast] = limits[`${name}, ${job}`] ?? [null, undefined]
      add(`fill: ${name}`, { target, against: `as fast as ${job}`, atLeast }, { 'writing alone': ratio }, null)
    }
    times.push({ job: `fill: ${name}, ${(count / seconds / 1e6).toPrecision(3)} M/s`, seconds: { ours: seconds } })
  }
}

async function measureIndex() {
  const job = `index: ${models.initializers.what}`
  const rows = [
    { against: 'times onnx.load', ratio: (s) => s.read / s['onnx.load'], atMost: 3 },
    { against: 'with findWeights, times onnx.load', ratio: (s) => (s.read + s.find) / s['onnx.load'] },
    // linear is 4; the smaller one's share of a cold start makes it less
    { against: 'growth from a quarter', ratio: (s) => s.read / s.readQuarter, atMost: 5 },
    { against: 'growth from a quarter, with findWeights', ratio: (s) => (s.read + s.find) / (s.readQuarter + s.findQuarter), atMost: 5 },
  ]
  const { value, left } = attempt(job, ['initializers', 'quarter'], () => measureIndexing(setting, rounds))
  const found = await value
  for (const row of rows) {
    const measured = found ? { 'writing alone': spread(found.map(row.ratio)) } : {}
    add(job, { target: 8, ...row }, measured, left ?? absentPeer(measured))
  }
  if (found) addTimes(job, found)
}

/** What little jobs cost beside Node's own start. */
function measureStart() {
  const { value: found } = attempt('starts', ['mlp'], () => alternate(startUps(setting), rounds))
  for (const name of Object.keys(found?.[0] ?? {}))
    if (name !== 'node -e 0')
      add(name, { target: null, against: 'times node -e 0' }, { 'writing alone': spread(found.map((s) => s[name] / s['node -e 0'])) }, null)
}

/** A measurement, or why there is none: a model too large, a job that failed. */
function attempt(what, needed, measure) {
  const left = needed.map(prepare).find((reason) => reason !== null) ?? null
  if (left !== null) return { left }
  progress(what)
  try {
    return { value: measure(), left: null }
  } catch (error) {
    console.error(error.message)
    return { left: `failed: ${error.message.split('\n')[0].slice(0, 60)}` }
  }
}

/** Generates a model where it is not there yet; why it can't be measured, or null. */
function prepare(name) {
  const { what, large, size, holes, graph } = models[name]
  if (large && options.quick) return 'left out by --quick'
  const path = join(folder, 'models', name, 'model.onnx')
  if (existsSync(path)) return null
  const { bavail, bsize } = statfsSync(folder)
  // itself, and two copies at once while a file is replaced
  const needed = (holes ? 2 : 3) * size
  if (bavail * bsize < needed) return `${(needed / 1e9).toFixed(1)} GB of disk needed`
  progress(`generating ${what}`)
  writeModel(path, graph())
  return null
}

function add(job, { target, against, atLeast, atMost, only }, measured, left) {
  const result = { target, job, against, atLeast, atMost, judged: only ?? 'writing alone', measured: left === null ? measured : {}, left }
  results.push(result)
  console.error(`${' '.repeat(9)}${against}: ${left ?? shown(measured[result.judged])} ${verdict(result)}`)
}

function addTimes(job, found) {
  const medians = Object.keys(found[0]).map((name) => [name, spread(found.map((s) => s[name])).median])
  times.push({ job, seconds: Object.fromEntries(medians.filter(([, s]) => Number.isFinite(s))), rounds: found })
}

function absentPeer(measured) {
  return Object.values(measured).every(({ median }) => Number.isFinite(median)) ? null : 'not measured: no Python'
}

function isResolved(name) {
  try {
    createRequire(join(process.cwd(), 'package.json')).resolve(name)
    return true
  } catch {
    return false
  }
}

/** Whether the folder's file system clones. */
function canClone() {
  const [from, to] = [join(folder, 'clone-a'), join(folder, 'clone-b')]
  writeFileSync(from, 'x'.repeat(4096))
  const { status } = spawnSync('cp', ['--reflink=always', from, to])
  for (const path of [from, to]) rmSync(path, { force: true })
  return status === 0
}

function progress(what) {
  console.error(`${((Date.now() - started.getTime()) / 1000).toFixed(0).padStart(5)} s  ${what}`)
}
