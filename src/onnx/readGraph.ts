import { Cursor, MAX_DEPTH } from '../bytes/wire.js'
import type { Window } from '../bytes/source.js'
import { invalid } from '../errors.js'
import type { Attribute, Frame, Graph, LocalFunction, Node, StoredRange, Tensor, Value } from '../types.js'
import { draftTensor, finishTensor, readEntry, type TensorDraft } from './readTensor.js'

export interface ModelDraft {
  irVersion: number
  opsets: Map<string, number>
  producer: [string, string]
  metadata: Map<string, string>
  /** Frames of the (possibly split) graph message. */
  parts: Frame[]
  functions: Frame[]
}

const EMPTY: ReadonlyMap<string, never> = new Map<string, never>()
const NO_ATTRIBUTES: Map<string, Attribute> = new Map()
export const domainName = (domain: string) => (domain === '' ? 'ai.onnx' : domain)

/** ModelProto. */
export function readModelFields(c: Cursor, d: ModelDraft): void {
  while (c.next()) {
    if (c.field === 1) d.irVersion = c.signed()
    else if (c.field === 2) d.producer[0] = c.string()
    else if (c.field === 3) d.producer[1] = c.string()
    else if (c.field === 7) d.parts.push(c.message().frame)
    else if (c.field === 8) {
      let domain = ''
      let version = 0
      for (const o = c.message(); o.next(); ) {
        if (o.field === 1) domain = o.string()
        else if (o.field === 2) version = o.signed()
      }
      d.opsets.set(domainName(domain), version)
    } else if (c.field === 14) d.metadata.set(...readEntry(c.message()))
    else if (c.field === 25) d.functions.push(c.message().frame)
  }
}

/** Reads the main graph, its subgraphs and the local functions; every tensor in file order. */
export function finishGraphs(window: Window, d: ModelDraft): { graph: Graph; functions: LocalFunction[]; tensors: Tensor[] } {
  const tensors: Tensor[] = []
  const graph = newGraph('', null, null, '')
  for (const part of d.parts) readGraph(new Cursor(window, part), graph, tensors, 0)
  const functions = d.functions.map((frame) => readFunction(new Cursor(window, frame), tensors))
  return { graph, functions, tensors: tensors.sort((a, b) => a.at - b.at) }
}

function newGraph(scope: string, parent: Graph | null, owner: Node | null, attribute: string): Graph {
  const lists = { nodes: [], tensors: [], inputs: [], outputs: [] }
  return {
    scope,
    parent,
    owner,
    attribute,
    ...lists,
    metadata: new Map(),
    valueMetadata: new Map(),
    valueTypes: new Map(),
    inputOf: new Map(),
    tensorOf: new Map(),
    producerOf: new Map(),
  }
}

/** GraphProto. */
function readGraph(c: Cursor, graph: Graph, tensors: Tensor[], depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`graphs are nested more than ${MAX_DEPTH} deep: refused.`)
  while (c.next()) {
    if (c.field === 1) addNode(readNode(c.message(), graph, tensors, depth), graph)
    else if (c.field === 5) {
      const draft = draftTensor(c.message())
      if (draft.name === '') throw invalid(`an initializer at byte ${c.tagStart} has no name.`)
      addTensor(finishTensor(draft, draft.name, graph, 'initializer'), graph, tensors)
    } else if (c.field === 11) addInput(readValue(c.message()), graph)
    else if (c.field === 12) graph.outputs.push(readValue(c.message()))
    else if (c.field === 13) {
      const value = readValue(c.message())
      graph.valueTypes.set(value.name, value)
      if (value.metadata.size > 0) graph.valueMetadata.set(value.name, value.metadata)
    } else if (c.field === 15) readSparse(c.message(), graph, tensors)
    else if (c.field === 16) graph.metadata.set(...readEntry(c.message()))
  }
}

