import { invalid } from '../errors.js'
import { isFloatType } from '../onnx/values/dataTypes.js'
import type { Attribute, Graph, LocalFunction, Node } from '../types.js'
import { type ConsumerIn, Consumers } from './consumers.js'
import { type Constant, constantOf } from './view.js'

/** Bodies that one model may run, function calls and subgraphs counted each time: a doubling chain of 20 functions is no network. */
const MAX_SCOPES = 200_000
/** Bodies in bodies: calls and subgraphs together. Libraries of functions come to ten; the stack ends at thousands. */
const MAX_NESTED = 500

/** A graph at one place of execution: a function's body has one for every call. */
export interface Scope {
  readonly graph: Graph
  /** Where captured names are looked up; null for the main graph and function bodies. */
  readonly parent: Scope | null
  /** The If, Loop, Scan or call that runs it. */
  readonly caller: { readonly scope: Scope; readonly node: Node } | null
  /** What the call gives a function's attributes. */
  readonly attributes: ReadonlyMap<string, Attribute>
  /** Values of this graph that are made of stored tensors alone. */
  readonly constants: Map<string, Constant>
  /** Who reads a value of this graph, inner graphs included. */
  readonly consumers: Consumers<Scope>
  /** Bodies that its nodes run, in order. */
  readonly children: Map<Node, Scope[]>
}

export type Consumer = ConsumerIn<Scope>

export interface Producer {
  readonly scope: Scope
  readonly node: Node
  readonly output: number
}

const NONE: ReadonlyMap<string, never> = new Map<string, never>()

export function newScope(graph: Graph, parent: Scope | null, caller: Scope['caller'], attributes: Scope['attributes'] = NONE): Scope {
  return { graph, parent, caller, attributes, constants: new Map(), consumers: new Consumers(graph), children: new Map() }
}

/** Local functions by domain:op_type(:overload); refuses recursion and explosion while bodies are entered. */
export class Calls {
  private readonly byKey = new Map<string, LocalFunction>()
  private count = 0
  constructor(functions: readonly LocalFunction[]) {
    for (const f of functions) this.byKey.set(`${f.domain}:${f.name}:${f.overload}`, f)
  }

  /** The body that `node` runs, bound to its attributes; null where it is no call. */
  enter(scope: Scope, node: Node): Scope | null {
    if (this.byKey.size === 0) return null
    const key = `${node.domain}:${node.opType}`
    const f = this.byKey.get(`${key}:${node.overload}`)
    if (!f) return null
    for (let s: Scope | null = scope; s; s = s.caller?.scope ?? null)
      if (s.graph === f.body) throw invalid(`Function ${node.domain}:${node.opType} calls itself: not a valid ONNX model.`)
    const given = [...node.attributes].map(([name, a]) => [name, resolveAttribute(scope, a)] as const)
    return this.counted(newScope(f.body, null, { scope, node }, new Map([...f.attributes, ...given])))
  }

  counted(scope: Scope): Scope {
    let depth = 0
    for (let s = scope.caller; s; s = s.scope.caller) depth++
    if (depth > MAX_NESTED) throw invalid(`Functions and subgraphs run each other more than ${MAX_NESTED} deep: refused.`)
    if (++this.count > MAX_SCOPES) throw invalid(`The model's functions and subgraphs run more than ${MAX_SCOPES} bodies: refused.`)
    return scope
  }
}

/** An attribute seen through a function's attribute reference. */
export function resolveAttribute(scope: Scope, attribute: Attribute): Attribute {
  return attribute.refAttrName ? (scope.attributes.get(attribute.refAttrName) ?? attribute) : attribute
}

/** The node of a graph that computes a value. */
export function producerIn(graph: Graph, name: string): Node | undefined {
  const found = graph.defined.get(name)
  return found && 'opType' in found ? found : undefined
}

/** The scope whose graph defines `name` as seen from `scope`: inner names hide outer ones. */
export function definingScope(scope: Scope, name: string): Scope | null {
  for (let s: Scope | null = scope; s; s = s.parent) {
    if (s.graph.defined.has(name)) return s
  }
  return null
}

/** The constant that `name` is, or null. */
export function constantAt(scope: Scope, name: string): Constant | null {
  if (name === '') return null
  // definingScope and the definition in one: this is asked for every input again and again
  let home = scope
  let definition = home.graph.defined.get(name)
  while (definition === undefined && home.parent !== null) {
    home = home.parent
    definition = home.graph.defined.get(name)
  }
  if (definition === undefined) return null
  const known = home.constants.get(name)
  if (known !== undefined) return known
  if (!('elementCount' in definition)) return null
  const constant = constantOf(definition)
  // shapes and axes are asked for their integers again and again
  if (!isFloatType(definition.dataType)) home.constants.set(name, constant)
  return constant
}

export function producerAt(scope: Scope, name: string): Producer | null {
  const home = name === '' ? null : definingScope(scope, name)
  const node = home && producerIn(home.graph, name)
  return node ? { scope: home, node, output: node.outputs.indexOf(name) } : null
}
