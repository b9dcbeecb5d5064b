import type { Node } from '../types.js'
import type { Scope } from './scope.js'

/** One reading of a value. */
export interface Consumer {
  readonly scope: Scope
  readonly node: Node
  readonly input: number
}

/** Who reads the values of one graph: lists chained through columns, since there are as many as edges. */
export class Consumers {
  private readonly last = new Map<string, number>()
  private readonly scopes: Scope[] = []
  private readonly nodes: Node[] = []
  private readonly inputs: number[] = []
  private readonly previous: number[] = []

  add(name: string, scope: Scope, node: Node, input: number): void {
    this.previous.push(this.last.get(name) ?? -1)
    this.last.set(name, this.nodes.length)
    this.scopes.push(scope)
    this.nodes.push(node)
    this.inputs.push(input)
  }

  /** In the order in which they were added. */
  of(name: string): Consumer[] {
    const found: Consumer[] = []
    for (let at = this.last.get(name) ?? -1; at >= 0; at = this.previous[at] as number)
      found.push({ scope: this.scopes[at] as Scope, node: this.nodes[at] as Node, input: this.inputs[at] as number })
    return found.reverse()
  }
}
