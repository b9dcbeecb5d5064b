import type { Window } from '../../bytes/source.js'
import { Cursor } from '../../bytes/wire.js'
import type { Attribute, Frame, Graph, Node } from '../../types.js'
import { integers, positions, positions32 } from './column.js'
import { Kinds } from './kinds.js'
import type { Names } from './names.js'
import { TextPages } from './textPages.js'
import { readEntry } from './readTensor.js'

const EMPTY: ReadonlyMap<string, never> = new Map<string, never>()

/** What a node has beside its names: where there is nothing, nothing has to be read. */
export const HAS = { attributes: 1, metadata: 2 } as const

/** Nodes that follow one another in one message, with the graph that it is of. */
interface Run {
  readonly frame: Frame
  readonly graph: Graph
  /** Of the first: in the table, and in the graph. */
  readonly id: number
  readonly index: number
}

/**
 * The nodes of a model in columns: names by number, and where the message stands, so that attributes and metadata are read when somebody
 * asks. An object a node with all its strings would take a kilobyte for each.
 */
export class NodeTable {
  readonly kinds: Kinds
  private readonly runs: Run[] = []
  private run: Run | null = null
  /** Told apart by nothing: most stand once, and no value has them. */
  private readonly ownNames = new TextPages()
  private readonly columns = {
    name: positions32(),
    nameLength: positions32(),
    /** Kind × 64 + bytes of the length varint (10 at most) × 4 + what it has. */
    what: integers(),
    /** Inputs and outputs in the order of the file: an input as the number of its name, an output as ~number. */
    operand: integers(),
    /** Behind a node's last. */
    lastOperand: integers(),
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
  ) {
    this.kinds = new Kinds(names)
  }

  /** An input of the node that is added next, by the number of its name. */
  input(name: number): void {
    this.columns.operand.push(name)
  }

  output(name: number): void {
    this.columns.operand.push(~name)
  }

  /** The node whose message `c` went through: its name stands at [nameStart, nameEnd); `has`: a sum of HAS. */
  add(graph: Graph, c: Cursor, nameStart: number, nameEnd: number, kind: number, has: number): StoredNode {
    const { columns } = this
    const id = columns.start.length
    this.addName(nameStart, nameEnd)
    columns.what.push(kind * 64 + (c.from - c.lengthAt) * 4 + has)
    columns.lastOperand.push(columns.operand.length)
    columns.start.push(c.from)
    columns.end.push(c.to)
    if (this.run?.frame !== c.parent) {
      this.run = { frame: c.parent as Frame, graph, id, index: graph.nodes.length }
      this.runs.push(this.run)
    }
    return new StoredNode(this, id)
  }

  private addName(start: number, end: number): void {
    const { columns, ownNames, window } = this
    const at = start === end ? 0 : window.locateText(start, end)
    const to = start === end ? 0 : window.locate(start, end) + end - start
    columns.name.push(ownNames.store(window.bytes, at, to))
    columns.nameLength.push(to - at)
  }

  own(node: StoredNode, attributes: ReadonlyMap<string, Attribute>): void {
    this.owners.set(node.id, attributes)
  }

  owns(id: number): boolean {
    return this.owners.has(id)
  }

  nameOf(id: number): string {
    return this.ownNames.text(this.columns.name.at(id), this.columns.nameLength.at(id))
  }

  kindAt(id: number) {
    return this.kinds.at(this.columns.what.at(id) >>> 6)
  }

  graphOf(id: number): Graph {
    return this.runOf(id).graph
  }

  indexOf(id: number): number {
    const run = this.runOf(id)
    return run.index + id - run.id
  }

  /** The last one that starts at or before a node. */
  private runOf(id: number): Run {
    const { runs } = this
    let [from, to] = [0, runs.length]
    while (to - from > 1) {
      const middle = (from + to) >>> 1
      if ((runs[middle] as Run).id <= id) from = middle
      else to = middle
    }
    return runs[from] as Run
  }

  inputsOf(id: number): string[] {
    return this.operands(id, 0)
  }

  outputsOf(id: number): string[] {
    return this.operands(id, -1)
  }

  /** `mask`: 0 for inputs, −1 for outputs, which are inverted. */
  private operands(id: number, mask: 0 | -1): string[] {
    const { operand, lastOperand } = this.columns
    const from = id === 0 ? 0 : lastOperand.at(id - 1)
    const to = lastOperand.at(id)
    let count = 0
    for (let i = from; i < to; i++) if ((operand.at(i) ^ mask) >= 0) count++
    // as long as it gets: one that grows holds room for sixteen more
    const list = Array<string>(count)
    for (let i = from, place = 0; place < count; i++) {
      const name = operand.at(i) ^ mask
      if (name >= 0) list[place++] = this.names.text(name)
    }
    return list
  }

  frameOf(id: number): Frame {
    const { what, start, end } = this.columns
    const from = start.at(id)
    const lengthBytes = (what.at(id) >>> 2) & 15
    return { parent: this.runOf(id).frame, lengthStart: from - lengthBytes, start: from, end: end.at(id) }
  }

  attributesOf(node: StoredNode): ReadonlyMap<string, Attribute> {
    if ((this.columns.what.at(node.id) & HAS.attributes) === 0) return EMPTY
    const owned = this.owners.get(node.id)
    if (owned) return owned
    if (this.last?.id !== node.id) this.last = { id: node.id, attributes: this.readAttributes(this.frameOf(node.id)) }
    return this.last.attributes
  }

  metadataOf(id: number): ReadonlyMap<string, string> {
    if ((this.columns.what.at(id) & HAS.metadata) === 0) return EMPTY
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
