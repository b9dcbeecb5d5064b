import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { variants } from './groups.mjs'

/**
 * @typedef {{ median: number, min: number, max: number }} Spread
 * @typedef {{ target: number | null, job: string, against: string, atLeast?: number, atMost?: number, judged: string,
 *   measured: Record<string, Spread>, left: string | null }} Result `judged`: the column that the limit is for
 * @typedef {{ job: string, seconds: Record<string, number>, rounds?: Record<string, number>[] }} Times medians, and every round
 */

const FOLDER = join(import.meta.dirname, 'results')
const MIN_ROUNDS = 7

/**
 * Prints the targets, the times behind them and the counts, and writes all of it as JSON.
 * @param {readonly Result[]} results
 * @param {readonly Times[]} times
 */
export function report(results, times, { started, rounds, clones, versions, missing }) {
  const inOrder = results.toSorted((a, b) => (a.target ?? 99) - (b.target ?? 99))
  const [first, ...others] = Object.keys(variants)
  const rows = inOrder.map((result) => {
    const { target, job, against, measured, left } = result
    const [cell, ...rest] = Object.keys(variants).map((name) => shown(measured[name]))
    return [String(target ?? ''), job, against, left ?? cell, limitOf(result), verdict(result), ...rest]
  })
  console.log(table(['>target', 'job', 'against', first, '>limit', '', ...others], rows))
  const medians = times.map(({ job, seconds }) => [
    job,
    Object.entries(seconds)
      .map(([name, s]) => `${name} ${s.toFixed(3)}`)
      .join(' · '),
  ])
  console.log(`\n${table(['job', 'CPU seconds (medians)'], medians)}`)

  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${release()}, Node ${process.versions.node}`
  const python =
    missing ??
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')
  console.log(`\n${machine}; ${python}; ${rounds} rounds${rounds < MIN_ROUNDS ? `: fewer than the ${MIN_ROUNDS} that count` : ''}`)
  const judged = results.filter((result) => isMet(result) !== null)
  const unmeasured = results.filter(({ target, left }) => target !== null && left !== null).length
  console.log(`${judged.filter(isMet).length} of ${judged.length} limits met, ${unmeasured} rows of targets not measured`)

  mkdirSync(FOLDER, { recursive: true })
  const name = `${started.toISOString().slice(0, 19).replaceAll(':', '-')}.json`
  const found = inOrder.map((result) => ({ ...result, met: isMet(result) }))
  writeFileSync(join(FOLDER, name), `${JSON.stringify({ started, machine, versions, rounds, clones, results: found, times }, null, 2)}\n`)
  console.log(`written to bench/results/${name}`)
}

/** @param {Spread | undefined} spread */
export function shown(spread) {
  if (spread === undefined) return ''
  const digits = (x) => (Math.abs(x) >= 100 ? x.toFixed(0) : x.toFixed(2))
  const { median, min, max } = spread
  return min === max ? digits(median) : `${digits(median)} (${digits(min)}–${digits(max)})`
}

const limitOf = ({ atLeast, atMost }) =>
  atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined && Number.isFinite(atMost) ? `≤ ${atMost}` : ''

/** null: no limit, or not measured. */
function isMet(result) {
  const value = result.measured[result.judged]?.median
  if (value === undefined || limitOf(result) === '') return null
  return result.atLeast !== undefined ? value >= result.atLeast : value <= result.atMost
}

/** Whether a result meets its limit, or by how much it does not; '' without one. @param {Result} result */
export function verdict(result) {
  const met = isMet(result)
  if (met !== false) return met === null ? '' : 'met'
  const value = result.measured[result.judged].median
  const factor = result.atLeast !== undefined ? result.atLeast / value : value / result.atMost
  return `MISSED by ${factor >= 2 ? `${factor.toFixed(1)} times` : `${Math.ceil(100 * (factor - 1))} %`}`
}

/** Lines of a table to the width of its cells; columns whose heading starts with > are set to the right. */
function table(headings, rows) {
  const names = headings.map((heading) => heading.replace(/^>/, ''))
  const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)))
  const pad = (cell, i) => (headings[i].startsWith('>') ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))
  const line = (cells) => cells.map(pad).join('  ').trimEnd()
  return [line(names), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}
