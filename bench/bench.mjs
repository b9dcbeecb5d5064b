// npm run bench: the ten targets, each as a ratio of CPU times in one run (README.md beside this file).
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { groups, jobsOf, variants } from './groups.mjs'
import { measureIndexing } from './indexing.mjs'
import { alternate, cpuSeconds, noPeaks, spread } from './measure.mjs'
import { models } from './models.mjs'
import { preparePython } from './peers.mjs'
import { measureSize, sizes } from './scale.mjs'
import { startUps } from './startUps.mjs'
import { table } from './table.mjs'
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
const isWanted = (...targets) => wanted === undefined || targets.some((target) => wanted.includes(target))
const cli = resolve(options.dist, 'cli.js')
if (!existsSync(cli)) throw new Error(`${cli} is not there: npm run build, or --dist FOLDER.`)
const folder = resolve(options.folder)
mkdirSync(folder, { recursive: true })
const { python, versions, missing } = options['no-python']
  ? { python: null, versions: {}, missing: 'no Python' }
  : preparePython(folder, options.python)
if (missing) console.error(missing)
const hasRuntime = isResolved('onnxruntime-node')
const clones = canClone()
const setting = { cli, python, hasRuntime, folder }

/** What is measured: { target, job, against, limit, measured by column, met }. */
const results = []
const seconds = []
for (const group of groups) {
  const targets = group.rows.map(({ target }) => target)
  if (!isWanted(...targets)) continue
  const left = prepare(group.model)
  if (left !== null) {
    for (const row of group.rows) add(group.what, row, {}, left)
    continue
  }
  console.error(`${elapsed()}  ${group.what}`)
  const found = alternate(jobsOf(group, setting), rounds)
  for (const row of group.rows) {
    const isClone = row.clones !== undefined && row.clones !== clones
    const columns = Object.keys(variants).filter((name) => name in found[0] && (row.only ?? name) === name)
    const measured = columns.map((name) => [name, spread(found.map((s) => row.ratio(s, s[name])))])
    const isMissing = measured.some(([, { median }]) => !Number.isFinite(median))
    if (isClone) add(group.what, row, {}, row.clones ? 'no clones here' : 'clones here')
    else
      add(
        group.what,
        row,
        Object.fromEntries(measured),
        isMissing ? 'not measured: no Python' : columns.length === 0 ? 'no onnxruntime-node' : null,
      )
  }
  const medians = Object.keys(found[0]).map((name) => [name, spread(found.map((s) => s[name])).median])
  seconds.push({ job: group.what, seconds: Object.fromEntries(medians), rounds: found })
}

if (isWanted(6)) measureSizes()
if (isWanted(7, 9)) measureFills()
if (isWanted(8)) await measureIndex()
if (wanted === undefined) measureStart()
report()
if (!options.keep) for (const name of ['models', 'out']) rmSync(join(folder, name), { recursive: true, force: true })
process.exitCode = results.every(({ met }) => met !== false) ? 0 : 1

function add(job, { target, against, atLeast, atMost, only }, measured, left) {
  const value = measured[only ?? 'writing alone']?.median
  const limit = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined && atMost !== Number.POSITIVE_INFINITY ? `≤ ${atMost}` : ''
  const met = left !== null || limit === '' ? null : atLeast !== undefined ? value >= atLeast : value <= atMost
  results.push({ target, job, against, limit, measured: left === null ? measured : {}, met, left })
}

/** Generates a model where it is not there yet; why it can't be measured, or null. */
function prepare(name) {
  const { large, size, holes } = models[name]
  if (large && options.quick) return 'left out by --quick'
  const path = join(folder, 'models', name, 'model.onnx')
  if (existsSync(path)) return null
  const { bavail, bsize } = statfsSync(folder)
  const needed = (holes ? 2 : 3) * size
  if (bavail * bsize < needed) return `${(needed / 1e9).toFixed(1)} GB of disk needed, ${((bavail * bsize) / 1e9).toFixed(1)} free`
  console.error(`${elapsed()}  generating ${models[name].what}`)
  writeModel(path, models[name].graph())
  return null
}

function measureSizes() {
  for (const size of sizes) {
    const { what } = models[size.model]
    const row = { target: 6, against: 'MiB resident at most', atMost: size.atMost, only: 'proven' }
    const left = prepare(size.model) ?? noPeaks
    console.error(`${elapsed()}  memory: ${size.what}, ${what}`)
    const found = left === null ? measureSize(size, setting) : null
    const mebibytes = found && spread([found.mebibytes])
    add(`${size.what}, ${what}`, row, found ? { proven: mebibytes } : {}, left)
    if (found) seconds.push({ job: `${size.what}, ${what}`, seconds: { proven: found.seconds }, rounds: [] })
  }
}

