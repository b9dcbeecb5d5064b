import { type ChildProcess, fork } from 'node:child_process'
import { ReinitError } from '../errors.js'
import type { RunValue } from '../types.js'
import type { Job, Message, Ran } from './job.js'
import { isUnsupported } from './isUnsupported.js'

/** How the run of a model in a child process ended: it ran, or why there are no outputs. */
export type Outcome =
  | Ran
  | {
      readonly kind: 'none'
      readonly why: 'error' | 'unsupported' | 'crash' | 'timeout' | 'killed'
      readonly message: string
      readonly inputs: readonly RunValue[]
    }

export const DEFAULT_TIMEOUT_SECONDS = 120
/** Of what the child writes to stderr, which is silent unless it dies. */
const MAX_STDERR = 1 << 16
const MAX_MESSAGE = 400
/** setTimeout's largest delay. */
const MAX_DELAY = 2 ** 31 - 1

/**
 * Runs a model in a child process of its own, whose crash or hang is an outcome.
 * @throws ReinitError `runtime` where the process can't load onnxruntime-node.
 */
export async function runChild(script: URL, job: Omit<Job, 'milliseconds'>, seconds: number): Promise<Outcome> {
  const milliseconds = Math.min(seconds * 1000, MAX_DELAY)
  // extra certificates cost Node 70 ms at every start, and this process speaks to nobody
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env
  const child = fork(script, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced', execArgv: [], env })
  const kill = () => void child.kill('SIGKILL')
  dieWith(child)
  let outcome: Outcome | null = null
  let unloadable: string | null = null
  let done = false
  let late = false
  let stderr = ''
  const timer = setTimeout(() => {
    late = true
    kill()
  }, milliseconds)
  child.stderr?.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString()).slice(0, MAX_STDERR)
  })
  child.on('message', (message: Message) => {
    if (message.kind === 'ran') outcome = outcome === null || message.problem === null ? message : outcome
    else if (message.kind === 'unloadable') unloadable = message.message
    else if (message.kind === 'done') {
      done = true
      // the system frees a dead process at once; the runtime takes its time
      kill()
    } else {
      const why = message.kind === 'unsupported' || isUnsupported(message.message) ? 'unsupported' : 'error'
      outcome = { kind: 'none', why, message: oneLine(message.message), inputs: message.kind === 'error' ? message.inputs : [] }
    }
  })
  // further attempts are begun in the first half of the time, so that the last of them can end
  child.send({ ...job, milliseconds: milliseconds / 2 } satisfies Job, () => {})
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', (error) => reject(new ReinitError('runtime', `The run can't be started (${error.message}): give --no-run.`)))
    child.once('close', (...ending) => resolve(ending))
  }).finally(() => {
    clearTimeout(timer)
    alive.delete(child)
  })
  if (unloadable !== null)
    throw new ReinitError('runtime', `onnxruntime-node can't be loaded (${oneLine(unloadable)}): install it anew, or give --no-run.`)
  if (outcome !== null) return outcome
  const none = (why: 'error' | 'crash' | 'timeout' | 'killed', message: string): Outcome => ({ kind: 'none', why, message, inputs: [] })
  if (done) return none('error', 'the run gave no result')
  if (late) return none('timeout', `no result after ${seconds} s`)
  if (signal === 'SIGKILL') return none('killed', 'the system killed the run (SIGKILL), as it does when memory runs out')
  return none('crash', `the runtime crashed (${signal ?? `exit status ${code}`})${lastWords(stderr)}`)
}

/** One listener for all: as many runs as there are at once are no leak. */
const alive = new Set<ChildProcess>()
function dieWith(child: ChildProcess): void {
  if (!process.listeners('exit').includes(killAll)) process.on('exit', killAll)
  alive.add(child)
}
function killAll(): void {
  for (const child of alive) child.kill('SIGKILL')
}

/** The line of stderr that says why a process died. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const line = lines.find((l) => /fatal|what\(\)|error|assert/i.test(l)) ?? lines[0]
  return line === undefined ? '' : `: ${oneLine(line)}`
}

/** onnxruntime's message without paths of its build, C++ signatures and line breaks. */
function oneLine(message: string): string {
  const text = message
    .replace(/Load model from .*? failed:/, '')
    .replace(/\/onnxruntime_src\/\S+ [^(]*\((?:[^()]|\([^()]*\))*\)(?: const)? /, '')
    .replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text
}
