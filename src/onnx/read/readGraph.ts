import type { Window } from '../../bytes/source.js'
import { Cursor } from '../../bytes/wire.js'
import { invalid } from '../../errors.js'
import type { OnRead } from '../../reports.js'
import type { Attribute, Frame, Graph, LocalFunction, Node, Tensor, Value } from '../../types.js'
import { ListedDefinitions } from './definitions.js'
import { floatsTensor } from './floatsTensor.js'
import { domainName, NO_NAME } from './kinds.js'
import { Names } from './names.js'
import { HAS, NodeTable, type StoredNode } from './nodeTable.js'
import { type AttributeDraft, readAttribute } from './readAttribute.js'
import { draftTensor, finishTensor, readEntry, type TensorDraft } from './readTensor.js'
import { TensorForms } from './storedTensor.js'
import { readValue, readValueMetadata } from './readValue.js'

/** A graph in a graph is three messages deeper, and C++ protobuf refuses more than 100: ours is generous and still far from the stack's end. */
const MAX_GRAPHS = 100

/** A graph while it is read. */
interface ReadGraph extends Graph {
  readonly defined: ListedDefinitions
}

/** Nodes and tensors after which somebody is told, and then whenever there are twice as many. */
const FIRST_TOLD = 128

/** Most nodes have none. */
const NO_DRAFTS: AttributeDraft[] = []

/** Reads the main graph, its subgraphs and the local functions of one model; every tensor in file order. */
export class GraphReader {
  readonly tensors: Tensor[] = []
  /** External tensors that are no weights: in attributes, indices of sparse ones. */
  readonly unlisted: Tensor[] = []
  private readonly names = new Names()
  private readonly forms = new TensorForms(this.names)
  private readonly nodes: NodeTable
  /** Nodes and tensors. */
  private read = 0
  private told = FIRST_TOLD
  /** Before or in a message of the graph that is being read. */
  private readonly inner: Cursor
  /** `isSkeleton`: tensors may have no values. */
  constructor(
    private readonly window: Window,
    private readonly isSkeleton = false,
    private readonly onRead?: OnRead,
  ) {
    this.inner = new Cursor(window, { parent: null, lengthStart: 0, start: 0, end: 0 })
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
    // as they came but for those of attributes of nodes that stand behind
    const { tensors } = this
    return tensors.every((t, i) => i === 0 || t.at > (tensors[i - 1] as Tensor).at) ? tensors : tensors.sort((a, b) => a.at - b.at)
  }

  /** GraphProto. */
  private graph(c: Cursor, graph: ReadGraph, depth: number): void {
    if (depth > MAX_GRAPHS) throw invalid(`graphs are nested more than ${MAX_GRAPHS} deep: refused.`)
    while (c.next()) {
      if (c.field === 1) this.node(this.inner.within(c), graph, depth)
      else if (c.field === 5) this.initializer(c, graph)
      else if (c.field === 11) this.input(readValue(c.message()), graph)
      else if (c.field === 12) graph.outputs.push(readValue(c.message()))
      else if (c.field === 13) {
        const value = readValueMetadata(c.message())
        if (value) graph.valueMetadata.set(value.name, value.metadata)
      } else if (c.field === 15) this.sparse(c.message(), graph)
      else if (c.field === 16) graph.metadata.set(...readEntry(c.message()))
    }
  }

  /** The TensorProto that `c` stands at. */
  private initializer(c: Cursor, graph: ReadGraph): void {
    const like = this.forms.like(this.inner.within(c))
    if (like) {
      this.define(like, like.nameNumber, graph)
      return
    }
    const draft = draftTensor(c.message())
    if (draft.name === '') throw invalid(`an initializer at byte ${c.tagStart} has no name.`)
    this.tensor(finishTensor(draft, draft.name, graph, 'initializer', this.isSkeleton), graph)
  }

