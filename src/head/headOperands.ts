import { usage } from '../errors.js'
import type { Model, Node, Tensor } from '../types.js'
import { back } from './backAlong.js'
import type { Change, ShapeList } from './classAxis.js'
import type { Counted, Resized } from './head.js'
import { named, quoted, refusal } from './headMatrices.js'
import { listParts } from './listParts.js'
import { Op } from '../ops/op.js'
import { producerIn, type Scope } from '../ops/scope.js'

/** The stored tensors and attributes of the main graph that carry the number of classes, as they are found. */
export class HeadOperands {
  readonly resized = new Map<Tensor, Resized>()
  readonly counted: Counted[] = []
  /** Weights on their way, with the place of the class axis from the last. */
  readonly moved: (readonly [name: string, axis: number])[] = []
  /** Names on the way from a stored tensor to a slot, and the node that takes them there. */
  private readonly taken = new Map<string, Set<Node>>()
  /** Names on the ways that are gone back now: those from a slot, and from the scales that lie on them. */
  private readonly under = new Set<string>()
  private readonly parts: ReturnType<typeof listParts>

  constructor(
    private readonly model: Model,
    private readonly scope: Scope,
    private readonly classes: number,
    rank: (name: string) => number | null,
  ) {
    this.parts = listParts(model, scope, rank)
  }

  /** Gemm's C broadcasts to [M, N]; a kernel's bias has one axis. */
  bias({ node, inputs }: Op, input: number, fromLast: number): void {
    const name = node.inputs[input] ?? ''
    const dims = inputs[input]?.dims
    if (!dims) throw refusal(node, `has the bias ${quoted(name)}, whose shape is not known`)
    const index = /Conv/.test(node.opType) ? 0 : dims.length - 1 - fromLast
    const size = dims[index]
    if (size === undefined || (size === 1 && this.classes !== 1)) return
    if (size !== this.classes) throw refusal(node, `has a bias of ${size} entries for ${this.classes} classes`)
    this.resize(node, name, index, 'zeros', node)
  }

  /** Scales or zero points of the weight: one for all, or one a class. `axis`: of blocked ones, which have the weight's own axes. */
  steps({ node, inputs }: Op, input: number, axis = 0): void {
    const name = node.inputs[input] ?? ''
    if (name === '') return
    const dims = inputs[input]?.dims
    if (!dims) throw refusal(node, `has scales or zero points ${quoted(name)} that are computed`)
    if (dims.every((d) => d === 1)) return
    const index = dims.length === 1 ? 0 : axis
    // MatMulNBits has several a class, one after the other
    const isEven = dims[index] === this.classes || (node.opType === 'MatMulNBits' && (dims[index] ?? 1) % this.classes === 0)
    if (!isEven) throw refusal(node, `has scales or zero points ${quoted(name)} [${dims}] that are not one a class`)
    this.resize(node, name, index, 'ones', node)
  }

  /** MatMulInteger → Cast → Mul(scale of the activations × scale of the weight). */
  stepsOf(op: Op, input: number, isCarried: (name: string) => boolean): Change[] | null {
    const node = producerIn(this.model.graph, op.inputNames[input] ?? '')
    if (node?.opType !== 'Mul' || node.inputs.some((n) => isCarried(n))) return null
    const { inputs } = new Op(this.model, this.scope, node)
    const scale = inputs.findIndex((c) => c !== null)
    const dims = inputs[scale]?.dims
    if (!dims || inputs[1 - scale]) return null
    const isOne = dims.every((d) => d === 1)
    if (!isOne && dims.at(-1) !== this.classes) return null
    return isOne ? [] : [{ kind: 'operand', input: scale, axis: 0, neutral: 'ones', node }]
  }

  storedTensor(node: Node, name: string): Tensor {
    const seen = new Set<string>()
    for (let [user, at] = [node, name]; !seen.has(at); ) {
      seen.add(at)
      const found = this.model.graph.defined.get(at)
      if (found && 'elementCount' in found) return found
      if (!found || !('opType' in found) || found.opType !== 'Identity') break
      this.take(at, user)
      ;[user, at] = [found, found.inputs[0] ?? '']
    }
    throw refusal(node, `has the operand ${quoted(name)}, which is computed`)
  }

  take(name: string, node: Node): void {
    this.taken.set(name, (this.taken.get(name) ?? new Set()).add(node))
  }

