import type { Window } from '../bytes/source.js'
import { Cursor } from '../bytes/wire.js'
import { invalid } from '../errors.js'
import type { Attribute, Frame, Graph, LocalFunction, Node, Tensor, Value } from '../types.js'
import { ListedDefinitions } from './definitions.js'
import { Names } from './names.js'
import { HAS, NodeTable } from './nodeTable.js'
import { type AttributeDraft, readAttribute } from './readAttribute.js'
import { draftTensor, finishTensor, MAX_RANGES, readEntry, type TensorDraft } from './readTensor.js'
import { TensorForms } from './storedTensor.js'
import { readValue, readValueMetadata } from './readValue.js'

/** A graph in a graph is three messages deeper, and C++ protobuf refuses more than 100: ours is generous and still far from the stack's end. */
const MAX_GRAPHS = 100

/** A graph while it is read. */
interface ReadGraph extends Graph {
  readonly defined: ListedDefinitions
}

/** Most nodes have none. */
const NO_DRAFTS: AttributeDraft[] = []

export const domainName = (domain: string) => (domain === '' ? 'ai.onnx' : domain)

/** Reads the main graph, its subgraphs and the local functions of one model; every tensor in file order. */
export class GraphReader {
  readonly tensors: Tensor[] = []
  /** External tensors that are no weights: in attributes, indices of sparse ones. */
  readonly unlisted: Tensor[] = []
  private readonly names = new Names()
  private readonly forms = new TensorForms(this.names)
  private readonly nodes: NodeTable
  /** Of the node that is being read: numbers of names. */
  private readonly inputs: number[] = []
  private readonly outputs: number[] = []
  /** `isSkeleton`: tensors may have no values. */
  constructor(
    private readonly window: Window,
    private readonly isSkeleton = false,
  ) {
    this.nodes = new NodeTable(window, this.names, (frame) => this.attributes(frame))
  }

  /** `parts`: frames of the (possibly split) GraphProto. */
  mainGraph(parts: readonly Frame[]): Graph {
    const graph = this.newGraph('', null, null, '')
    for (const part of parts) this.graph(new Cursor(this.window, part), graph, 0)
    return graph
  }

  /** FunctionProto: its body is a graph whose inputs and outputs have names only. */
  localFunction(frame: Frame): LocalFunction {
    const c = new Cursor(this.window, frame)
    const [nodes, defaults]: [Frame[], AttributeDraft[]] = [[], []]
    const [inputs, outputs]: [string[], string[]] = [[], []]
    let [name, domain, overload] = ['', '', '']
    while (c.next()) {
      if (c.field === 1) name = c.string()
      else if (c.field === 4) inputs.push(c.string())
      else if (c.field === 5) outputs.push(c.string())
      else if (c.field === 7) nodes.push(c.message().frame)
      else if (c.field === 10) domain = c.string()
      else if (c.field === 11) defaults.push(readAttribute(c.message()))
      else if (c.field === 13) overload = c.string()
    }
    const body = this.newGraph(`function:${domain}::${name}${overload && `:${overload}`}`, null, null, '')
    const value = (n: string): Value => ({ name: n, elemType: 0, shape: null, metadata: new Map() })
    for (const n of inputs) this.input(value(n), body)
    body.outputs.push(...outputs.map(value))
    for (const node of nodes) this.node(new Cursor(this.window, node), body, 0)
    return { domain: domainName(domain), name, overload, body, attributes: new Map(defaults.map((d) => [d.attribute.name, d.attribute])) }
  }

  finish(): readonly Tensor[] {
    return this.tensors.sort((a, b) => a.at - b.at)
  }

  /** GraphProto. */
  private graph(c: Cursor, graph: ReadGraph, depth: number): void {
    if (depth > MAX_GRAPHS) throw invalid(`graphs are nested more than ${MAX_GRAPHS} deep: refused.`)
    while (c.next()) {
      if (c.field === 1) this.node(c.message(), graph, depth)
      else if (c.field === 5) {
        const draft = draftTensor(c.message())
        if (draft.name === '') throw invalid(`an initializer at byte ${c.tagStart} has no name.`)
        this.tensor(finishTensor(draft, draft.name, graph, 'initializer', this.isSkeleton), graph)
      } else if (c.field === 11) this.input(readValue(c.message()), graph)
      else if (c.field === 12) graph.outputs.push(readValue(c.message()))
      else if (c.field === 13) {
        const value = readValueMetadata(c.message())
        if (value) graph.valueMetadata.set(value.name, value.metadata)
      } else if (c.field === 15) this.sparse(c.message(), graph)
      else if (c.field === 16) graph.metadata.set(...readEntry(c.message()))
    }
  }

  private tensor(tensor: Tensor, graph: ReadGraph): void {
    const { owner } = tensor
    const { defined } = graph
    const name = this.names.internText(tensor.name)
    const known = defined.of(name)
    if (known && 'elementCount' in known && owner !== 'constant')
      throw invalid(`two initializers are named ${JSON.stringify(tensor.name)}.`)
    defined.set(name, 'tensors', graph.tensors.length)
    const compact = this.forms.compact(tensor, name)
    graph.tensors.push(compact)
    this.tensors.push(compact)
  }

  /** An initializer that is a graph input too (IR 3) stays the initializer. */
  private input(value: Value, graph: ReadGraph): void {
    const name = this.names.internText(value.name)
    graph.inputs.push(value)
    if (!graph.defined.of(name)) graph.defined.set(name, 'inputs', graph.inputs.length - 1)
  }

