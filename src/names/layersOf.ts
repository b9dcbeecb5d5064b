import type { Place } from '../ops/collectUses.js'
import { producerAt } from '../ops/scope.js'
import type { Node, Role, Tensor } from '../types.js'
import type { Containers } from './containers.js'
import { foldedFrom } from './foldedFrom.js'
import { isCalledPath, splitParameter } from './schemes.js'
import { type ModuleScope, scopeOf } from './scopeOf.js'
import type { Target } from './signature.js'

/** What a layer's name is found from: one use of a tensor, and the tensors that its operator uses too. */
export interface NamedUse {
  readonly place: Place
  readonly siblings: readonly Tensor[]
}

interface Evidence {
  readonly module: string
  readonly leaf: string
}

/**
 * The layer of each use, as a dotted module path where one can be known, else the node's name, else `OpType_index`.
 * The tensor's own name (or what the exporter says it was folded from) tells the module; where merged tensors serve several modules, each
 * use's trace tells which, and the name only what it is called there.
 */
export function layersOf(
  tensor: Tensor,
  uses: readonly NamedUse[],
  signature: ReadonlyMap<string, Target>,
  containers: Containers,
): string[] {
  const traces = firstCalls(uses.map((u) => scopeOf(u.place.owner))).map((t) => t && { ...t, module: containers.complete(t.module) })
  const named = nameEvidence(tensor, signature)
  const own = named && isCalledPath(tensor.name) ? { ...named, module: containers.complete(named.module) } : named
  const modules = new Set(traces.map((t) => t?.module))
  const home = own && traces.find((t) => t && isWithin(own.module, t.module))?.module
  return uses.map((use, i) => {
    const trace = traces[i] ?? null
    const alias = aliasEvidence(tensor, use)
    if (alias) return alias.module
    if (!own) return unnamed(tensor, use, trace, signature)
    if (!trace || isWithin(own.module, trace.module) || isAgain(own.module, trace.module)) return own.module
    if (modules.size > 1 && home !== undefined && home !== null) return trace.module + own.module.slice(home.length)
    return ownsParameter(trace, own.leaf, use.place.use.role, signature) ? trace.module : own.module
  })
}

/** A tensor without a name of its own: its bias or weight tells, within the trace; else the trace; else the node. */
function unnamed(tensor: Tensor, { siblings, place }: NamedUse, trace: ModuleScope | null, signature: ReadonlyMap<string, Target>): string {
  for (const sibling of siblings) {
    const known = sibling === tensor ? null : nameEvidence(sibling, signature)
    if (known && (!trace || isWithin(known.module, trace.module))) return known.module
  }
  return trace?.module ?? nodeName(place.owner.node)
}

const isWithin = (module: string, ancestor: string) => module === ancestor || module.startsWith(`${ancestor}.`)

const nodeName = (node: Node) => node.name || `${node.opType}_${node.index}`

/** Modules that share a tensor are compared with each other: more than that are no calls of one. */
const MAX_CALLS = 500

/** The calls of one module are that module. */
function firstCalls(traces: readonly (ModuleScope | null)[]): readonly (ModuleScope | null)[] {
  const distinct = new Map<string, ModuleScope>()
  for (const t of traces) if (t && !distinct.has(t.module)) distinct.set(t.module, t)
  if (distinct.size > MAX_CALLS) return traces
  const first = new Map<string, ModuleScope>()
  for (const { module } of distinct.values())
    for (const other of distinct.values()) {
      if (first.has(module) || other.module.length >= module.length || !isAgain(other.module, module)) continue
      first.set(module, other)
    }
  return traces.map((t) => t && (first.get(t.module) ?? t))
}

/** Legacy torch numbers the second call of a module: `decoder.rnn_1` is decoder.rnn. */
function isAgain(module: string, called: string): boolean {
  const [own, other] = [module.split('.'), called.split('.')]
  return other.every((segment, i) => segment === own[i] || segment.replace(/_\d+$/, '') === own[i])
}

/** A tensor that carries another module's name than the one that uses it: merged or tied. A folded batch norm is no owner. */
function ownsParameter(trace: ModuleScope, leaf: string, role: Role, signature: ReadonlyMap<string, Target>): boolean {
  const isFolded = /Norm/.test(trace.type) && !/^(scale|shift|mean|variance)$/.test(role)
  return !isFolded && role !== 'position' && signature.has(`${trace.module}.${leaf}`)
}

function nameEvidence(tensor: Tensor, signature: ReadonlyMap<string, Target>): Evidence | null {
  const parameters = foldedFrom(tensor)
    .filter((s) => (signature.get(s)?.kind ?? (signature.size === 0 ? 'PARAMETER' : null)) === 'PARAMETER')
    .flatMap((s) => splitParameter(s) ?? [])
  return splitParameter(tensor.name) ?? common(parameters)
}

/** Several sources (weight norm, a recurrent layer's) have the module that they share. */
function common(sources: readonly Evidence[]): Evidence | null {
  const [first, ...rest] = sources
  if (!first) return null
  let path = first.module.split('.')
  for (const { module } of rest) {
    const other = module.split('.')
    const differs = path.findIndex((segment, i) => segment !== other[i])
    if (differs >= 0) path = path.slice(0, differs)
  }
  return path.length > 0 ? { module: path.join('.'), leaf: first.leaf } : null
}

/** Legacy torch hides merged tensors behind Identity nodes, whose outputs carry the lost names. */
function aliasEvidence(tensor: Tensor, { place: { scope, use } }: NamedUse): Evidence | null {
  const name = use.node.inputs[use.input] ?? ''
  if (name === '' || name === tensor.name) return null
  const producer = producerAt(scope, name)?.node
  return producer?.opType === 'Identity' ? splitParameter(name) : null
}
