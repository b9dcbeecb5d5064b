import { basename } from 'node:path'
import { initializers } from '../init/initializers.js'
import type { ReinitPasses, ReportChange } from '../reports.js'
import type { RunResult, RunValue } from '../types.js'
import type { Block, CheckLine, Column } from './block.js'
import { describeHead } from './describeHead.js'
import { describeModel, describeSkipped, elementsOf, shown } from './describeModel.js'
import { bytes, count, number, seconds, shape, things, values } from './numbers.js'

/** What was (or, under --dry-run, would be) filled, what was proven, and where it went. */
export function* describeReinit(report: ReinitPasses, verbose: boolean): Iterable<Block> {
  const { changed, kept, skipped, model } = report
  let selected = 0
  for (const _ of changed) selected++
  yield {
    kind: 'title',
    name: report.input,
    text: `${describeModel(model)}: ${things(model.parameterCount, 'parameter')} in ${things(model.layerCount, 'layer')}, ${count(selected)} selected`,
  }
  if (selected > 0) yield tableOf(changed)
  if (report.head) yield* describeHead(report.head)
  for (const note of report.notes) yield { kind: 'line', text: `note: ${note}` }
  if (kept.length > 0)
    yield {
      kind: 'list',
      heading: `${things(kept.length, 'tensor')} (${values(elementsOf(kept))}) still ${kept.length === 1 ? 'holds its' : 'hold their'} old values:`,
      loud: true,
      items: () => describeSkipped(kept),
    }
  else if (verbose && skipped.length > 0)
    yield {
      kind: 'list',
      heading: `${things(skipped.length, 'float constant')} can't be selected:`,
      loud: false,
      items: () => describeSkipped(skipped),
    }
  if (verbose) yield* describeChecks(changed)
  if (!isDryRun(report))
    yield { kind: 'checks', checks: [bytesLine(report), valuesLine(report), runLine(report.run), ...featuresLine(report.run)] }
  yield { kind: 'line', text: lastLine(report) }
  if (verbose) {
    const { read, write, verify, run } = report.milliseconds
    yield {
      kind: 'line',
      text: `read ${seconds(read)}, write ${seconds(write)}, verify ${seconds(verify)}, run ${seconds(run)}; ${report.tool}, ${report.rng}`,
    }
  }
}

interface ChangeColumn extends Column {
  cell(this: void, change: ReportChange): string
}

/** A column stands only where it has something to say: nothing is drawn under --dry-run, most models are FLOAT. */
export function tableOf(changed: Iterable<ReportChange>): Block {
  const columns: ChangeColumn[] = [
    { heading: 'layer', align: 'left', name: true, cell: (c) => shown(c.layer) },
    { heading: 'parameter', align: 'left', name: true, cell: (c) => (c.scope === '' ? shown(c.name) : `${shown(c.name)} in ${c.scope}`) },
    { heading: 'type', align: 'left', cell: (c) => c.dataType },
    { heading: 'shape', align: 'left', cell: (c) => shape(c.shape) },
    { heading: 'fan in → out', align: 'arrow', cell: fans },
    { heading: 'initializer', align: 'left', cell: initializer },
    { heading: 'std: formula', align: 'left', indent: 5, cell: (c) => number(c.expected.std) },
    { heading: 'drawn', align: 'left', cell: (c) => number(c.after?.std ?? null) },
    { heading: 'before', align: 'left', cell: (c) => number(c.before?.std ?? null) },
  ]
  const wanted: Readonly<Record<string, (c: ReportChange) => boolean>> = {
    type: (c) => c.dataType !== 'FLOAT',
    drawn: (c) => c.after !== null,
    before: (c) => c.before !== null,
  }
  const silent = new Set(Object.keys(wanted))
  for (const change of changed) for (const heading of silent) if (wanted[heading]?.(change)) silent.delete(heading)
  const used = columns.filter(({ heading }) => !silent.has(heading))
  return {
    kind: 'table',
    columns: used,
    *rows() {
      for (const change of changed) yield used.map(({ cell }) => cell(change))
    },
  }
}

/** 512 → 1000; '' where the tensor has no fans. */
export const fans = ({ fanIn, fanOut }: { readonly fanIn: number | null; readonly fanOut: number | null }) =>
  fanIn === null || fanOut === null ? '' : `${fanIn} → ${fanOut}`

/** xavier_normal, gain 1; a parameter at its default goes without saying, the gain does not. */
function initializer({ initializer: name, gain, parameters, why, expected }: ReportChange): string {
  const known = initializers[name]?.parameters ?? {}
  const further = Object.entries(parameters ?? (name === 'constant' ? { value: expected.mean } : {})).flatMap(([key, value]) => {
    if (key === 'gain' || value === known[key]?.default) return []
    return value === true ? key : `${key} ${typeof value === 'number' ? number(value) : value}`
  })
  return [name, ...(gain === null ? [] : [`gain ${number(gain)}`]), ...further].join(', ') + (why ? ` (${why})` : '')
}

