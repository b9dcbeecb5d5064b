import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { differences, snapshot } from '../corpora.mjs'
import { runTasks } from '../pool.mjs'
import { printCounts, printGroups } from '../print.mjs'

/** Far above any of the corpora. */
const TIMEOUT_SECONDS = 60
/** Of the exported models, whose weights are all of a kind that is known; a refusal is allowed, but not many. */
const LEAST_EXPORTED_PERCENT = 97
const outcomes = { rewritten: 'rewritten and proven', nothing: 'no parameters', refused: 'refused', unreadable: 'unreadable' }

/**
 * Every model is inspected and re-initialized without the run: a result that is proven and that `diff` agrees with, or an error of one line
 * that leaves nothing behind. No input changes. Leaves the answers in `context.rewritten`.
 */
export async function rewrite(context) {
  const { models, dist, work } = context
  const temporary = join(work, 'tmp')
  mkdirSync(temporary)
  const before = snapshot(models)
  const tasks = models.map(({ path }, i) => ({ path, folder: join(work, `out-${i}`) }))
  const answers = await runTasks('rewrite', tasks, { dist, temporary, seconds: TIMEOUT_SECONDS })
  const changed = differences(before, snapshot(models))
  context.rewritten = models.map((model, i) => ({ model, ...answers[i] }))

  printCounts(
    context.rewritten.map(({ model, outcome, died }) => ({ row: model.corpus, column: died ? 'died' : outcomes[outcome] })),
    Object.values(outcomes),
  )
  const said = context.rewritten.filter((r) => r.outcome === 'refused' || (r.outcome === 'unreadable' && r.model.corpus !== 'hostile'))
  printGroups(said.map(({ model, outcome, message }) => ({ text: `${outcome}: ${message}`, name: `${model.corpus}/${model.name}` })))
  const alarms = context.rewritten.filter((r) => r.alarms > 0)
  console.log(`statistical alarms on values that are as drawn: ${alarms.length} models${alarms.map((r) => `, ${r.model.name}`).join('')}`)
  const left = readdirSync(temporary).map((f) => `${f} was left in the temporary folder`)
  return [...context.rewritten.flatMap(describe), ...changed, ...left, ...tooManyRefused(context.rewritten)]
}

function tooManyRefused(answers) {
  const exported = answers.filter((r) => r.model.corpus === 'exported')
  const done = exported.filter((r) => r.outcome === 'rewritten' || r.outcome === 'nothing').length
  const percent = (100 * done) / exported.length
  return percent >= LEAST_EXPORTED_PERCENT
    ? []
    : [`${percent.toFixed(1)} % of the exported models done, at least ${LEAST_EXPORTED_PERCENT} %`]
}

function describe({ model, died, failures = [] }) {
  const where = `${model.corpus}/${model.name}`
  return died ? [`${where}: died: ${died}`] : failures.map((line) => `${where}: ${line}`)
}