function addTensor(tensor: Tensor, graph: Graph, tensors: Tensor[]): void {
  if (graph.tensorOf.has(tensor.name) && tensor.owner !== 'constant')
    throw invalid(`two initializers are named ${JSON.stringify(tensor.name)}.`)
  graph.tensorOf.set(tensor.name, tensor)
  graph.tensors.push(tensor)
  tensors.push(tensor)
}

function readSparse(c: Cursor, graph: Graph, tensors: Tensor[]): void {
  let draft: TensorDraft | undefined
  const dims: number[] = []
  while (c.next()) {
    if (c.field === 1) draft = draftTensor(c.message(), draft)
    else if (c.field === 3) c.signedList(dims)
  }
  if (draft) addTensor({ ...finishTensor(draft, draft.name, graph, 'sparse_initializer'), denseDims: dims }, graph, tensors)
}

function addInput(value: Value, graph: Graph): void {
  graph.inputs.push(value)
  graph.inputOf.set(value.name, value)
}

function addNode(node: Node, graph: Graph): void {
  graph.nodes.push(node)
  for (const name of node.outputs) if (name !== '') graph.producerOf.set(name, node)
}

/** NodeProto. */
function readNode(c: Cursor, graph: Graph, tensors: Tensor[], depth: number): Node {
  const inputs: string[] = []
  const outputs: string[] = []
  const frames: Frame[] = []
  const metadata = new Map<string, string>()
  let [name, opType, domain] = ['', '', '']
  while (c.next()) {
    if (c.field === 1) inputs.push(c.string())
    else if (c.field === 2) outputs.push(c.string())
    else if (c.field === 3) name = c.string()
    else if (c.field === 4) opType = c.string()
    else if (c.field === 5) frames.push(c.message().frame)
    else if (c.field === 7) domain = c.string()
    else if (c.field === 9) metadata.set(...readEntry(c.message()))
  }
  const attributes: Map<string, Attribute> = frames.length > 0 ? new Map() : NO_ATTRIBUTES
  const node: Node = {
    graph,
    index: graph.nodes.length,
    name,
    opType,
    domain: domainName(domain),
    inputs,
    outputs,
    attributes,
    metadata: metadata.size > 0 ? metadata : EMPTY,
    frame: c.frame,
  }
  for (const frame of frames) {
    const attribute = readAttribute(new Cursor(c.window, frame), node, tensors, depth)
    attributes.set(attribute.name, attribute)
  }
  return node
}

/** AttributeProto. `value*` of a Constant node are tensors that bear its output's name. */
function readAttribute(c: Cursor, node: Node, tensors: Tensor[], depth: number): Attribute {
  const ints: number[] = []
  const strings: string[] = []
  const floats: StoredRange[] = []
  const graphFrames: Frame[][] = []
  const one: Frame[] = []
  const scalar: { f?: number; i?: number; s?: string; refAttrName?: string } = {}
  let [name, type] = ['', 0]
  let tensor: TensorDraft | undefined
  while (c.next()) {
    if (c.field === 1) name = c.string()
    else if (c.field === 2) {
      scalar.f = c.float()
      floats.push({ file: '', start: c.start, end: c.end, frame: c.frame })
    } else if (c.field === 3) scalar.i = c.signed()
    else if (c.field === 4) scalar.s = c.string()
    else if (c.field === 5) tensor = draftTensor(c.message(), tensor)
    else if (c.field === 6) one.push(c.message().frame)
    else if (c.field === 7) floats.push({ file: '', start: c.start, end: c.end, frame: c.wireType === 2 ? c.message().frame : c.frame })
    else if (c.field === 8) c.signedList(ints)
    else if (c.field === 9) strings.push(c.string())
    else if (c.field === 11) graphFrames.push([c.message().frame])
    else if (c.field === 20) type = c.signed()
    else if (c.field === 21) scalar.refAttrName = c.string()
  }
  if (one.length > 0) graphFrames.push(one)
  const base = { name, type, ...scalar, ints, strings }
  if (node.opType === 'Constant' && node.domain === 'ai.onnx' && node.outputs[0]) {
    const output = node.outputs[0]
    if (tensor && name === 'value') {
      const constant = finishTensor(tensor, output, node.graph, 'constant')
      addTensor(constant, node.graph, tensors)
      return { ...base, tensor: constant }
    }
    if (floats.length > 0 && /^value_floats?$/.test(name)) {
      const count = floats.reduce((n, r) => n + (r.end - r.start) / 4, 0)
      const dims = name === 'value_float' ? [] : [count]
      const field = name as 'value_float' | 'value_floats'
      const elements = { kind: 'stored', field, ranges: floats, varints: false } as const
      addTensor(
        {
          name: output,
          graph: node.graph,
          owner: 'constant',
          dataType: 'FLOAT',
          dims,
          elementCount: count,
          elements,
          frame: c.frame,
          external: null,
          denseDims: null,
          at: c.frame.start,
        },
        node.graph,
        tensors,
      )
    }
  }
  const graphs = graphFrames.map((parts) => {
    const sub = newGraph(
      `${node.graph.scope && `${node.graph.scope}/`}${node.name || `${node.opType}_${node.index}`}/${name}`,
      node.graph,
      node,
      name,
    )
    for (const part of parts) readGraph(new Cursor(c.window, part), sub, tensors, depth + 1)
    return sub
  })
  return { ...base, graphs }
}

