// npm run fuzz [-- --count 1000000 --from 0 --folder DIR]: a count of inputs by number, on as many processes as there are cores.
// Most go through the main job; some are scrambled, stripped and drawn anew, some are skeletons that were tampered with (input.ts).
// An interrupted run goes on where it was; `--one N` judges a single input and leaves its files in DIR/0/files.
import { fork } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { embedKernel } from '../assembly/embedKernel.mjs'

const { values: given } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    from: { type: 'string', default: '0' },
    folder: { type: 'string', default: 'node_modules/.cache/fuzz' },
    // files of the inputs: in memory where the system has that
    scratch: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    processes: { type: 'string', default: String(availableParallelism()) },
    one: { type: 'string' },
  },
})
const folder = resolve(given.folder)
mkdirSync(folder, { recursive: true })
const scratch = given.one === undefined ? mkdtempSync(join(given.scratch, 'onnx-reinit-fuzz-')) : folder
const children = new Set()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  if (given.one === undefined) rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
const script = join(folder, 'worker.mjs')
await build({
  entryPoints: ['fuzz/worker.ts'],
  outfile: script,
  bundle: true,
  format: 'esm',
  platform: 'node',
  external: ['onnxruntime-node'],
  logLevel: 'error',
  banner: { js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);" },
  plugins: [embedKernel],
})

/** Beside the main job, whose counts have no name: what is scrambled and drawn anew, and skeletons that were tampered with. */
const JOBS = { share: 'to share', skeleton: 'skeletons' }
/** Inputs that a process is sent at a time. */
const STRETCH = 250
/** No word for so long, and a process hangs. */
const SILENCE_MILLISECONDS = 30_000
const statePath = join(folder, 'state.json')
const [first, count] = given.one === undefined ? [Number(given.from), Number(given.count)] : [Number(given.one), 1]
const known = existsSync(statePath) && given.one === undefined ? JSON.parse(readFileSync(statePath, 'utf8')) : null
const state = known?.first === first ? known : { first, next: first, counts: {}, findings: 0 }
/** What was not handed out yet; `state.next`: below it all is done. */
let next = state.next
/** Stretches that a dead process left. */
const left = []
const running = new Map()
const start = performance.now()
let done = 0
let printed = start

function stretch() {
  const [given] = left.splice(0, 1)
  if (given) return given
  if (next >= first + count) return null
  const from = next
  next = Math.min(first + count, from + STRETCH)
  return { from, to: next }
}

function found(index, what) {
  state.findings++
  appendFileSync(join(folder, 'findings.txt'), `${index}: ${what}\n`)
  console.log(`finding ${index}: ${what}`)
}

function save() {
  const waiting = [...running.values(), ...left].map(({ from }) => from)
  // what is at work is done again after an interrupt
  state.next = Math.min(next, ...waiting)
  writeFileSync(statePath, JSON.stringify(state))
}

async function work(id) {
  const own = join(scratch, String(id))
  for (;;) {
    rmSync(own, { recursive: true, force: true })
    mkdirSync(own)
    const child = fork(script, [own], { execArgv: ['--max-old-space-size=512'] })
    children.add(child)
    child.on('exit', () => children.delete(child))
    for (let part = stretch(); part; part = stretch()) {
      running.set(id, part)
      const answer = await ask(child, part, own)
      running.delete(id)
      for (const [kind, n] of Object.entries(answer.counts)) state.counts[kind] = (state.counts[kind] ?? 0) + n
      for (const { index, what } of answer.wrong) found(index, what)
      if (answer.to < part.to) left.push({ from: answer.to, to: part.to })
      done += answer.to - part.from
      save()
      print(false)
      if (!child.connected) break
    }
    if (child.connected) {
      child.disconnect()
      return
    }
  }
}

/** The input that a process is at; null: none yet, on a machine with much else to do. */
function reached(own) {
  const at = join(own, 'at')
  return existsSync(at) ? Number(readFileSync(at, 'utf8')) : null
}

/** The answer to a stretch; of a process that dies or hangs, that the input was wrong at which it was. */
function ask(child, { from, to }, own) {
  return new Promise((resolve) => {
    let reason = null
    const timer = setInterval(() => {
      const index = reached(own)
      if (index !== null && index === seen) {
        reason = `hangs for ${SILENCE_MILLISECONDS} ms`
        child.kill('SIGKILL')
      }
      seen = index
    }, SILENCE_MILLISECONDS)
    /** @type {number | null} */
    let seen = -1
    const end = (answer) => {
      clearInterval(timer)
      child.off('message', end)
      child.off('exit', onExit)
      resolve(answer)
    }
    const onExit = (code, signal) => {
      const index = reached(own) ?? from
      end({ to: index + 1, counts: { wrong: 1 }, wrong: [{ index, what: reason ?? `the process died (${signal ?? code})` }] })
    }
    child.on('message', end)
    child.on('exit', onExit)
    child.send({ from, to })
  })
}

function print(isLast) {
  const now = performance.now()
  if (!isLast && now - printed < 5000) return
  printed = now
  const rate = Math.round(done / ((now - start) / 1000))
  const counts = [countsOf(''), ...Object.keys(JOBS).map((job) => `${JOBS[job]} ${countsOf(`${job} `)}`)]
  console.log(`${state.next - first} of ${count} inputs: ${counts.join('; ')}; ${state.findings} findings; ${rate} a second`)
}

/** Of the kinds whose names begin so, the rest of the name. */
function countsOf(prefix) {
  const counts = Object.entries(state.counts).flatMap(([kind, n]) => {
    const [, job, rest] = /^(\w+ |)(\w+)$/.exec(kind)
    return job === prefix ? [`${n} ${rest}`] : []
  })
  return counts.sort((a, b) => a.split(' ')[1].localeCompare(b.split(' ')[1])).join(', ') || 'none'
}

await Promise.all(Array.from({ length: given.one === undefined ? Number(given.processes) : 1 }, (_, id) => work(id)))
print(true)
process.exitCode = state.findings > 0 ? 1 : 0