function measureFills() {
  console.error(`${elapsed()}  fills`)
  const args = [join(import.meta.dirname, 'fills.mjs'), ...(python ? [python] : []), '--json', ...(options.quick ? [] : ['--large'])]
  const found = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }))
  /** Speed as a multiple of theirs. */
  const limits = {
    'normal, torch normal_': [7, 0.9],
    'normal, numpy standard_normal': [7, 2],
    'orthogonal 1024², torch orthogonal_ 1024': [9, 0.25],
  }
  for (const { name, against } of found) {
    if (against.length === 0)
      add(
        `fill: ${name}`,
        { target: name === 'normal' ? 7 : name === 'orthogonal 1024²' ? 9 : null, against: 'torch, numpy' },
        {},
        'not measured: no Python',
      )
    for (const { job, ratio } of against) {
      const [target, atLeast] = limits[`${name}, ${job}`] ?? [null, undefined]
      add(`fill: ${name}`, { target, against: job, atLeast }, { 'writing alone': ratio }, null)
    }
  }
  seconds.push(
    ...found.map(({ name, count, seconds: s }) => ({
      job: `fill: ${name}`,
      seconds: { [`${(count / s / 1e6).toPrecision(3)} M/s`]: s },
      rounds: [],
    })),
  )
}

async function measureIndex() {
  const left = prepare('initializers') ?? prepare('quarter')
  const job = models.initializers.what
  const rows = [
    ['of onnx.load', (s) => s.read / s['onnx.load'], 3],
    ['with findWeights, of onnx.load', (s) => (s.read + s.find) / s['onnx.load'], undefined],
    // four times as many: linear is 4; the rest is for what a cold start hides in the smaller
    ['growth from a quarter', (s) => s.read / s.readQuarter, 5],
    ['growth from a quarter, with findWeights', (s) => (s.read + s.find) / (s.readQuarter + s.findQuarter), 5],
  ]
  console.error(`${elapsed()}  indexing`)
  const found = left === null ? await measureIndexing(setting, rounds) : []
  for (const [against, ratio, atMost] of rows) {
    const measured = left === null ? spread(found.map(ratio)) : null
    const isMissing = measured !== null && !Number.isFinite(measured.median)
    add(
      `index: ${job}`,
      { target: 8, against, atMost },
      measured && !isMissing ? { 'writing alone': measured } : {},
      left ?? (isMissing ? 'not measured: no Python' : null),
    )
  }
  if (found.length > 0) {
    const medians = Object.keys(found[0]).map((name) => [name, spread(found.map((s) => s[name])).median])
    seconds.push({ job: `index: ${job}`, seconds: Object.fromEntries(medians.filter(([, s]) => Number.isFinite(s))), rounds: found })
  }
}

function measureStart() {
  prepare('mlp')
  console.error(`${elapsed()}  starts`)
  const found = alternate(startUps(setting), rounds)
  for (const name of Object.keys(found[0]))
    if (name !== 'node -e 0')
      add(name, { target: null, against: 'of node -e 0' }, { 'writing alone': spread(found.map((s) => s[name] / s['node -e 0'])) }, null)
}

function report() {
  const shown = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(2))
  const cell = (s) => (s === undefined ? '' : s.min === s.max ? shown(s.median) : `${shown(s.median)} (${shown(s.min)}–${shown(s.max)})`)
  const order = results.toSorted((a, b) => (a.target ?? 99) - (b.target ?? 99))
  const rows = order.map(({ target, job, against, limit, measured, met, left }) => {
    const [write, proven, run] = Object.keys(variants).map((name) => cell(measured[name]))
    return [
      target === null ? '' : String(target),
      job,
      against,
      left ?? write,
      limit,
      met === null ? '' : met ? 'met' : 'MISSED',
      proven,
      run,
    ]
  })
  const [write, ...others] = Object.keys(variants)
  console.log(table(['>target', 'job', 'against', write, '>limit', '', ...others], rows))
  const times = seconds.map(({ job, seconds: s }) => [
    job,
    Object.entries(s)
      .map(([name, value]) => `${name} ${value.toFixed(3)}`)
      .join(' · '),
  ])
  console.log(`\n${table(['job', 'median CPU seconds'], times)}`)
  const judged = results.filter(({ met }) => met !== null)
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${process.platform} ${release()}, Node ${process.versions.node}`
  const peersUsed = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  console.log(
    `\n${machine}; ${peersUsed.length > 0 ? peersUsed.join(', ') : missing}; ${rounds} rounds${rounds < 7 ? ', fewer than the 7 that count' : ''}`,
  )
  console.log(
    `${judged.filter(({ met }) => met).length} of ${judged.length} limits met, ${results.filter(({ target, left }) => target && left).length} not measured`,
  )
  const file = join(import.meta.dirname, 'results', `${started.toISOString().replaceAll(':', '-').slice(0, 19)}.json`)
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ started, machine, versions, rounds, clones, results: order, seconds }, null, 2)}\n`)
  console.log(`written to bench/results/${readdirSync(join(import.meta.dirname, 'results')).at(-1)}`)
}

function isResolved(name) {
  try {
    createRequire(cli).resolve(name)
    return true
  } catch {
    return false
  }
}

/** Whether the file system of the folder clones. */
function canClone() {
  const [from, to] = [join(folder, 'clone-a'), join(folder, 'clone-b')]
  writeFileSync(from, 'x'.repeat(4096))
  const { status } = spawnSync('cp', ['--reflink=always', from, to])
  for (const path of [from, to]) rmSync(path, { force: true })
  return status === 0
}

function elapsed() {
  return `${((Date.now() - started.getTime()) / 1000).toFixed(0).padStart(5)} s`
}
