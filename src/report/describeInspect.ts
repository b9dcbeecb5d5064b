import type { InspectPasses, ReportParameter } from '../reports.js'
import type { Block, Column } from './block.js'
import { describeHead } from './describeHead.js'
import { describeModel, describeSkipped, elementsOf, shown } from './describeModel.js'
import { fans } from './describeReinit.js'
import { count, number, shape, things, values } from './numbers.js'

interface ParameterColumn extends Column {
  cell(this: void, parameter: ReportParameter): string
}

const columns: readonly ParameterColumn[] = [
  { heading: '', align: 'left', cell: (p) => (p.selected ? '*' : '') },
  { heading: 'layer', align: 'left', name: true, cell: (p) => shown(p.layer) },
  { heading: 'parameter', align: 'left', name: true, cell: (p) => shown(p.name) },
  { heading: 'in', align: 'left', name: true, cell: (p) => p.scope },
  { heading: 'role', align: 'left', cell: (p) => p.role },
  { heading: 'type', align: 'left', cell: (p) => (p.dataType === 'FLOAT' ? '' : p.dataType) },
  { heading: 'shape', align: 'left', cell: (p) => shape(p.shape) },
  { heading: 'fan in → out', align: 'arrow', cell: fans },
  { heading: 'mean', align: 'left', cell: (p) => number(p.stats?.mean ?? null) },
  { heading: 'std', align: 'left', cell: (p) => number(p.stats?.std ?? null) },
  { heading: 'min', align: 'left', cell: (p) => number(p.stats?.min ?? null) },
  { heading: 'max', align: 'left', cell: (p) => number(p.stats?.max ?? null) },
  { heading: 'activation', align: 'left', cell: (p) => p.activation ?? '' },
  { heading: 'shared', align: 'left', cell: (p) => (p.shared ? things(p.uses.length, 'use') : '') },
]
/** Columns that stand in every table; the others only where they have something to say. */
const ALWAYS: ReadonlySet<string> = new Set(['layer', 'parameter', 'role', 'shape', 'fan in → out'])

/** Every parameter of a model, and what else holds floats. A star marks what the selection flags select, where they leave something out. */
export function* describeInspect({ model, parameters, skipped, notes, head }: InspectPasses): Iterable<Block> {
  const { all, selected, layers, filled } = summary(parameters)
  const isPart = selected.count < all.count
  const chosen = isPart ? `, ${count(selected.count)} selected` : ''
  const totals = `${things(all.count, 'parameter')} in ${things(layers.size, 'layer')}`
  yield { kind: 'title', name: model.path, text: `${describeModel(model)}: ${totals}${chosen}` }
  const used = columns.filter((c) => ALWAYS.has(c.heading) || (c.heading === '' ? isPart : filled.has(c)))
  if (all.count > 0)
    yield {
      kind: 'table',
      columns: used,
      *rows() {
        for (const parameter of parameters) yield used.map(({ cell }) => cell(parameter))
      },
    }
  if (head) yield* describeHead(head)
  for (const note of notes) yield { kind: 'line', text: `note: ${note}` }
  if (skipped.length > 0)
    yield {
      kind: 'list',
      heading: `${things(skipped.length, 'further float constant')} (${values(elementsOf(skipped))}) can't be selected:`,
      loud: false,
      items: () => describeSkipped(skipped),
    }
  const part = isPart ? `; selected: ${things(selected.count, 'parameter')}, ${count(selected.elements)} values` : ''
  yield { kind: 'line', text: `${totals}, ${count(all.elements)} values${part}` }
}

/** What is to be known of all parameters before the first of them is shown. */
function summary(parameters: Iterable<ReportParameter>) {
  const [all, selected] = [
    { count: 0, elements: 0 },
    { count: 0, elements: 0 },
  ]
  const layers = new Set<string>()
  const filled = new Set<ParameterColumn>()
  for (const parameter of parameters) {
    layers.add(parameter.layer)
    for (const total of parameter.selected ? [all, selected] : [all]) {
      total.count++
      total.elements += parameter.elementCount
    }
    for (const column of columns) if (!filled.has(column) && column.cell(parameter) !== '') filled.add(column)
  }
  return { all, selected, layers, filled }
}
