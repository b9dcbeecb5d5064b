import type { Window } from '../bytes/source.js'
import { Cursor } from '../bytes/wire.js'
import type { Attribute, Frame, Graph, Node } from '../types.js'
import { bytes, integers, positions, positions32 } from './column.js'
import type { Names } from './names.js'
import { TextPages } from './textPages.js'
import { readEntry } from './readTensor.js'

const EMPTY: ReadonlyMap<string, never> = new Map<string, never>()

/** Nodes whose names are held as strings, which costs the least time. */
const FEW = 1 << 13

/** What a node has beside its names: where there is nothing, nothing has to be read. */
export const HAS = { attributes: 1, metadata: 2 } as const

/** What nodes of one operator have in common. */
interface Kind {
  readonly opType: string
  readonly domain: string
  readonly overload: string
}

/**
 * The nodes of a model in columns: names by number, and where the message stands, so that attributes and metadata are read when somebody
 * asks. An object a node with all its strings would take a kilobyte for each.
 */
export class NodeTable {
  private readonly kinds: Kind[] = []
  /** Their numbers by op_type. */
  private readonly kindsOf = new Map<string, number[]>()
  /** The messages that nodes stand in, and the graphs that those are of. */
  private readonly parents: { readonly frame: Frame; readonly graph: Graph }[] = []
  // names are told apart by nothing: most stand once, and no value has them
  private readonly firstNames: string[] = []
  private readonly otherNames = new TextPages()
  private readonly columns = {
    /** Of the nodes behind the first. */
    name: positions32(),
    nameLength: positions32(),
    kind: integers(),
    operand: integers(), // inputs, then outputs
    firstInput: integers(),
    firstOutput: integers(),
    parent: integers(),
    index: integers(),
    lengthBytes: bytes(),
    has: bytes(),
    start: positions(),
    end: positions(),
  }
  /** Attributes of nodes with subgraphs: read at once, since those own tensors. */
  private readonly owners = new Map<number, ReadonlyMap<string, Attribute>>()
  private last: { readonly id: number; readonly attributes: ReadonlyMap<string, Attribute> } | null = null

  constructor(
    private readonly window: Window,
    private readonly names: Names,
    private readonly readAttributes: (frame: Frame) => ReadonlyMap<string, Attribute>,
  ) {}

  /** Inputs and outputs by the numbers of their names; `has`: a sum of HAS. */
  add(
    graph: Graph,
    frame: Frame,
    name: string,
    kind: Kind,
    inputs: readonly number[],
    outputs: readonly number[],
    has: number,
  ): StoredNode {
    const { columns } = this
    const { operand, firstInput } = columns
    const id = firstInput.length
    if (id < FEW) this.firstNames.push(name)
    else this.storeName(name)
    columns.kind.push(this.numberOf(kind))
    columns.has.push(has)
    firstInput.push(operand.length)
    for (const i of inputs) operand.push(i)
    columns.firstOutput.push(operand.length)
    for (const o of outputs) operand.push(o)
    if (this.parents.at(-1)?.frame !== frame.parent) this.parents.push({ frame: frame.parent as Frame, graph })
    columns.parent.push(this.parents.length - 1)
    columns.index.push(graph.nodes.length)
    columns.lengthBytes.push(frame.start - frame.lengthStart)
    columns.start.push(frame.start)
    columns.end.push(frame.end)
    return new StoredNode(this, id)
  }

  private storeName(name: string): void {
    const { columns, otherNames } = this
    const utf8 = Buffer.from(name)
    columns.name.push(otherNames.store(utf8, 0, utf8.length))
    columns.nameLength.push(utf8.length)
  }

  private numberOf(kind: Kind): number {
    const { opType, domain, overload } = kind
    const known = this.kindsOf.get(opType) ?? []
    for (const number of known) {
      const other = this.kinds[number] as Kind
      if (other.domain === domain && other.overload === overload) return number
    }
    this.kindsOf.set(opType, [...known, this.kinds.length])
    return this.kinds.push(kind) - 1
  }

  own(node: StoredNode, attributes: ReadonlyMap<string, Attribute>): void {
    this.owners.set(node.id, attributes)
  }

  owns(id: number): boolean {
    return this.owners.has(id)
  }

  nameOf(id: number): string {
    if (id < FEW) return this.firstNames[id] as string
    return this.otherNames.text(this.columns.name.at(id - FEW), this.columns.nameLength.at(id - FEW))
  }

  kindAt(id: number): Kind {
    return this.kinds[this.columns.kind.at(id)] as Kind
  }

  graphOf(id: number): Graph {
    return this.parentOf(id).graph
  }

  private parentOf(id: number) {
    return this.parents[this.columns.parent.at(id)] as (typeof this.parents)[number]
  }

  indexOf(id: number): number {
    return this.columns.index.at(id)
  }

  inputsOf(id: number): string[] {
    return this.operands(this.columns.firstInput.at(id), this.columns.firstOutput.at(id))
  }

  outputsOf(id: number): string[] {
    const { firstOutput, firstInput, operand } = this.columns
    return this.operands(firstOutput.at(id), id + 1 < firstInput.length ? firstInput.at(id + 1) : operand.length)
  }

  private operands(from: number, to: number): string[] {
    // as long as it gets: one that grows holds room for sixteen more
    const list = Array<string>(to - from)
    for (let i = from; i < to; i++) list[i - from] = this.names.text(this.columns.operand.at(i))
    return list
  }

  frameOf(id: number): Frame {
    const { lengthBytes, start, end } = this.columns
    const from = start.at(id)
    return { parent: this.parentOf(id).frame, lengthStart: from - lengthBytes.at(id), start: from, end: end.at(id) }
  }

  attributesOf(node: StoredNode): ReadonlyMap<string, Attribute> {
    if ((this.columns.has.at(node.id) & HAS.attributes) === 0) return EMPTY
    const owned = this.owners.get(node.id)
    if (owned) return owned
    if (this.last?.id !== node.id) this.last = { id: node.id, attributes: this.readAttributes(this.frameOf(node.id)) }
    return this.last.attributes
  }

  metadataOf(id: number): ReadonlyMap<string, string> {
    if ((this.columns.has.at(id) & HAS.metadata) === 0) return EMPTY
    let metadata: Map<string, string> | undefined
    for (const c = new Cursor(this.window, this.frameOf(id)); c.next(); )
      if (c.field === 9) metadata = (metadata ?? new Map<string, string>()).set(...readEntry(c.message()))
    return metadata ?? EMPTY
  }
}

/** A node of the table. */
export class StoredNode implements Node {
  constructor(
    private readonly table: NodeTable,
    /** In the table. */
    readonly id: number,
  ) {}
  get graph() {
    return this.table.graphOf(this.id)
  }
  get index() {
    return this.table.indexOf(this.id)
  }
  get name() {
    return this.table.nameOf(this.id)
  }
  get opType() {
    return this.table.kindAt(this.id).opType
  }
  get domain() {
    return this.table.kindAt(this.id).domain
  }
  get overload() {
    return this.table.kindAt(this.id).overload
  }
  get hasGraphs() {
    return this.table.owns(this.id)
  }
  get inputs() {
    return this.table.inputsOf(this.id)
  }
  get outputs() {
    return this.table.outputsOf(this.id)
  }
  get attributes() {
    return this.table.attributesOf(this)
  }
  get metadata() {
    return this.table.metadataOf(this.id)
  }
  get frame() {
    return this.table.frameOf(this.id)
  }
}
