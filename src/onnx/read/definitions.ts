import type { Definitions, Graph, Node, Tensor, Value } from '../../types.js'
import { integers } from './column.js'
import type { Names } from './names.js'

/** A graph's lists that definitions are in. */
type Listed = Pick<Graph, 'nodes' | 'tensors' | 'inputs'>
const IN = { nodes: 0, tensors: 1, inputs: 2 } as const

/** Definitions as numbers: of the name, and of the place in the graph's own lists. */
export class ListedDefinitions implements Definitions {
  private readonly numbers: ByName
  private readonly name = integers()
  /** Index in the list × 4 + which list. */
  private readonly place = integers()
  private readonly lists: readonly (readonly (Node | Tensor | Value)[])[]

  /** `isMain`: of the graph that most names of a model are defined in. */
  constructor(
    private readonly names: Names,
    { nodes, tensors, inputs }: Listed,
    isMain: boolean,
  ) {
    this.lists = [nodes, tensors, inputs]
    this.numbers = isMain ? new Listing() : new Map<number, number>()
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
    return name < 0 ? -1 : (this.numbers.get(name) ?? -1)
  }

  /** Whether a name is a tensor, by the name's number. */
  isTensor(name: number): boolean {
    const number = this.numbers.get(name)
    return number !== undefined && (this.place.at(number) & 3) === IN.tensors
  }

  /** A name is what stands at `index` of a list from now on. */
  set(name: number, list: keyof Listed, index: number): void {
    const known = this.numbers.get(name)
    if (known === undefined) this.append(name, list, index)
    else this.place.set(known, 4 * index + IN[list])
  }

  /** The same for a name that is nothing yet; others stay what they are. */
  setNew(name: number, list: keyof Listed, index: number): void {
    if (this.numbers.get(name) === undefined) this.append(name, list, index)
  }

  private append(name: number, list: keyof Listed, index: number): void {
    this.numbers.set(name, this.name.length)
    this.name.push(name)
    this.place.push(4 * index + IN[list])
  }

  private at(number: number): Node | Tensor | Value | undefined {
    const place = this.place.at(number)
    return this.lists[place & 3]?.[place >>> 2]
  }
}

/** Numbers of definitions by the numbers of their names. */
type ByName = Pick<Map<number, number>, 'get'> & { set(name: number, number: number): void }

/**
 * A place for every name of the model: nothing is searched for, and no map of hundreds of thousands is held. Of one graph; thousands of
 * subgraphs with a place each for all names would be more than any memory.
 */
class Listing implements ByName {
  /** Numbers + 1; 0: not defined. */
  private readonly column = integers()

  get(name: number): number | undefined {
    const number = name < this.column.length ? this.column.at(name) : 0
    return number === 0 ? undefined : number - 1
  }

  set(name: number, number: number): void {
    while (this.column.length <= name) this.column.push(0)
    this.column.set(name, number + 1)
  }
}
