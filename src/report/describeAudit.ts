import type { AuditReport } from '../reports.js'
import type { Audit, AuditLeak, AuditStay } from '../types.js'
import type { Block, CheckLine } from './block.js'
import { shown, within } from './describeModel.js'
import { bytes, count, shape, things, values } from './numbers.js'

/** The report of the command. */
export function* describeAuditReport(report: AuditReport, verbose: boolean): Iterable<Block> {
  const { tensors, elements } = report.judged
  const text = `${things(tensors, 'learned tensor')}, ${values(elements)}`
  yield { kind: 'title', name: `${report.before} → ${report.after}`, text }
  yield* describeAudit(report, verbose)
}

/** What survives, what stays, and the verdict; of a command that audits what it wrote, too. */
export function* describeAudit(audit: Audit, verbose: boolean): Iterable<Block> {
  const { leaks, stays, judged, searched } = audit
  if (leaks.length > 0)
    yield {
      kind: 'list',
      heading: `${things(leaks.length, 'leak')}:`,
      loud: true,
      *items() {
        for (const leak of leaks) yield { name: nameOf(leak), text: `${leak.what}${placeOf(leak)}` }
      },
    }
  if (stays.length > 0)
    yield {
      kind: 'list',
      heading: `${things(stays.length, 'tensor')} (${values(stays.reduce((sum, s) => sum + s.elementCount, 0))}) ${stays.length === 1 ? 'stays' : 'stay'}, not learned:`,
      loud: false,
      items: () => (verbose ? eachStay(stays) : byReason(stays)),
    }
  const among = `${things(judged.tensors, 'tensor')} looked for in ${bytes(searched.bytes)} of ${things(searched.files, 'file')}, ${things(searched.comparisons, 'comparison')}, ${things(searched.strings, 'text')}`
  yield {
    kind: 'checks',
    checks: [
      audit.clean
        ? { state: 'ok', label: 'audit', text: `nothing that was learned is left: ${among}` }
        : { state: 'failed', label: 'audit', text: `what was learned survives: ${inWords(leaks)}; ${among}` },
    ],
  }
}

/** Of a report that has an audit in it: leaks, and the verdict. What stays such a report lists itself. */
export function auditWithin(
  audit: Audit | null,
  verbose: boolean,
): { readonly lists: readonly Block[]; readonly checks: readonly CheckLine[] } {
  const blocks = audit ? [...describeAudit({ ...audit, stays: [] }, verbose)] : []
  return {
    lists: blocks.filter((block) => block.kind === 'list'),
    checks: blocks.flatMap((block) => (block.kind === 'checks' ? block.checks : [])),
  }
}

const nameOf = ({ kind, name, scope }: AuditLeak) =>
  kind === 'string' ? JSON.stringify(name) : scope !== '' ? within(name, scope) : name === '' ? 'the model' : name

const placeOf = ({ file, byte }: AuditLeak) =>
  file === null || byte === null ? '' : `, byte ${byte} of ${file === '' ? 'the model' : file}`

/** 2 equal, 1 run */
function inWords(leaks: readonly AuditLeak[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of leaks) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, n]) => `${count(n)} ${kind}`).join(', ')
}

function* eachStay(stays: readonly AuditStay[]) {
  for (const { name, scope, dataType, shape: dims, reason } of stays)
    yield { name: within(name, scope), text: `${dataType} ${shape(dims)}: ${reason}` }
}

function* byReason(stays: readonly AuditStay[]) {
  const reasons = new Map<string, { tensors: number; elements: number; first: string }>()
  for (const { reason, elementCount, name } of stays) {
    const known = reasons.get(reason) ?? { tensors: 0, elements: 0, first: name }
    reasons.set(reason, { ...known, tensors: known.tensors + 1, elements: known.elements + elementCount })
  }
  for (const [reason, { tensors, elements, first }] of reasons)
    yield { name: reason, text: `${things(tensors, 'tensor')}, ${values(elements)}: ${shown(first)}${tensors > 1 ? ', …' : ''}` }
}
