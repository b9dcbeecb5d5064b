import type { Found } from '../ops/collectUses.js'
import type { Tensor } from '../types.js'
import { producerAt } from '../ops/scope.js'
import { isCalledPath, splitParameter } from './schemes.js'
import { calledPath, valuePath } from './scopeOf.js'

/**
 * What the legacy exporter's traces leave out: containers whose forward is never called (a ModuleDict, the model inside a wrapper).
 * Parameters that kept their names tell it: the node /h.0/ln_1/… uses transformer.h.0.ln_1.weight, so h.0 is transformer.h.0; and a second
 * call, /fc_1/…, that uses fc.bias is one of fc.
 */
export class Containers {
  /** By shortened path: the whole one; null where parameters disagree. */
  private readonly whole = new Map<string, string | null>()

  /** A node under `trace` uses a parameter of `module`. */
  learn(trace: string, module: string): void {
    const [short, long] = [trace.split('.'), module.split('.')]
    const places = alignedEnds(short, long)
    places?.forEach((end, i) => {
      const key = short.slice(0, i + 1).join('.')
      const path = long.slice(0, end + 1).join('.')
      this.whole.set(key, (this.whole.get(key) ?? path) === path ? path : null)
    })
  }

  /** The whole path of a traced one, by its longest known start. */
  complete(trace: string): string {
    const segments = trace.split('.')
    for (let length = segments.length; length > 0; length--) {
      const start = this.whole.get(segments.slice(0, length).join('.'))
      if (start === null) return trace
      if (start !== undefined) return [start, ...segments.slice(length)].join('.')
    }
    return trace
  }
}

/** Where each segment of `short` stands in `long`, the last at the end; null where it is no part of it. */
function alignedEnds(short: readonly string[], long: readonly string[]): number[] | null {
  const places: number[] = []
  let at = long.length
  for (const segment of short.toReversed()) {
    const first = segment.replace(/_\d+$/, '')
    const found = long.findLastIndex((s, i) => i < at && (s === segment || s === first))
    if (found < 0 || (places.length === 0 && found < long.length - 1)) return null
    places.unshift(found)
    at = found
  }
  return places
}

/** What the parameters of a model that kept their names tell. */
export function containersOf(found: ReadonlyMap<Tensor, Found>): Containers {
  const containers = new Containers()
  for (const [tensor, { uses }] of found) {
    const own = isCalledPath(tensor.name) ? null : splitParameter(tensor.name)
    for (const place of own ? uses : []) {
      const trace = calledPath(place.owner.node.name) ?? valuePath(place.owner)
      // behind an Identity a merged tensor has another module's name
      const isAlias = producerAt(place.scope, place.use.node.inputs[place.use.input] ?? '')?.node.opType === 'Identity'
      if (own && trace && !isAlias) containers.learn(trace, own.module)
    }
  }
  return containers
}
