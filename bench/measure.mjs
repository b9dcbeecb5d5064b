import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {{ readonly name: string, readonly command: readonly string[], readonly prepare?: () => void }} Job
 *   `prepare` makes what a run uses up; it is not measured.
 */

/** A Python's or BLAS's threads that spin would be counted against it. */
const ENVIRONMENT = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '', OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
// certificates are read at every start of Node: it takes twice the time, and ours looks the smaller beside it
delete ENVIRONMENT.NODE_EXTRA_CA_CERTS

/**
 * CPU seconds, user + system, of a command with all children that it waited for, to the millisecond: the times that bash takes from wait4.
 * @param {readonly string[]} command
 */
export function cpuSeconds(command) {
  const { stderr } = run(['bash', '-c', 'TIMEFORMAT="%U %S"; time "$@" >/dev/null', 'bash', ...command])
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number)
  if (!Number.isFinite(user + system)) throw new Error(`bash gave no times: ${stderr}`)
  return user + system
}

const GNU_TIME = '/usr/bin/time'
/** Why peaks can't be measured here; null: they can. */
export const noPeaks = spawnSync(GNU_TIME, ['-f', '%M', 'true']).status === 0 ? null : 'GNU time needed'

/**
 * CPU seconds and the maximum resident set in MiB (of the largest process where there are several).
 * @param {readonly string[]} command
 * @param {string} folder for a temporary file
 */
export function secondsAndPeak(command, folder) {
  const file = join(folder, 'peak')
  const seconds = cpuSeconds([GNU_TIME, '-f', '%M', '-o', file, ...command])
  const mebibytes = Number(readFileSync(file, 'utf8').trim().split('\n').at(-1)) / 1024
  rmSync(file)
  return { seconds, mebibytes }
}

/** @param {readonly string[]} command */
export function run([program, ...args]) {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, { env: ENVIRONMENT, encoding: 'utf8', maxBuffer: 1 << 30 })
  if (error) throw error
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${signal ?? status}: ${stderr.trim().slice(-2000)}`)
  return { stdout, stderr }
}

/**
 * Runs every job once unmeasured (page cache, compiled Python), then all of them in turn, forwards and backwards, `rounds` times.
 * @param {readonly Job[]} jobs
 * @param {number} rounds
 * @param {(command: readonly string[]) => number} measure
 * @returns {Record<string, number>[]} one entry a round: the measure by the job's name
 */
export function alternate(jobs, rounds, measure = cpuSeconds) {
  const once = ({ command, prepare }) => {
    prepare?.()
    return measure(command)
  }
  for (const job of jobs) once(job)
  return Array.from({ length: rounds }, (_, i) =>
    Object.fromEntries((i % 2 === 0 ? jobs : jobs.toReversed()).map((job) => [job.name, once(job)])),
  )
}

/** @param {readonly number[]} values */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], max: sorted.at(-1) }
}
