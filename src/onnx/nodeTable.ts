import type { Window } from '../bytes/source.js'
import { Cursor } from '../bytes/wire.js'
import type { Attribute, Frame, Graph, Node } from '../types.js'
import { readEntry } from './readTensor.js'

const EMPTY: ReadonlyMap<string, never> = new Map<string, never>()

/** Numbers that are appended one by one, in a typed array that doubles. */
class Column<A extends Uint32Array | Float64Array> {
  length = 0
  constructor(
    private array: A,
    private readonly make: (length: number) => A,
  ) {}
  push(value: number): void {
    if (this.length === this.array.length) {
      const grown = this.make(2 * this.length)
      grown.set(this.array)
      this.array = grown
    }
    this.array[this.length++] = value
  }
  at(index: number): number {
    return this.array[index] as number
  }
}
const FIRST = 64
const integers = () => new Column(new Uint32Array(FIRST), (n) => new Uint32Array(n))
const positions = () => new Column(new Float64Array(FIRST), (n) => new Float64Array(n))

/**
 * The nodes of a model in columns: names once each, operands as numbers of names, and where the message stands, so that attributes and
 * metadata are read when somebody asks. An object a node with all its strings would take a kilobyte for each.
 */
export class NodeTable {
  private readonly texts: string[] = []
  private numbers: Map<string, number> | null = new Map()
  private readonly frames: Frame[] = []
  private readonly columns = {
    text: integers(), // name, op_type, domain, overload: four a node
    operand: integers(), // inputs, then outputs
    firstInput: integers(),
    firstOutput: integers(),
    parent: integers(),
    lengthStart: positions(),
    start: positions(),
    end: positions(),
  }
  /** Attributes of nodes with subgraphs: read at once, since those own tensors. */
  private readonly owners = new Map<number, ReadonlyMap<string, Attribute>>()
  private last: { readonly id: number; readonly attributes: ReadonlyMap<string, Attribute> } | null = null

  constructor(
    private readonly window: Window,
    private readonly readAttributes: (frame: Frame) => ReadonlyMap<string, Attribute>,
  ) {}

  /** One string for all places where it stands. */
  intern(text: string): number {
    const known = this.numbers?.get(text)
    if (known !== undefined) return known
    this.numbers?.set(text, this.texts.length)
    return this.texts.push(text) - 1
  }

  text(number: number): string {
    return this.texts[number] as string
  }

  add(
    graph: Graph,
    frame: Frame,
    texts: readonly [name: number, opType: number, domain: number, overload: number],
    inputs: readonly number[],
    outputs: readonly number[],
  ): StoredNode {
    const { text, operand, firstInput, firstOutput, parent, lengthStart, start, end } = this.columns
    const node = new StoredNode(this, firstInput.length, graph, graph.nodes.length)
    for (const t of texts) text.push(t)
    firstInput.push(operand.length)
    for (const i of inputs) operand.push(i)
    firstOutput.push(operand.length)
    for (const o of outputs) operand.push(o)
    if (this.frames.at(-1) !== frame.parent) this.frames.push(frame.parent as Frame)
    parent.push(this.frames.length - 1)
    lengthStart.push(frame.lengthStart)
    start.push(frame.start)
    end.push(frame.end)
    return node
  }

  own(node: StoredNode, attributes: ReadonlyMap<string, Attribute>): void {
    this.owners.set(node.id, attributes)
  }

  /** All nodes are there: the way from a text to its number is not needed any more. */
  finish(): void {
    this.numbers = null
  }

  owns(id: number): boolean {
    return this.owners.has(id)
  }

  textOf(id: number, which: 0 | 1 | 2 | 3): string {
    return this.text(this.columns.text.at(4 * id + which))
  }

  inputsOf(id: number): string[] {
    return this.operands(this.columns.firstInput.at(id), this.columns.firstOutput.at(id))
  }

  outputsOf(id: number): string[] {
    const { firstOutput, firstInput, operand } = this.columns
    return this.operands(firstOutput.at(id), id + 1 < firstInput.length ? firstInput.at(id + 1) : operand.length)
  }

  private operands(from: number, to: number): string[] {
    const list: string[] = []
    for (let i = from; i < to; i++) list.push(this.text(this.columns.operand.at(i)))
    return list
  }

  frameOf(id: number): Frame {
    const { parent, lengthStart, start, end } = this.columns
    return { parent: this.frames[parent.at(id)] as Frame, lengthStart: lengthStart.at(id), start: start.at(id), end: end.at(id) }
  }

  attributesOf(node: StoredNode): ReadonlyMap<string, Attribute> {
    const owned = this.owners.get(node.id)
    if (owned) return owned
    if (this.last?.id !== node.id) this.last = { id: node.id, attributes: this.readAttributes(this.frameOf(node.id)) }
    return this.last.attributes
  }

  metadataOf(id: number): ReadonlyMap<string, string> {
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
    readonly graph: Graph,
    readonly index: number,
  ) {}
  get name() {
    return this.table.textOf(this.id, 0)
  }
  get opType() {
    return this.table.textOf(this.id, 1)
  }
  get domain() {
    return this.table.textOf(this.id, 2)
  }
  get overload() {
    return this.table.textOf(this.id, 3)
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
