import type { Definitions, Graph, Node, Tensor, Value } from '../types.js'
import { integers } from './column.js'
import type { Names } from './names.js'

/** A graph's lists that definitions are in. */
type Listed = Pick<Graph, 'nodes' | 'tensors' | 'inputs'>
const IN = { nodes: 0, tensors: 1, inputs: 2 } as const

/** A map of more takes a third of the memory that a model does. A power of two. */
const FEW = 1 << 13
const NO_NUMBERS = new Uint32Array(0)

/** Definitions as numbers: of the name, and of the place in the graph's own lists. */
export class ListedDefinitions implements Definitions {
  /** Numbers of definitions by the numbers of their names, while they are few. */
  private few: Map<number, number> | null = new Map()
  /** Once they are many: numbers + 1 of definitions where the numbers of their names hash to, or the next free place behind (0). */
  private table = NO_NUMBERS
  private readonly name = integers()
  /** Index in the list × 4 + which list. */
  private readonly place = integers()
  /** What was looked for last, often again. */
  private lastName = -1
  private lastNumber = -1
  private readonly lists: readonly (readonly (Node | Tensor | Value)[])[]

  constructor(
    private readonly names: Names,
    { nodes, tensors, inputs }: Listed,
  ) {
    this.lists = [nodes, tensors, inputs]
  }

  get count() {
    return this.name.length
  }

  get(text: string) {
    const number = this.numberOf(text)
    return number < 0 ? undefined : this.at(number)
  }

  has(text: string) {
    return this.numberOf(text) >= 0
  }

  *keys() {
    for (let number = 0; number < this.count; number++) yield this.names.text(this.name.at(number))
  }

  numberOf(text: string): number {
    const name = this.names.numberOf(text)
    return name < 0 ? -1 : this.find(name)
  }

  /** The definition of a name by the name's number. */
  of(name: number): Node | Tensor | Value | undefined {
    const number = this.find(name)
    return number < 0 ? undefined : this.at(number)
  }

  /** A name is what stands at `index` of a list from now on. */
  set(name: number, list: keyof Listed, index: number): void {
    const place = 4 * index + IN[list]
    const known = this.find(name)
    if (known >= 0) this.place.set(known, place)
    else {
      this.name.push(name)
      this.place.push(place)
      if (this.few === null) this.append()
      else if (this.count <= FEW) this.few.set(name, this.count - 1)
      else {
        this.few = null
        this.table = new Uint32Array(4 * FEW)
        for (let number = 0; number < this.count; number++) this.enter(number)
      }
      this.lastName = -1
    }
  }

  private at(number: number): Node | Tensor | Value | undefined {
    const place = this.place.at(number)
    return this.lists[place & 3]?.[place >>> 2]
  }

  private find(name: number): number {
    if (this.few !== null) return this.few.get(name) ?? -1
    if (name === this.lastName) return this.lastNumber
    this.lastName = name
    this.lastNumber = this.search(name)
    return this.lastNumber
  }

  private search(name: number): number {
    const mask = this.table.length - 1
    for (let at = spread(name) & mask; ; at = (at + 1) & mask) {
      const number = (this.table[at] as number) - 1
      if (number < 0 || this.name.at(number) === name) return number
    }
  }

  private enter(number: number): void {
    const mask = this.table.length - 1
    let at = spread(this.name.at(number)) & mask
    while (this.table[at] !== 0) at = (at + 1) & mask
    this.table[at] = number + 1
  }

  private append(): void {
    if (4 * this.count <= 3 * this.table.length) {
      this.enter(this.count - 1)
      return
    }
    this.table = new Uint32Array(2 * this.table.length)
    for (let number = 0; number < this.count; number++) this.enter(number)
  }
}

/** Numbers of names come in runs, which may not lie next to one another: a search would go through all of a run (Knuth, multiplicative). */
function spread(name: number): number {
  const mixed = Math.imul(name, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
