import { statSync } from 'node:fs'
import { join } from 'node:path'
import { runTasks } from '../pool.mjs'
import { printCounts, printGroups } from '../print.mjs'

/** Above what the largest takes with its runs. */
const TIMEOUT_SECONDS = 150
/** Larger models are left out, with a count: all checks together have minutes. */
const MOST_BYTES = 64e6
const corpora = new Set(['exported', 'public'])
/** Of the exported models, whose weights are all of a kind that is known. */
const LEAST_EXPORTED_PERCENT = 97
/** Outputs of so many models spread no more than `FACTOR` times more, or less, than the original's. */
const LEAST_PERCENT = 95
const FACTOR = 100
const outcomes = ['scrambled', 'refused', 'unreadable']
const statuses = ['passed', 'failed-before', 'unsupported', 'too-large', 'timeout', 'failed']

/**
 * Every model scrambled, audited and run: nothing that was learned is left, and outputs are finite wherever the original's are. What is not
 * with the deviations that `auto` chooses is, calibrated. strip → materialize gives the scrambled bytes, each time.
 */
export async function scramble({ models, dist, work }) {
  const wanted = models.filter((m) => corpora.has(m.corpus))
  const small = wanted.filter((m) => statSync(m.path).size <= MOST_BYTES)
  const over = (list, calibrate) =>
    runTasks(
      'scramble',
      list.map((model, i) => ({ path: model.path, folder: join(work, `scramble-${i}`), calibrate })),
      { dist, temporary: join(work, 'tmp'), seconds: TIMEOUT_SECONDS },
    )
  const first = (await over(small, false)).map((answer, i) => ({ model: small[i], ...answer }))
  const poor = first.filter((r) => r.status === 'failed' || (r.ratios ?? []).some((ratio) => !isNear(ratio)))
  const again = (
    await over(
      poor.map((r) => r.model),
      true,
    )
  ).map((answer, i) => ({ model: poor[i].model, ...answer }))

  printCounts(
    first.map(({ model, outcome, died }) => ({ row: model.corpus, column: died ? 'died' : outcome })),
    outcomes,
  )
  console.log(`${wanted.length - small.length} larger than ${MOST_BYTES / 1e6} MB left out`)
  printCounts(
    first.filter((r) => r.status).map(({ model, status }) => ({ row: model.corpus, column: status })),
    statuses,
  )
  printGroups(first.filter((r) => r.outcome !== 'scrambled').map((r) => ({ text: `${r.outcome}: ${r.message}`, name: whereOf(r) })))
  printSpread('deviation of outputs, after ÷ before', first)
  printSpread(`the ${poor.length} of them that failed or are off by ${FACTOR}, calibrated`, again)
  printSizes(first)

  const best = new Map(first.map((r) => [r.model, r]))
  for (const r of again) if (r.status === 'passed') best.set(r.model, r)
  const judged = [...best.values()].filter((r) => (r.ratios ?? []).length > 0)
  const near = judged.filter((r) => r.ratios.every(isNear)).length
  const percent = (100 * near) / judged.length
  console.log(`${near} of ${judged.length} within ${FACTOR} (${percent.toFixed(1)} %); the others:`)
  printGroups(
    judged
      .filter((r) => !r.ratios.every(isNear))
      .map((r) => ({ text: `outputs spread ${r.ratios.map((ratio) => ratio.toPrecision(2)).join(', ')} times as far`, name: whereOf(r) })),
  )
  return [
    ...[...first, ...again].flatMap((r) =>
      r.died ? [`${whereOf(r)}: died: ${r.died}`] : r.failures.map((line) => `${whereOf(r)}: ${line}`),
    ),
    ...[...best.values()].filter((r) => r.status === 'failed').map((r) => `${whereOf(r)}: ${r.status}: ${r.message}`),
    ...tooFew(first),
    ...(percent >= LEAST_PERCENT
      ? []
      : [`outputs of ${percent.toFixed(1)} % of the models are within ${FACTOR}, at least ${LEAST_PERCENT} %`]),
  ]
}

function tooFew(results) {
  const exported = results.filter((r) => r.model.corpus === 'exported')
  const done = (100 * exported.filter((r) => r.outcome === 'scrambled').length) / exported.length
  return done >= LEAST_EXPORTED_PERCENT
    ? []
    : [`${done.toFixed(1)} % of the exported models scrambled, at least ${LEAST_EXPORTED_PERCENT} %`]
}

const isNear = (ratio) => ratio <= FACTOR && ratio >= 1 / FACTOR
const whereOf = ({ model }) => `${model.corpus}/${model.name}`

/** How many models have their worst output in each power of ten. */
function printSpread(what, results) {
  const counts = new Map()
  for (const { ratios = [] } of results) {
    if (ratios.length === 0) continue
    const worst = ratios.reduce((a, b) => (Math.abs(Math.log(b)) > Math.abs(Math.log(a)) ? b : a))
    const power = worst > 0 ? Math.max(-9, Math.min(9, Math.round(Math.log10(worst)))) : -9
    counts.set(power, (counts.get(power) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([a], [b]) => a - b).map(([power, n]) => `1e${power}: ${n}`)
  console.log(`${what}: ${sorted.join(', ') || 'none'}`)
}

function printSizes(results) {
  const made = results.filter((r) => r.skeletonByteLength)
  const sum = (key) => made.reduce((n, r) => n + r[key], 0)
  const shares = made.map((r) => r.skeletonByteLength / r.byteLength).sort((a, b) => a - b)
  const at = (share) => (100 * (shares[Math.floor(share * (shares.length - 1))] ?? 0)).toFixed(1)
  console.log(
    `${made.length} skeletons: ${(sum('byteLength') / 1e6).toFixed(1)} MB in ${(sum('skeletonByteLength') / 1e6).toFixed(1)} MB; ` +
      `share of the model's bytes: median ${at(0.5)} %, ${at(0.1)} % to ${at(0.9)} % for four of five`,
  )
}