  private tensor(tensor: Tensor, graph: ReadGraph): void {
    const name = this.names.internText(tensor.name)
    this.define(this.forms.compact(tensor, name), name, graph)
  }

  private define(tensor: Tensor, name: number, graph: ReadGraph): void {
    const { defined, tensors } = graph
    if (tensor.owner !== 'constant' && defined.isTensor(name)) throw invalid(`two initializers are named ${JSON.stringify(tensor.name)}.`)
    defined.set(name, 'tensors', tensors.length)
    tensors.push(tensor)
    this.tensors.push(tensor)
    this.count()
  }

  private count(): void {
    if (++this.read < this.told) return
    this.told *= 2
    this.onRead?.(this.read)
  }

  /** An initializer that is a graph input too (IR 3) stays the initializer. */
  private input(value: Value, graph: ReadGraph): void {
    const name = this.names.internText(value.name)
    graph.inputs.push(value)
    graph.defined.setNew(name, 'inputs', graph.inputs.length - 1)
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
    const { nodes, names } = this
    let drafts = NO_DRAFTS
    let nameStart = 0
    let nameEnd = 0
    let opType = NO_NAME
    let domain = NO_NAME
    let firstOutput = NO_NAME
    let overload = ''
    let has = 0
    while (c.next()) {
      if (c.field === 1) nodes.input(this.name(c))
      else if (c.field === 2) {
        const output = this.name(c)
        nodes.output(output)
        if (firstOutput === NO_NAME) firstOutput = output
        if (!names.isEmpty(output)) graph.defined.setNew(output, 'nodes', graph.nodes.length)
      } else if (c.field === 3) {
        c.expect(2)
        nameStart = c.start
        nameEnd = c.end
      } else if (c.field === 4) opType = this.name(c)
      else if (c.field === 5) {
        if (drafts === NO_DRAFTS) drafts = []
        has |= HAS.attributes
        drafts.push(readAttribute(c.message()))
      } else if (c.field === 7) domain = this.name(c)
      else if (c.field === 8) overload = c.string()
      else if (c.field === 9) has |= HAS.metadata
    }
    const node = nodes.add(graph, c, nameStart, nameEnd, nodes.kinds.numberOf(opType, domain, overload), has)
    graph.nodes.push(node)
    this.count()
    if (drafts !== NO_DRAFTS) this.owned(drafts, node, graph, firstOutput === NO_NAME ? null : names.text(firstOutput), depth)
  }

  /** What attributes own: tensors and subgraphs. `output`: the node's first. */
  private owned(drafts: readonly AttributeDraft[], node: StoredNode, graph: ReadGraph, output: string | null, depth: number): void {
    const isConstant = node.opType === 'Constant' && node.domain === 'ai.onnx' && output !== null
    for (const { tensor, others, attribute } of drafts) {
      if (tensor && !(isConstant && attribute.name === 'value')) this.unlist(tensor, graph)
      for (const other of others) this.unlist(other, graph)
    }
    if (isConstant) for (const draft of drafts) this.constant(draft, graph, output)
    if (drafts.some((d) => d.graphs.length > 0))
      this.nodes.own(
        node,
        new Map(
          drafts.map((d) => [d.attribute.name, { ...d.attribute, graphs: d.graphs.map((parts) => this.subgraph(parts, node, d, depth)) }]),
        ),
      )
  }

  /** `value*` of a Constant node are tensors that bear its output's name. */
  private constant({ attribute, tensor, floats, frame }: AttributeDraft, graph: ReadGraph, output: string): void {
    if (tensor && attribute.name === 'value') this.tensor(finishTensor(tensor, output, graph, 'constant', this.isSkeleton), graph)
    else if (floats.length > 0 && /^value_floats?$/.test(attribute.name))
      this.tensor(floatsTensor({ attribute, floats, frame }, graph, output), graph)
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
    const defined = new ListedDefinitions(this.names, lists, scope === '')
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