/** Every statistical test of every tensor. */
export function* describeChecks(changed: Iterable<ReportChange>): Iterable<Block> {
  const rows = function* () {
    for (const { name, checks } of changed)
      for (const check of checks) yield [name, check.name, number(check.statistic), number(check.limit), check.passed ? 'passed' : 'failed']
  }
  const columns: Column[] = ['parameter', 'test', 'statistic', 'limit', 'result'].map((heading) => ({ heading, align: 'left' }))
  if (!rows().next().done)
    yield { kind: 'table', columns: [{ heading: 'parameter', align: 'left', name: true }, ...columns.slice(1)], rows }
}

export function bytesLine({ bytes: { changed, total, identicalOutside } }: Pick<ReinitPasses, 'bytes'>): CheckLine {
  const label = 'bytes'
  const share = `${count(changed)} of ${count(total)} rewritten`
  if (identicalOutside === null) return { state: 'off', label, text: `${share}; the rest was not compared (--no-verify)` }
  return identicalOutside
    ? { state: 'ok', label, text: `${share}; every other byte is as it was` }
    : { state: 'failed', label, text: `${share}, but others differ too` }
}

export function valuesLine({ bytes: { identicalOutside }, changed }: Pick<ReinitPasses, 'bytes' | 'changed'>): CheckLine {
  const label = 'values'
  if (identicalOutside === null) return { state: 'off', label, text: 'not tested (--no-verify)' }
  const failed: string[] = []
  for (const { name, checks } of changed) for (const check of checks) if (!check.passed) failed.push(`${check.name} of ${name}`)
  return failed.length === 0
    ? { state: 'ok', label, text: 'mean, variance, shape and range as the formulas demand' }
    : { state: 'loud', label, text: `as drawn, but ${things(failed.length, 'test')} failed: ${failed.slice(0, NAMED).join(', ')}` }
}

/** What a status that is neither passed nor failed means; its message follows. */
const NOT_RUN: Readonly<Record<Exclude<RunResult['status'], 'passed' | 'failed' | 'disabled'>, string>> = {
  'failed-before': 'the input does not run either, or is not finite',
  unsupported: 'not run, onnxruntime does not support this model',
  'too-large': 'not run, the model is large (--run forces it)',
  timeout: 'not finished in time (--run-timeout)',
}

export function runLine(run: RunResult): CheckLine {
  const label = 'runs'
  const message = run.message === undefined ? '' : `: ${run.message}`
  if (run.status === 'disabled') return { state: 'off', label, text: `not run (--no-run)${message}` }
  if (run.status === 'failed') return { state: 'failed', label, text: `failed${message}` }
  if (run.status !== 'passed') return { state: 'loud', label, text: NOT_RUN[run.status] + message }
  const { inputs, outputs } = run
  const finite = outputs.every((o) => o.finite !== false) ? 'finite' : 'not finite'
  const std = outputs.length === 1 && outputs[0] && outputs[0].std !== null ? `, std ${number(outputs[0].std)}` : ''
  const note = run.message === undefined ? '' : `; ${run.message}`
  return { state: 'ok', label, text: `${run.runtime ?? 'onnxruntime'}: ${valuesOf(inputs)} → ${valuesOf(outputs)}, ${finite}${std}${note}` }
}

function featuresLine({ features }: RunResult): CheckLine[] {
  if (!features) return []
  const label = 'features'
  const message = features.message === undefined ? '' : `: ${features.message}`
  if (features.status === 'not-compared') return [{ state: 'loud', label, text: `not compared${message}` }]
  const values = valuesOf(features.values)
  return features.status === 'equal'
    ? [{ state: 'ok', label, text: `${values} equal to the bit before and after` }]
    : [{ state: 'failed', label, text: `${values} not as before` }]
}

/** More inputs or outputs than this are counted, not named. */
const NAMED = 3

function valuesOf(list: readonly RunValue[]): string {
  const named = list.slice(0, NAMED).map((v) => `${v.name} ${shape(v.shape)}`)
  return [...named, ...(list.length > NAMED ? [`${list.length - NAMED} more`] : [])].join(', ') || 'nothing'
}

/** Nothing was made, so nothing was run either. */
export const isDryRun = ({ output, run }: Pick<ReinitPasses, 'output' | 'run'>) => output === null && run.status !== 'failed'

export function lastLine(report: Pick<ReinitPasses, 'output' | 'written' | 'seed' | 'milliseconds' | 'bytes' | 'run'>): string {
  const { output, written, seed, milliseconds: ms } = report
  const { changed, total } = report.bytes
  if (isDryRun(report))
    return `dry run: nothing written; ${count(changed)} of ${count(total)} bytes (${bytes(changed)}) would be rewritten, seed ${seed}`
  if (output === null) return 'nothing written: the result was not kept'
  return `wrote ${output === '-' ? 'the model to stdout' : output}${dataFiles(output, written)} in ${seconds(ms.read + ms.write + ms.verify + ms.run)}, seed ${seed}`
}

/** " (+ .data)": names that go on from the output's are given by their endings. */
function dataFiles(output: string, written: readonly string[]): string {
  const model = basename(output)
  const others = written.slice(0, -1).map((path) => basename(path))
  if (others.length === 0) return ''
  const named = others.map((name) => (name.startsWith(`${model}.`) ? name.slice(model.length) : name))
  return others.length > NAMED ? ` (+ ${others.length} data files)` : ` (+ ${named.join(', ')})`
}
