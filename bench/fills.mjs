// Fills and statistics in M elements/s of CPU time on one thread, in one run against torch and numpy (bench/fills.py) where a Python that has
// them is given: node bench/fills.mjs [python] [--large] [--json]. Pairs alternate; medians, with the smallest and largest ratio.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { linear, loadInit } from './loadInit.mjs'
import { spread } from './measure.mjs'

const [python] = process.argv.slice(2).filter((a) => !a.startsWith('--'))
const large = process.argv.includes('--large')
const json = process.argv.includes('--json')
const PAIRS = 7
const N = 1 << 24

const { makeFill, resolveInitializer, accumulate, Generator } = await loadInit()
const values = new Float32Array(N)
const CHUNK = 1 << 16
function fill(initializer, rows, columns, context = {}) {
  const out = values.subarray(0, rows * columns)
  const { filler } = makeFill(resolveInitializer(initializer), linear(rows, columns), 0n, context)
  if (filler.access === 'whole') return filler.fill(out)
  for (let start = 0; start < out.length; start += CHUNK) {
    const part = out.subarray(start, start + CHUNK)
    if (filler.access === 'random') filler.fill(part, start)
    else filler.next(part)
  }
}
function check() {
  const { distribution } = makeFill(resolveInitializer('normal'), linear(4096, 4096), 0n)
  const { add, finish } = accumulate(distribution, 'FLOAT', N)
  for (let start = 0; start < N; start += CHUNK) add(values.subarray(start, start + CHUNK))
  return finish()
}

/** name, elements, ours, jobs of fills.py to compare with */
const jobs = [
  ['normal', N, () => fill('normal', 4096, 4096), ['torch normal_', 'numpy standard_normal']],
  ['uniform', N, () => fill('uniform', 4096, 4096), ['torch uniform_', 'numpy random']],
  ['trunc_normal', N, () => fill('trunc_normal', 4096, 4096), ['torch trunc_normal_']],
  ['normal --rng torch', N, () => fill('normal', 4096, 4096, { generator: new Generator(0n) }), ['torch normal_']],
  ['uniform --rng torch', N, () => fill('uniform', 4096, 4096, { generator: new Generator(0n) }), ['torch uniform_']],
  ['statistics', N, check, ['numpy mean std min max']],
  ['orthogonal 1024²', 1024 ** 2, () => fill('orthogonal', 1024, 1024), ['torch orthogonal_ 1024']],
  ...(large ? [['orthogonal 4096²', 4096 ** 2, () => fill('orthogonal', 4096, 4096), ['torch orthogonal_ 4096']]] : []),
]

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const other = python ? spawn(python, [join(import.meta.dirname, 'fills.py')], { stdio: ['pipe', 'pipe', 'inherit'] }) : null
const answers = other && createInterface({ input: other.stdout })[Symbol.asyncIterator]()
async function theirs(job) {
  other.stdin.write(`${job}\n`)
  return Number((await answers.next()).value)
}
function ours(run) {
  const start = cpuSeconds()
  run()
  return cpuSeconds() - start
}

const results = []
for (const [name, count, run, others] of jobs) {
  const pairs = count === 4096 ** 2 && name.startsWith('orthogonal') ? 1 : PAIRS
  if (pairs > 1) for (let i = 0; i < 2; i++) run()
  const mine = []
  const found = new Map(others.map((job) => [job, []]))
  for (let i = 0; i < pairs; i++) {
    mine.push(ours(run))
    if (other) for (const job of others) found.get(job).push(await theirs(job))
  }
  const against = [...(other ? found : [])].map(([job, times]) => ({
    ...{ job, seconds: spread(times).median, ratio: spread(times.map((t, i) => t / mine[i])) },
  }))
  results.push({ name, count, seconds: spread(mine).median, against })
  if (!json) show(results.at(-1))
}
other?.stdin.end()
if (json) console.log(JSON.stringify(results))

function show({ name, count, seconds, against }) {
  const speed = (s) => `${(count / s / 1e6).toPrecision(3)} M/s`
  console.log(`${name.padEnd(20)} ${speed(seconds).padStart(10)}  ${seconds.toFixed(3)} s`)
  for (const { job, seconds: s, ratio } of against)
    console.log(
      `  against ${job.padEnd(24)} ${speed(s).padStart(10)}  ${ratio.median.toFixed(2)}× as fast (${ratio.min.toFixed(2)} … ${ratio.max.toFixed(2)})`,
    )
}