/** ValueInfoProto. */
function readValue(c: Cursor): Value {
  const metadata = new Map<string, string>()
  let name = ''
  let elemType = 0
  let shape: (number | string | null)[] | null = null
  while (c.next()) {
    if (c.field === 1) name = c.string()
    else if (c.field === 4) metadata.set(...readEntry(c.message()))
    else if (c.field === 2)
      for (const type = c.message(); type.next(); ) {
        if (type.field !== 1) continue
        for (const t = type.message(); t.next(); ) {
          if (t.field === 1) elemType = t.signed()
          else if (t.field === 2) {
            shape ??= []
            for (const s = t.message(); s.next(); ) if (s.field === 1) shape.push(readDim(s.message()))
          }
        }
      }
  }
  return { name, elemType, shape, metadata }
}

function readDim(c: Cursor): number | string | null {
  let dim: number | string | null = null
  while (c.next()) {
    if (c.field === 1) dim = c.signed()
    else if (c.field === 2) dim = c.string()
  }
  return dim
}

/** FunctionProto: its body is a graph whose inputs and outputs have names only. */
function readFunction(c: Cursor, tensors: Tensor[]): LocalFunction {
  const frames: Frame[] = []
  const defaults: Frame[] = []
  const [inputs, outputs]: [string[], string[]] = [[], []]
  let [name, domain, overload] = ['', '', '']
  while (c.next()) {
    if (c.field === 1) name = c.string()
    else if (c.field === 4) inputs.push(c.string())
    else if (c.field === 5) outputs.push(c.string())
    else if (c.field === 7) frames.push(c.message().frame)
    else if (c.field === 10) domain = c.string()
    else if (c.field === 11) defaults.push(c.message().frame)
    else if (c.field === 13) overload = c.string()
  }
  const body = newGraph(`function:${domain}::${name}`, null, null, '')
  const value = (n: string): Value => ({ name: n, elemType: 0, shape: null, metadata: EMPTY })
  for (const n of inputs) addInput(value(n), body)
  body.outputs.push(...outputs.map(value))
  for (const frame of frames) addNode(readNode(new Cursor(c.window, frame), body, tensors, 0), body)
  const attributes = new Map<string, Attribute>()
  const holder: Node = { graph: body, index: 0, name, opType: '', domain: '', inputs, outputs, attributes, metadata: EMPTY, frame: c.frame }
  for (const frame of defaults) {
    const attribute = readAttribute(new Cursor(c.window, frame), holder, tensors, 0)
    attributes.set(attribute.name, attribute)
  }
  return { domain: domainName(domain), name, overload, body, attributes }
}
