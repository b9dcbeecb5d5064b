import { statSync } from 'node:fs'
import { ReinitError } from '../errors.js'
import type { Graph, Model, StoredRange, Tensor } from '../types.js'

/**
 * Refuses to change tensors that can't be told apart by name or that can't be written.
 * @throws ReinitError `conflict`
 */
export function refuseConflicts(model: Model, changed: readonly Tensor[]): void {
  const seen = new Set<Tensor>()
  const names = new Map<Graph, Map<string, number>>()
  for (const { graph, name } of model.tensors) {
    const counts = names.get(graph) ?? new Map<string, number>()
    names.set(graph, counts.set(name, (counts.get(name) ?? 0) + 1))
  }
  for (const tensor of changed) {
    const { elements, graph, name } = tensor
    if (seen.has(tensor)) throw conflict(`Tensor ${quoted(name)} would get two sets of values: give it one.`)
    if (elements.kind !== 'stored')
      throw conflict(`Tensor ${quoted(name)} can't be written: ${elements.reason}. Leave it out with --exclude.`)
    if ((names.get(graph)?.get(name) ?? 0) > 1)
      throw conflict(`Two tensors are named ${quoted(name)}: which one is used is not defined. Leave them out with --exclude.`)
    seen.add(tensor)
  }
}

/**
 * Refuses to change bytes of data files that are another tensor's values too.
 * @throws ReinitError `conflict`
 */
export function refuseSharedBytes(model: Model, changed: ReadonlySet<Tensor>): void {
  for (const held of rangesByFile(model)) {
    held.sort((a, b) => a.range.start - b.range.start)
    let widest = held[0] as Held
    for (const next of held.slice(1)) {
      if (next.range.start < widest.range.end && (changed.has(next.tensor) || changed.has(widest.tensor))) throw shared(widest, next)
      if (next.range.end > widest.range.end) widest = next
    }
  }
}

interface Held {
  readonly tensor: Tensor
  readonly range: StoredRange
}

/** The ranges of each data file, whatever its names. In the model itself every range is a field of its own, and none can meet. */
function rangesByFile(model: Model): Held[][] {
  const files = new Map<string, Held[]>()
  const identities = new Map<string, string>()
  for (const tensor of [...model.tensors, ...(model.unlisted ?? [])]) {
    if (tensor.elements.kind !== 'stored') continue
    for (const range of tensor.elements.ranges) {
      if (range.file === '' || range.start === range.end) continue
      const identity = identities.get(range.file) ?? identityOf(model, range.file)
      identities.set(range.file, identity)
      const held = files.get(identity)
      if (held) held.push({ tensor, range })
      else files.set(identity, [{ tensor, range }])
    }
  }
  return [...files.values()]
}

function identityOf(model: Model, location: string): string {
  const { dev, ino } = statSync(model.externalFiles.get(location)?.path ?? location)
  return `${dev} ${ino}`
}

function shared(a: Held, b: Held) {
  const end = Math.min(a.range.end, b.range.end)
  return conflict(
    `Tensors ${quoted(a.tensor.name)} and ${quoted(b.tensor.name)} share bytes ${b.range.start} to ${end} of ${quoted(a.range.file)}, so one would ` +
      `change with the other: leave both out with --exclude, or give each its own bytes with --data inline.`,
  )
}

const quoted = (name: string) => JSON.stringify(name)
const conflict = (message: string) => new ReinitError('conflict', message)
