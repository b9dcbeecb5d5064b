import { integers } from '../onnx/read/column.js'
import type { Graph, Node } from '../types.js'

/** One reading of a value; `Scope`: what a graph is at one place of execution. */
export interface ConsumerIn<Scope> {
  readonly scope: Scope
  readonly node: Node
  readonly input: number
}

/** Who reads the values of one graph: lists chained through a column of numbers, since there are as many as edges. */
export class Consumers<Scope extends { readonly graph: Graph }> {
  /** By the number of the value's definition: where the last reading is, + 1. */
  private last: Int32Array | null = null
  /** Four numbers each: `last` of the same value before, the scope's number, the node's index, the input. */
  private readonly readings = integers()
  private readonly scopes: Scope[] = []

  constructor(private readonly graph: Graph) {}

  /** `name` is a value of this graph. */
  add(name: string, scope: Scope, node: Node, input: number): void {
    const { defined } = this.graph
    const value = defined.numberOf(name)
    this.last ??= new Int32Array(defined.count)
    if (this.scopes.at(-1) !== scope) this.scopes.push(scope)
    const place = this.readings.length
    this.readings.push(this.last[value] as number)
    this.readings.push(this.scopes.length - 1)
    this.readings.push(node.index)
    this.readings.push(input)
    this.last[value] = place + 1
  }

  /** In the order in which they were added. */
  of(name: string): ConsumerIn<Scope>[] {
    const found: ConsumerIn<Scope>[] = []
    const value = this.last === null ? -1 : this.graph.defined.numberOf(name)
    let next = value < 0 ? 0 : (this.last?.[value] as number)
    while (next > 0) {
      const at = next - 1
      const scope = this.scopes[this.readings.at(at + 1)] as Scope
      found.push({ scope, node: scope.graph.nodes[this.readings.at(at + 2)] as Node, input: this.readings.at(at + 3) })
      next = this.readings.at(at)
    }
    return found.reverse()
  }
}
