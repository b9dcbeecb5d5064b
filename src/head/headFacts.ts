import { ReinitError } from '../errors.js'
import type { ReportHead } from '../reports.js'
import type { Model, Weight } from '../types.js'
import { findHead } from './findHead.js'
import type { Head } from './head.js'

/** The head that is selected, and what another number of classes would change; why it can't be another, where it can't. */
export function inspectHead(model: Model, selected: Iterable<Weight>): ReportHead {
  const weights = [...selected]
  try {
    return headFacts(findHead(model, weights), null)
  } catch (error) {
    if (!(error instanceof ReinitError)) throw error
    const uses = weights.flatMap((w) => (w.fan ? [w.uses.find((u) => u.fan) ?? w.uses[0]] : []))
    const known = { ...namesOf(uses), classes: null, newClasses: null, behind: [], changes: [] }
    return { ...known, refused: error.message }
  }
}

/** A head in words. `newClasses`: what it becomes; null where that is not asked. */
export function headFacts(head: Head, newClasses: number | null): ReportHead {
  const { classes, uses, behind, resized, counted, labels, declared, outputs } = head
  const sized = (size: number | null) =>
    size === null ? '' : `, ${size}${newClasses === null ? '' : ` → ${(size / classes) * newClasses}`}`
  return {
    ...namesOf(uses.map(({ use }) => use)),
    classes,
    newClasses,
    behind: behind.map((node) => node.opType),
    changes: [
      ...resized.map(({ tensor, axis }) => ({ name: tensor.name, what: `axis ${axis} of [${tensor.dims.join(', ')}]${sized(classes)}` })),
      ...counted.map(({ node, tensor, attribute, index, size }) => ({
        name: tensor?.name ?? (node.name || node.opType),
        what: `${tensor ? 'integer' : `${attribute}, integer`} ${index}${sized(size)}`,
      })),
      ...labels.map(({ node, tensor }) => ({ name: tensor?.name ?? (node.name || node.opType), what: 'names of the classes' })),
      ...outputs.map(({ name, axis, size }) => ({ name, what: `the output's axis ${-1 - axis}${sized(size)}` })),
      ...declared
        .filter(({ value }) => value.kind !== 'output')
        .map(({ value, axis, size }) => ({ name: value.name, what: `declared size of axis ${axis} (${value.kind})${sized(size)}` })),
    ],
    refused: null,
  }
}

function namesOf(uses: readonly Weight['uses'][number][]): Pick<ReportHead, 'layers' | 'opTypes' | 'fanIn' | 'fanOut'> {
  return {
    layers: [...new Set(uses.map((u) => u.layer))],
    opTypes: [...new Set(uses.map((u) => u.opType))],
    fanIn: uses[0]?.fan?.fanIn ?? null,
    fanOut: uses[0]?.fan?.fanOut ?? null,
  }
}
