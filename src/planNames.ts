import { runInputs } from './onnx/runInputs.js'
import { graphsOf } from './scramble/attributeLists.js'
import type { NameKind } from './scramble/messages.js'
import type { Graph, Model } from './types.js'

/** none: names stay; inner: all but the model's inputs, outputs and their dimensions; all: those too. */
export type Renaming = 'none' | 'inner' | 'all'

/** Neutral names. One old name has one new name wherever it stands, so that captures, shadowing and annotations stay what they are. */
export interface Names {
  /** The new name; the old one where it stays. `node`: where the message around it starts, for operators. */
  of(this: void, kind: NameKind, name: string, node: number): string
  /** Names that stay: of the model's inputs and outputs, and others that something looks for. */
  readonly kept: readonly string[]
  /** Names that have another one now, by what they name. */
  readonly replaced: Readonly<Record<string, readonly string[]>>
}

const KEPT: Names = { of: (_, name) => name, replaced: {}, kept: [] }

/** Domains that are not a model's own. */
const standard = /^(ai\.onnx(\..*)?|com\.microsoft(\..*)?|com\.ms\..*|org\.pytorch\..*|)$/

/** How every name of the model is replaced. */
export function planNames(model: Model, how: Renaming): Names {
  if (how === 'none') return KEPT
  const calls = callsOf(model)
  const own = ownDomains(model, calls)
  const [values, dims] = [interfaceOf(model, how), how === 'all' ? new Set<string>() : dimsOf(model)]
  const kinds: Readonly<Record<NameKind, Kind>> = {
    value: kind('t', values),
    node: kind('n', new Set()),
    graph: kind('g', new Set()),
    dim: kind('d', dims),
    function: kind('f', new Set()),
    domain: kind('local', new Set()),
    operator: kind('f', new Set()),
    attribute_tensor: kind('c', new Set()),
  }
  const domain = (name: string) => (own.has(name) ? kinds.domain.of(name) : name)
  return {
    of(which, name, node) {
      if (name === '') return name
      if (which === 'attribute_tensor') return ''
      if (which === 'domain') return domain(name)
      // a call has the name of its function
      if (which === 'operator') return calls.has(node) ? kinds.function.of(name) : name
      return kinds[which].of(name)
    },
    kept: [...values, ...dims],
    get replaced() {
      const list = (which: NameKind) => kinds[which].replaced()
      return {
        values: list('value'),
        nodes: list('node'),
        graphs: list('graph'),
        functions: list('function'),
        dimensions: list('dim'),
        domains: list('domain'),
      }
    },
  }
}

interface Kind {
  of(this: void, name: string): string
  replaced(this: void): readonly string[]
}

function kind(prefix: string, kept: ReadonlySet<string>): Kind {
  const names = new Map<string, string>()
  let next = 0
  const fresh = () => {
    let name = `${prefix}${next++}`
    while (kept.has(name)) name = `${prefix}${next++}`
    return name
  }
  return {
    of(name) {
      if (kept.has(name)) return name
      const known = names.get(name) ?? fresh()
      names.set(name, known)
      return known
    },
    replaced: () => [...names.keys()],
  }
}

/** Names that callers use: the model's inputs and outputs, and those of bodies whose operator looks for them by name. */
function interfaceOf(model: Model, how: Renaming): ReadonlySet<string> {
  const kept = new Set<string>()
  const keep = ({ inputs, outputs }: Pick<Graph, 'inputs' | 'outputs'>) => {
    for (const { name } of [...inputs, ...outputs]) kept.add(name)
  }
  for (const graph of graphsOf(model)) if (graph.owner && graph.owner.domain !== 'ai.onnx') keep(graph)
  if (how === 'inner') keep({ inputs: runInputs(model), outputs: model.graph.outputs })
  return kept
}

function dimsOf({ graph }: Model): ReadonlySet<string> {
  return new Set([...graph.inputs, ...graph.outputs].flatMap((v) => (v.shape ?? []).filter((d) => typeof d === 'string')))
}

/** Nodes that call a local function, by where their message starts. */
function callsOf(model: Model): ReadonlySet<number> {
  const functions = new Set(model.functions.map((f) => `${f.domain}:${f.name}:${f.overload}`))
  const calls = new Set<number>()
  if (functions.size > 0)
    for (const graph of graphsOf(model))
      for (const node of graph.nodes) if (functions.has(`${node.domain}:${node.opType}:${node.overload}`)) calls.add(node.frame.start)
  return calls
}

/** Domains that only local functions are in. */
function ownDomains(model: Model, calls: ReadonlySet<number>): ReadonlySet<string> {
  const own = new Set(model.functions.map((f) => f.domain).filter((d) => !standard.test(d)))
  for (const graph of graphsOf(model)) for (const node of graph.nodes) if (!calls.has(node.frame.start)) own.delete(node.domain)
  return own
}