  /** SparseTensorProto. */
  private sparse(c: Cursor, graph: ReadGraph): void {
    let draft: TensorDraft | undefined
    const dims: number[] = []
    while (c.next()) {
      if (c.field === 1) draft = draftTensor(c.message(), draft)
      else if (c.field === 2) this.unlist(draftTensor(c.message()), graph)
      else if (c.field === 3) c.signedList(dims)
    }
    if (dims.some((d) => d < 0)) throw invalid(`Sparse tensor ${JSON.stringify(draft?.name ?? '')} has a negative dimension: [${dims}].`)
    if (draft) this.tensor({ ...finishTensor(draft, draft.name, graph, 'sparse_initializer', this.isSkeleton), denseDims: dims }, graph)
  }

  private unlist(draft: TensorDraft, graph: Graph): void {
    if (draft.isExternal) this.unlisted.push(finishTensor(draft, draft.name, graph, 'constant'))
  }

  /** NodeProto: names now, attributes when they own something or are asked for. */
  private node(c: Cursor, graph: ReadGraph, depth: number): void {
    const { nodes, names, inputs, outputs } = this
    inputs.length = outputs.length = 0
    let drafts = NO_DRAFTS
    let [name, opType, domain, overload] = ['', '', '', '']
    let has = 0
    while (c.next()) {
      if (c.field === 1) inputs.push(this.name(c))
      else if (c.field === 2) outputs.push(this.name(c))
      else if (c.field === 3) name = c.string()
      else if (c.field === 4) opType = names.text(this.name(c))
      else if (c.field === 5) {
        if (drafts === NO_DRAFTS) drafts = []
        has |= HAS.attributes
        drafts.push(readAttribute(c.message()))
      } else if (c.field === 7) domain = names.text(this.name(c))
      else if (c.field === 8) overload = c.string()
      else if (c.field === 9) has |= HAS.metadata
    }
    const kind = { opType, domain: domainName(domain), overload }
    const node = nodes.add(graph, c.frame, name, kind, inputs, outputs, has)
    graph.nodes.push(node)
    const isConstant = opType === 'Constant' && kind.domain === 'ai.onnx' && outputs.length > 0
    for (const { tensor, others, attribute } of drafts) {
      if (tensor && !(isConstant && attribute.name === 'value')) this.unlist(tensor, graph)
      for (const other of others) this.unlist(other, graph)
    }
    if (isConstant) for (const draft of drafts) this.constant(draft, graph, names.text(outputs[0] as number))
    for (const output of outputs) if (!names.isEmpty(output) && !graph.defined.of(output)) graph.defined.set(output, 'nodes', node.index)
    // its subgraphs have nodes too: the numbers of its own operands are gone from here on
    if (drafts.some((d) => d.graphs.length > 0))
      nodes.own(
        node,
        new Map(
          drafts.map((d) => [d.attribute.name, { ...d.attribute, graphs: d.graphs.map((parts) => this.subgraph(parts, node, d, depth)) }]),
        ),
      )
  }

  /** `value*` of a Constant node are tensors that bear its output's name. */
  private constant({ attribute, tensor, floats, frame }: AttributeDraft, graph: ReadGraph, output: string): void {
    if (tensor && attribute.name === 'value') this.tensor(finishTensor(tensor, output, graph, 'constant', this.isSkeleton), graph)
    else if (floats.length > 0 && /^value_floats?$/.test(attribute.name)) {
      const field = attribute.name as 'value_float' | 'value_floats'
      const elementCount = attribute.floatCount ?? 0
      this.tensor(
        {
          name: output,
          graph,
          owner: 'constant',
          dataType: 'FLOAT',
          dims: field === 'value_float' ? [] : [elementCount],
          elementCount,
          elements:
            floats.length < MAX_RANGES
              ? { kind: 'stored', field, ranges: floats, varints: false }
              : {
                  kind: 'unwritable',
                  field,
                  reason: `${field} has ${MAX_RANGES} fields of one value or more: save the model with packed ones`,
                },
          frame,
          external: null,
          denseDims: null,
          at: frame.start,
        },
        graph,
      )
    }
  }

  private subgraph(parts: readonly Frame[], node: Node, { attribute }: AttributeDraft, depth: number): Graph {
    const { graph, name, opType, index } = node
    const scope = `${graph.scope && `${graph.scope}/`}${name || `${opType}_${index}`}/${attribute.name}`
    const sub = this.newGraph(scope, graph, node, attribute.name)
    for (const part of parts) this.graph(new Cursor(this.window, part), sub, depth + 1)
    return sub
  }

  /** The number of the name that a field is. */
  private name(c: Cursor): number {
    c.expect(2)
    return this.names.intern(this.window, c.start, c.end)
  }

  private newGraph(scope: string, parent: Graph | null, owner: Node | null, attribute: string): ReadGraph {
    const lists = { nodes: [], tensors: [], inputs: [] }
    const defined = new ListedDefinitions(this.names, lists)
    return { scope, parent, owner, attribute, ...lists, outputs: [], metadata: new Map(), valueMetadata: new Map(), defined }
  }

  private attributes(frame: Frame): ReadonlyMap<string, Attribute> {
    const attributes = new Map<string, Attribute>()
    for (const c = new Cursor(this.window, frame); c.next(); ) {
      if (c.field !== 5) continue
      const { attribute } = readAttribute(c.message())
      attributes.set(attribute.name, attribute)
    }
    return attributes
  }
}