  /** Back along the path from a slot to the stored tensor: `axis` is the class axis of `name`. */
  resize(slot: Node, name: string, axis: number, neutral: Resized['neutral'], user: Node): void {
    const way: string[] = []
    try {
      for (let at: Step | null = { name, axis, user }; at; at = this.stepBack(slot, at, neutral)) {
        if (this.under.has(at.name)) throw refusal(slot, `has the operand ${quoted(at.name)}, which is made from itself`)
        this.under.add(at.name)
        way.push(at.name)
      }
    } finally {
      for (const passed of way) this.under.delete(passed)
    }
  }

  /** One step, from a value to what its node makes it from; null where it is stored. */
  private stepBack(slot: Node, { name, axis, user }: Step, neutral: Resized['neutral']): Step | null {
    this.take(name, user)
    const found = this.model.graph.defined.get(name)
    if (found && 'elementCount' in found) {
      this.resizeStored(slot, found, axis, neutral)
      return null
    }
    const node = found && 'opType' in found ? found : null
    const op = node && new Op(this.model, this.scope, node)
    const dims = this.scope.constants.get(name)?.dims ?? null
    if (node) this.moved.push([name, (dims?.length ?? 0) - 1 - axis])
    const step = op && Object.hasOwn(back, op.key) ? back[op.key]?.(op, axis, dims) : undefined
    if (!op || !step)
      throw refusal(slot, `has the operand ${quoted(name)}, which is ${node ? `made by ${named(node)}` : 'no stored tensor'}`)
    if (step.index !== undefined) {
      const list = this.shapeOf(op, 1, 'shape')
      if (list?.values[step.index] === this.classes)
        this.count(node, { kind: 'integer', input: 1, attribute: 'shape', index: step.index, size: this.classes })
    }
    for (const input of step.steps ?? []) this.steps(op, input, step.axis)
    return { name: node.inputs[0] ?? '', axis: step.axis, user: node }
  }

  private resizeStored(slot: Node, tensor: Tensor, axis: number, neutral: Resized['neutral']): void {
    const known = this.resized.get(tensor)
    const size = tensor.dims[axis]
    const isOther = slot.opType === 'MatMulNBits' ? (size ?? 1) % this.classes !== 0 : size !== this.classes
    if (isOther || (known && known.axis !== axis) || tensor.denseDims)
      throw refusal(
        slot,
        `has the operand ${quoted(tensor.name)} [${tensor.dims}], which has not ${this.classes} entries along this one axis alone`,
      )
    if (!known) this.resized.set(tensor, { tensor, axis, neutral, node: slot })
  }

  /** An integer of a constant input, seen through a Concat of constants, or of an attribute. */
  count(node: Node, { input, attribute, index, size }: Extract<Change, { kind: 'integer' }>): void {
    const name = node.inputs[input] ?? ''
    if (name === '') {
      this.counted.push({ node, tensor: null, attribute, index, size })
      return
    }
    const part = this.parts(node, name)?.find((p) => index >= p.from && index < p.from + p.values.length)
    if (!part?.tensor) throw refusal(node, `has the target ${quoted(name)}, which is computed`)
    for (const [n, user] of part.path) this.take(n, user)
    const at = index - part.from
    if (!this.counted.some((c) => c.tensor === part.tensor && c.index === at))
      this.counted.push({ node, tensor: part.tensor, attribute, index: at, size })
  }

  shapeOf(op: Op, input: number, attribute: string): ShapeList | null {
    const name = op.inputNames[input] ?? ''
    if (name === '') {
      const list = attribute === '' ? null : op.ints(attribute)
      return list && { values: list, editable: () => true }
    }
    const parts = this.parts(op.node, name)
    if (!parts) return null
    const owner = parts.flatMap((p) => p.values.map(() => p.tensor !== null))
    return { values: parts.flatMap((p) => p.values), editable: (i) => owner[i] === true }
  }

  /** What carries the number of classes may serve nothing else. */
  refuseShared(): void {
    const stored = new Map([...this.taken].map(([name, users]) => [name, users]))
    const visit = (node: Node) => {
      for (const name of node.inputs) {
        const users = stored.get(name)
        if (users && !users.has(node))
          throw refusal(node, `uses ${quoted(name)} too, which would get another size: tensors of a head must be its own`)
      }
      if (node.hasGraphs) for (const a of node.attributes.values()) for (const g of a.graphs ?? []) g.nodes.forEach(visit)
    }
    this.model.graph.nodes.forEach(visit)
    const output = this.model.graph.outputs.find((o) => stored.has(o.name))
    if (output) throw usage(`${quoted(output.name)} of the head is an output of the model itself: its size can't change.`)
  }
}

/** A value on a way back, its class axis, and the node that takes it. */
interface Step {
  readonly name: string
  readonly axis: number
  readonly user: Node
}
