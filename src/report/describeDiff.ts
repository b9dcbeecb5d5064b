import type { DiffReport, ReportDifference } from '../reports.js'
import type { Block, Column } from './block.js'
import { shown } from './describeModel.js'
import { count, number, shape, things } from './numbers.js'

interface DifferenceColumn extends Column {
  cell(this: void, difference: ReportDifference): string
}

const columns: readonly DifferenceColumn[] = [
  { heading: '', align: 'left', cell: (d) => (d.outsideOnly ? '!' : '') },
  { heading: 'layer', align: 'left', name: true, cell: (d) => d.layer },
  { heading: 'tensor', align: 'left', name: true, cell: (d) => (d.scope === '' ? shown(d.name) : `${shown(d.name)} in ${d.scope}`) },
  { heading: 'shape', align: 'left', cell: (d) => shape(d.shape) },
  {
    heading: 'differs in',
    align: 'left',
    cell: (d) => (d.differing === null ? d.what : `${count(d.differing)} of ${things(d.elementCount, 'value')}`),
  },
  { heading: 'max |Δ|', align: 'left', cell: (d) => number(d.maxDifference) },
  { heading: 'mean before → after', align: 'arrow', cell: (d) => pair(d.before?.mean, d.after?.mean) },
  { heading: 'std before → after', align: 'arrow', cell: (d) => pair(d.before?.std, d.after?.std) },
]

const pair = (before: number | undefined, after: number | undefined) =>
  before === undefined && after === undefined ? '' : `${number(before ?? null)} → ${number(after ?? null)}`

/** Which tensors differ, and whether anything else does. An exclamation mark: outside of --only. */
export function* describeDiff(report: DiffReport): Iterable<Block> {
  const { changed, added, removed, moved } = report
  yield { kind: 'title', name: `${report.before} → ${report.after}`, text: things(report.tensorCount, 'tensor') }
  const used = columns.filter(({ heading }) => heading !== '' || (report.only !== null && changed.some((c) => c.outsideOnly)))
  if (changed.length > 0)
    yield {
      kind: 'table',
      columns: used,
      *rows() {
        for (const difference of changed) yield used.map(({ cell }) => cell(difference))
      },
    }
  yield* listOf('only in the model after', added)
  yield* listOf('only in the model before', removed)
  const first = moved[0]
  if (first)
    yield {
      kind: 'line',
      text: `${things(moved.length, 'tensor')} with equal values ${moved.length === 1 ? 'is' : 'are'} stored elsewhere: ${shown(first.name)} ${first.before} → ${first.after}${moved.length === 1 ? '' : ', …'}`,
    }
  const differing = changed.length + added.length + removed.length
  // without --only a difference is an answer, with it one outside is a failure
  const state = report.only === null ? 'loud' : 'failed'
  yield {
    kind: 'checks',
    checks: [
      differing === 0
        ? { state: 'ok', label: 'tensors', text: 'equal in every value, shape and type' }
        : { state: report.outside === 0 ? 'ok' : state, label: 'tensors', text: tensors(report, differing) },
      report.rest === null
        ? { state: 'ok', label: 'rest', text: "everything that is no tensor's values is equal to the byte" }
        : { state, label: 'rest', text: `differs: ${report.rest}` },
    ],
  }
}

function tensors(report: DiffReport, differing: number): string {
  const share = `${count(differing)} of ${things(report.tensorCount, 'tensor')} ${differing === 1 ? 'differs' : 'differ'}`
  return report.only === null ? share : `${share}, ${report.outside === 0 ? 'none' : count(report.outside)} outside --only`
}

function* listOf(where: string, names: readonly string[]): Iterable<Block> {
  if (names.length > 0)
    yield {
      kind: 'list',
      heading: `${things(names.length, 'tensor')} ${where}:`,
      loud: false,
      *items() {
        for (const name of names) yield { name: shown(name), text: '' }
      },
    }
}
