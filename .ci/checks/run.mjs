import { join } from 'node:path'
import { reasons } from '../jobs/run.mjs'
import { runTasks } from '../pool.mjs'
import { printCounts, printGroups } from '../print.mjs'

/** A few runs of the library's own limit. */
const TIMEOUT_SECONDS = 150
const statuses = ['passed', 'failed-before', 'unsupported', 'too-large', 'timeout', 'failed', ...Object.keys(reasons)]

/**
 * Whatever onnxruntime-node runs with finite outputs, it runs with finite outputs re-initialized. Where only the values are to blame (a network
 * deep in layers and bare of norms that overflows float16, the logarithm of a sum that was positive) that is listed, and no failure.
 */
export async function run({ rewritten, dist, work }) {
  if (!rewritten) return null
  const models = rewritten.filter((r) => r.outcome === 'rewritten').map((r) => r.model)
  const tasks = models.map(({ path }, i) => ({ path, folder: join(work, `run-${i}`) }))
  const answers = await runTasks('run', tasks, { dist, temporary: join(work, 'tmp'), seconds: TIMEOUT_SECONDS })
  const results = models.map((model, i) => {
    const { died, status, message } = answers[i]
    return { model, status: died ? 'died' : status, message: died ?? message, where: `${model.corpus}/${model.name}` }
  })
  printCounts(
    results.map(({ model, status }) => ({ row: model.corpus, column: status })),
    statuses,
  )
  const list = (wanted) => results.filter((r) => wanted.includes(r.status))
  for (const { where, status, message } of list([...Object.keys(reasons), 'timeout', 'too-large']))
    console.log(`${status}: ${where}: ${message}`)
  const missed = list(['failed-before', 'unsupported']).filter((r) => r.model.runs === true)
  if (missed.length > 0) console.log(`${missed.length} that Python's onnxruntime runs, by inputs made for them:`)
  printGroups(missed.map(({ where, status, message }) => ({ text: `${status}: ${message}`, name: where })))
  return list(['failed', 'died', 'error']).map(({ where, status, message }) => `${where}: ${status}: ${message}`)
}
