import type { ReportKept, ScrambleReport } from '../reports.js'
import type { Block, CheckLine, Item } from './block.js'
import { auditWithin } from './describeAudit.js'
import { describeModel, elementsOf, shown } from './describeModel.js'
import { bytesLine, describeChecks, isDryRun, lastLine, runLine, tableOf, valuesLine } from './describeReinit.js'
import { bytes, count, number, seconds, shape, things, values } from './numbers.js'

/** What was redrawn, what went, what stays and why, and what was proven. `verbose`: every tensor. */
export function* describeScramble(report: ScrambleReport, verbose: boolean): Iterable<Block> {
  const { changed, attributes, kept, dropped, renamed, model, notes } = report
  const parameters = `${things(model.parameterCount, 'parameter')} in ${things(model.layerCount, 'layer')}`
  yield { kind: 'title', name: report.input, text: `${describeModel(model)}: ${parameters}` }
  if (verbose && changed.length > 0) yield tableOf(changed)
  yield { kind: 'line', text: `redrawn: ${redrawn(report)}` }
  if (Object.keys(dropped).length > 0) yield { kind: 'line', text: `removed: ${counted(dropped)}` }
  if (Object.keys(renamed).length > 0) yield { kind: 'line', text: `renamed: ${counted(renamed)}` }
  for (const note of notes) yield { kind: 'line', text: `note: ${note}` }
  if (kept.length > 0)
    yield {
      kind: 'list',
      heading: `${things(kept.length, 'constant')} (${bytes(kept.reduce((n, k) => n + k.byteLength, 0))}) ${kept.length === 1 ? 'stays' : 'stay'} as ${kept.length === 1 ? 'it is' : 'they are'}:`,
      loud: false,
      items: () => (verbose ? keptEach(kept) : keptByReason(kept)),
    }
  if (verbose) yield* describeChecks(changed)
  if (verbose && attributes.length > 0)
    yield {
      kind: 'list',
      heading: `${things(attributes.length, 'attribute')} redrawn:`,
      loud: false,
      *items() {
        for (const { name, elementCount } of attributes) yield { name: shown(name), text: values(elementCount) }
      },
    }
  const audit = auditWithin(report.audit, verbose)
  yield* audit.lists
  const isLeaky = report.audit !== null && !report.audit.clean
  if (isLeaky || !isDryRun(report))
    yield {
      kind: 'checks',
      checks: [
        placesLine(report),
        ...(changed.length > 0 ? [valuesLine(report)] : []),
        ...(report.audit ? audit.checks : [NOT_AUDITED]),
        runLine(report.run),
        ...spreadLines(report),
      ],
    }
  yield { kind: 'line', text: isLeaky ? 'nothing written: what was learned survives' : lastLine(report) }
  if (verbose) {
    const { read, write, verify, run } = report.milliseconds
    yield {
      kind: 'line',
      text: `read ${seconds(read)}, write ${seconds(write)}, verify ${seconds(verify)}, run ${seconds(run)}; ${report.tool}`,
    }
  }
}

const likes = { auto: 'as auto chooses for each weight', moments: "by each tensor's own mean and deviation" } as const

function redrawn({ changed, attributes, like }: ScrambleReport): string {
  const elements = changed.reduce((n, c) => n + c.shape.reduce((a, b) => a * b, 1), 0)
  const lists = attributes.length > 0 ? `, ${things(attributes.length, 'attribute')} (${values(elementsOf(attributes))})` : ''
  return `${things(changed.length, 'tensor')} (${values(elements)})${lists}, ${likes[like]}`
}

const counted = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([what, n]) => `${what} (${count(n)})`)
    .join(', ')

/** What stays, by the reason. */
const reasons: Readonly<Record<string, string>> = {
  steers: 'steer the graph: shapes, axes, indices, ids',
  setting: 'fewer than 8 values outside weight slots: settings of the architecture',
  mask: 'one value or two: masks, constants',
  scale: 'scales of activations',
  zero_point: 'zero points',
  labels: 'names of classes, vocabularies',
  structure: 'what trees and tables are built of',
}

function* keptByReason(kept: readonly ReportKept[]): Iterable<Item> {
  for (const [reason, words] of Object.entries(reasons)) {
    const list = kept.filter((k) => k.reason === reason)
    const [largest] = [...list].sort((a, b) => b.byteLength - a.byteLength)
    if (!largest) continue
    const size = bytes(list.reduce((n, k) => n + k.byteLength, 0))
    yield {
      name: words,
      text: `${count(list.length)}, ${size}; the largest ${shown(largest.name)} (${values(largest.elementCount)}, ${largest.detail})`,
    }
  }
}

function* keptEach(kept: readonly ReportKept[]): Iterable<Item> {
  for (const { name, dataType, elementCount, byteLength, reason, detail } of kept)
    yield { name: shown(name), text: `${reasons[reason] ?? reason}; ${dataType} ${shape([elementCount])}, ${bytes(byteLength)}, ${detail}` }
}

const NOT_AUDITED: CheckLine = { state: 'off', label: 'audit', text: 'not audited (--no-audit)' }

function placesLine(report: ScrambleReport): CheckLine {
  const line = bytesLine(report)
  const { changed, total } = report.bytes
  return line.state === 'ok'
    ? { ...line, text: `${count(changed)} of ${count(total)} drawn anew; every other byte is the input's, or as planned` }
    : line
}

/** Beyond this a model no longer behaves like its original. */
const MOST = 100

/** How far outputs spread beside the input's, and how calibration went. */
function* spreadLines({ deviations, calibration }: ScrambleReport): Iterable<CheckLine> {
  if (calibration) {
    const { to, passes, met, layers, message } = calibration
    const what = to === 'unit' ? 'deviation 1' : "the input's deviation"
    yield message === null
      ? {
          state: met === layers ? 'ok' : 'loud',
          label: 'scale',
          text: `${count(met)} of ${things(layers, 'layer')} at ${what}, ${passes === 1 ? '1 pass' : `${passes} passes`}`,
        }
      : { state: 'loud', label: 'scale', text: `not calibrated: ${message}` }
  }
  const compared = deviations.filter((d) => d.ratio !== null)
  const [first] = compared
  if (!first) return
  const far = compared.filter(({ ratio }) => !(Number(ratio) <= MOST && Number(ratio) >= 1 / MOST))
  const list = compared.slice(0, 3).map(({ name, before, after }) => `${name} ${number(before)} → ${number(after)}`)
  const more = compared.length > 3 ? `, ${compared.length - 3} more` : ''
  yield {
    state: far.length === 0 ? 'ok' : 'loud',
    label: 'spread',
    text: `std of ${list.join(', ')}${more}${far.length > 0 ? ': far from the input (--calibrate)' : ''}`,
  }
}
