import { fork } from 'node:child_process'

/** Two cores. */
const WORKERS = 2
/** Of what a worker writes to stderr, which is silent unless it dies. */
const MAX_STDERR = 4096

/**
 * Does a job for each task in worker processes: a crash or a hang is that task's `{ died: 'why' }`, and the rest goes on.
 * @param {string} job of worker.mjs
 * @param {readonly object[]} tasks
 * @param {{ dist: string, temporary: string, seconds: number }} options
 * @returns {Promise<object[]>} results in the tasks' order
 */
export async function runTasks(job, tasks, { dist, temporary, seconds }) {
  const results = Array.from({ length: tasks.length })
  let next = 0
  const work = async () => {
    let worker = null
    while (next < tasks.length) {
      const at = next++
      worker ??= startWorker(job, dist, temporary)
      results[at] = await worker.ask(tasks[at], seconds)
      if ('died' in results[at]) worker = null
    }
    worker?.stop()
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  return results
}

/** Of each worker, what kills it and its children. One listener for all: some are long in closing where what they left holds on. */
const alive = new Set()
process.on('exit', () => {
  for (const kill of alive) kill()
})

function startWorker(job, dist, temporary) {
  const child = fork(new URL('worker.mjs', import.meta.url), [job, dist], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // a group of its own: what hangs may be a child of it
    detached: true,
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary },
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr = (stderr + data).slice(-MAX_STDERR)
  })
  const killGroup = () => {
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // it has ended
    }
  }
  alive.add(killGroup)
  child.on('close', () => alive.delete(killGroup))
  return {
    ask: (task, seconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => end({ died: `no answer in ${seconds} s` }), seconds * 1000)
        const closed = (code, signal) => end({ died: `${signal ?? `exit ${code}`}: ${errorLine(stderr)}` })
        const end = (result) => {
          clearTimeout(timer)
          child.off('message', end).off('close', closed)
          if ('died' in result) killGroup()
          resolve(result)
        }
        child.on('message', end).on('close', closed)
        child.send(task)
      }),
    stop: () => child.disconnect(),
  }
}

/** The line of a stack trace that says what. */
const errorLine = (stderr) => stderr.split('\n').find((line) => /Error|FATAL/.test(line)) ?? stderr.trim().split('\n').at(-1)
