import { findHints } from './ops/findHints.js'
import { findTies } from './ops/findTies.js'
import type { Model, Tensor, Weight } from './types.js'

/** What a person should know of the parameters before, or after, they are redrawn. */
export interface Notes {
  /** By parameter: why it looks made rather than learned. */
  readonly hints: ReadonlyMap<Tensor, string>
  readonly lines: readonly string[]
}

/** Of merged and tied tensors the layers are named, but not all of many. */
const SHOWN = 4

/** Fixed signal bases and tables, ties that an exporter split, tensors that it merged; of a selection, what redrawing it does to them. */
export function findNotes(model: Model, weights: readonly Weight[], redrawn: ReadonlySet<Weight> | null): Notes {
  const concerned = redrawn ? [...redrawn] : weights
  const hints = findHints(model, concerned)
  const lines: string[] = []
  for (const [tensor, what] of hints)
    lines.push(redrawn ? `redraws ${tensor.name}, which looks like ${what}` : `${tensor.name} looks like ${what}`)
  for (const { first, second, isTransposed } of findTies(model, weights, redrawn)) {
    const names = [first, second].map((w) => w.tensor.name)
    const equal = `the same values${isTransposed ? ', transposed' : ''}`
    const one = [first, second].find((w) => redrawn?.has(w))
    if (!redrawn) lines.push(`${names.join(' and ')} hold ${equal}: one tensor in training; redrawing one unties them`)
    else if (one) lines.push(`redrawing ${one.tensor.name} unties it from ${names.find((n) => n !== one.tensor.name)}, which held ${equal}`)
  }
  if (!redrawn) for (const weight of weights) lines.push(...merged(weight))
  return { hints, lines }
}

function merged({ tensor, uses }: Weight): string[] {
  const layers = [...new Set(uses.map((u) => u.layer))]
  const shown = layers.slice(0, SHOWN).join(', ')
  return layers.length > 1 ? [`${tensor.name} serves ${layers.length} layers: ${shown}${layers.length > SHOWN ? ', …' : ''}`] : []
}
