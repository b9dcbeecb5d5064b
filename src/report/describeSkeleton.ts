import type { MaterializeReport, ReportKept, StripReport } from '../reports.js'
import type { Block } from './block.js'
import { auditWithin } from './describeAudit.js'
import { within } from './describeModel.js'
import { bytes, count, seconds, things, values } from './numbers.js'

/** Tensors that stay and are smaller than this are counted; `--verbose` names them. */
const NAMED_BYTES = 1024

/** What a skeleton has and has not. */
export function* describeStrip(report: StripReport, verbose: boolean): Iterable<Block> {
  const { leftOut, drawn, kept, materialized, calibration, notes, seed } = report
  const size = `${bytes(report.inputByteLength)} → ${bytes(report.byteLength)}`
  yield {
    kind: 'title',
    name: report.input,
    text: `${size}: ${things(leftOut.tensors, 'tensor')} (${values(leftOut.elementCount)}) left out`,
  }
  yield* stays('hold new values, drawn, in the skeleton', drawn, verbose)
  yield* stays('are not learned and stay as they are', kept.map(keptItem), verbose)
  const audit = auditWithin(report.audit, verbose)
  yield* audit.lists
  for (const note of calibration?.message ? [...notes, `not calibrated: ${calibration.message}`] : notes) yield { kind: 'line', text: note }
  yield {
    kind: 'checks',
    checks: [
      { state: 'ok', label: 'drawn', text: `from the skeleton alone: ${count(materialized.byteLength)} bytes` },
      { state: 'ok', label: 'sha256', text: `${materialized.sha256}, as of the model scrambled` },
      ...audit.checks,
    ],
  }
  const time = `in ${seconds(report.milliseconds)}, seed ${seed}`
  yield { kind: 'line', text: report.output === null ? `nothing was kept, ${time}` : `wrote ${report.output} ${time}` }
}

interface Stay {
  readonly name: string
  readonly scope: string
  readonly reason: string
  readonly byteLength: number
}

const keptItem = ({ name, scope, detail, reason, byteLength }: ReportKept): Stay => ({ name, scope, reason: detail || reason, byteLength })

function* stays(what: string, list: readonly Stay[], verbose: boolean): Iterable<Block> {
  if (list.length === 0) return
  const named = verbose ? list : list.filter((s) => s.byteLength >= NAMED_BYTES)
  const total = list.reduce((sum, s) => sum + s.byteLength, 0)
  const heading = `${things(list.length, 'tensor')} (${bytes(total)}) ${what}${named.length === 0 ? '.' : named.length < list.length ? ', of them:' : ':'}`
  if (named.length === 0) yield { kind: 'line', text: heading }
  else
    yield {
      kind: 'list',
      heading,
      loud: false,
      *items() {
        for (const { name, scope, reason, byteLength } of named)
          yield { name: within(name, scope), text: `${bytes(byteLength)}; ${reason}` }
      },
    }
}

/** What a skeleton has become. */
export function* describeMaterialize(report: MaterializeReport): Iterable<Block> {
  const { input, by, tensors, seed, byteLength, sha256, data, files, notes, written } = report
  yield { kind: 'title', name: input, text: `a skeleton by ${by}: ${things(tensors, 'tensor')} drawn, seed ${seed}` }
  for (const note of notes) yield { kind: 'line', text: note }
  const of = data === 'inline' ? '' : ' with its data inside'
  yield {
    kind: 'checks',
    checks: [{ state: 'ok', label: 'sha256', text: `${sha256} of ${count(byteLength)} bytes${of}, as the skeleton has it` }],
  }
  const others = files.length > 1 ? ` (+ ${files[0]?.name})` : ''
  if (written.length > 0) yield { kind: 'line', text: `wrote ${report.output}${others} in ${seconds(report.milliseconds)}` }
}
