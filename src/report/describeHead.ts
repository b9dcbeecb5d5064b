import type { ReportHead } from '../reports.js'
import type { Block } from './block.js'
import { count } from './numbers.js'

/** Operators behind a head are named up to here. */
const SHOWN = 12

/** What a head is, what follows it, and what another number of classes changes, or why it can't be another. */
export function* describeHead({
  layers,
  opTypes,
  fanIn,
  fanOut,
  classes,
  newClasses,
  behind,
  changes,
  refused,
}: ReportHead): Iterable<Block> {
  const fans = fanIn === null || fanOut === null ? '' : `, ${fanIn} → ${fanOut}`
  const number =
    classes === null ? '' : `: ${newClasses === null ? `${count(classes)} classes` : `${count(classes)} → ${count(newClasses)} classes`}`
  yield { kind: 'line', text: `head: ${layers.join(', ')} (${opTypes.join(', ')}${fans})${number}` }
  if (behind.length > 0) {
    const more = behind.length > SHOWN ? `, … ${behind.length - SHOWN} more` : ''
    yield { kind: 'line', text: `behind it: ${behind.slice(0, SHOWN).join(', ')}${more}` }
  }
  if (refused !== null) yield { kind: 'line', text: refused }
  else if (newClasses === null)
    yield {
      kind: 'list',
      heading: 'with --num-classes these change:',
      loud: false,
      *items() {
        for (const { name, what } of changes) yield { name, text: what }
      },
    }
}
