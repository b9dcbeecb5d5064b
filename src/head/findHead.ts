import { usage } from '../errors.js'
import { type ShapedValue, valueShapes } from '../onnx/edit/valueShapes.js'
import type { Model, Node, Weight } from '../types.js'
import { behindHead } from './behindHead.js'
import type { Behind, Carried, Change, Dims } from './classAxis.js'
import type { Head, Labelled } from './head.js'
import { heads, type Matrix, matricesOf, quoted, refusal, shown } from './headMatrices.js'
import { HeadOperands } from './headOperands.js'
import { Op } from '../ops/op.js'
import { producersFirst } from '../ops/producersFirst.js'
import { rankOf } from './rankOf.js'
import type { Scope } from '../ops/scope.js'
import { walkModel } from '../ops/walk.js'

/**
 * Follows the class axis of the selected matrices to the model's outputs, and notes what carries the number of classes on the way.
 * @throws ReinitError `usage` where the selection is no head or several, `conflict` where something on the way can't take another number.
 */
export function findHead(model: Model, selected: Iterable<Weight>): Head {
  // layers in front of the head can be selected beside it: they keep their size
  const weights = [...selected]
  const last = weights.filter((w) => w.head)
  const matrices = matricesOf(last.length > 0 ? last : weights)
  const [first] = matrices
  if (!first) throw usage('A number of classes needs a head: select the layer that makes the scores, by --head or --layers.')
  const classes = first.classes
  const other = matrices.find((m) => m.classes !== classes)
  if (other)
    throw usage(
      `Two heads are selected, ${shown(first)} with ${classes} outputs and ${shown(other)} with ${other.classes}: select one by --layers.`,
    )
  return new Follower(model, classes, matrices).head()
}

/** One pass over the main graph from the heads on. */
class Follower {
  private readonly scope: Scope
  private readonly shapes = new Map<string, ShapedValue[]>()
  private readonly carried = new Map<string, Carried>()
  private readonly labels: Labelled[] = []
  private readonly behind: Node[] = []
  private readonly operands: HeadOperands
  private atLeast = 1

  constructor(
    private readonly model: Model,
    private readonly classes: number,
    private readonly matrices: readonly Matrix[],
  ) {
    this.scope = walkModel(model, () => undefined)
    for (const value of valueShapes(model)) this.shapes.set(value.name, [...(this.shapes.get(value.name) ?? []), value])
    this.operands = new HeadOperands(model, this.scope, classes, (name) => this.rank(name))
  }

  head(): Head {
    const starts = new Map(this.matrices.map((m) => [m.use.node, m]))
    for (const node of producersFirst(this.model.graph)) {
      const start = starts.get(node)
      if (start) this.start(start)
      if (node.inputs.some((n) => this.carried.has(n))) this.follow(node, start !== undefined)
    }
    this.refuseUnread()
    this.operands.refuseShared()
    const outputs = this.outputs()
    if (outputs.length === 0 && this.labels.length === 0 && !this.model.graph.outputs.some((o) => this.carried.has(o.name)))
      throw usage(`${quoted(this.matrices[0]?.use.layer ?? '')} is no head: nothing of it reaches the model's outputs.`)
    return {
      classes: this.classes,
      uses: this.matrices.map(({ weight, use }) => ({ weight, use })),
      behind: this.behind,
      resized: [...this.operands.resized.values()],
      counted: this.operands.counted,
      labels: this.labels,
      declared: this.declared(),
      outputs,
      atLeast: this.atLeast,
    }
  }

  private start({ weight, use, dims, axis, classes }: Matrix): void {
    const { node, input } = use
    const rule = heads[`${node.domain}:${node.opType}`]
    if (!rule) return
    const [rank, fromLast] = [rule.rank(dims.length), rule.axis(dims.length, input)]
    const { bias, steps = [] } = rule
    const { tensor } = weight
    // one that is made for the head is not behind its input yet
    if (this.model.graph.defined.get(tensor.name) !== tensor) this.operands.resized.set(tensor, { tensor, axis, neutral: null, node })
    else this.operands.resize(node, node.inputs[input] ?? '', axis, null, node)
    const op = new Op(this.model, this.scope, node)
    for (const i of steps) this.operands.steps(op, i)
    if (rule.attribute !== undefined) this.operands.counted.push({ node, tensor: null, attribute: rule.attribute, index: 0, size: classes })
    if (bias !== undefined && (node.inputs[bias] ?? '') !== '') this.operands.bias(op, bias, fromLast)
    const [output = ''] = node.outputs
    const length = rank ?? this.rank(output)
    const sizes = this.declaredDims(output) ?? (length === null ? null : Array<number | null>(length).fill(null))
    const isRight = sizes && sizes.length > fromLast
    const own = isRight ? sizes.map((d, i) => (i === sizes.length - 1 - fromLast ? classes : d)) : null
    this.carried.set(output, { kind: 'class', axis: fromLast, size: classes, dims: own })
  }

  private follow(node: Node, isHead: boolean): void {
    const carried = node.inputs.map((n) => this.carried.get(n) ?? null)
    if (isHead && carried.some((c) => c)) {
      if (carried.some((c) => c?.kind === 'class')) throw refusal(node, 'is a head behind another one')
      return
    }
    const hasClass = carried.some((c) => c?.kind === 'class')
    if (this.scope.children.has(node)) {
      if (hasClass) throw refusal(node, 'takes the scores into a body of its own, where they are not followed')
      this.setAll(node)
      return
    }
    const op = new Op(this.model, this.scope, node)
    const rule = Object.hasOwn(behindHead, op.key) ? behindHead[op.key] : undefined
    if (!rule) {
      if (hasClass)
        throw refusal(
          node,
          this.isLayer(op)
            ? 'is a layer that takes its scores: this is no head'
            : 'stands behind the head, and what it does with the classes is not known',
        )
      this.setAll(node)
      return
    }
    this.behind.push(node)
    const at: Behind = {
      op,
      classes: this.classes,
      carried,
      declared: (name) => this.declaredDims(name),
      stepsOf: (input) => this.operands.stepsOf(op, input, (name) => this.carried.has(name)),
      shapeOf: (input, attribute) => this.operands.shapeOf(op, input, attribute),
    }
    const effect = rule(at)
    if (typeof effect === 'string') throw refusal(node, effect)
    node.outputs.forEach((name, i) => {
      const value = effect.outputs[i]
      if (value && name !== '') this.carried.set(name, this.known(name, value))
    })
    for (const change of effect.changes ?? []) this.note(node, change)
  }

  private setAll(node: Node): void {
    for (const name of node.outputs) if (name !== '') this.carried.set(name, { kind: 'free' })
  }

  private readonly isLayer = (op: Op) => op.inputs.some((c) => (c?.dims?.length ?? 0) > 1 && (c?.views[0]?.tensor.elementCount ?? 0) > 1)

  /** What the model declares of a value, where it agrees with what is known. */
  private known(name: string, value: Carried): Carried {
    if (value.kind !== 'class') return value
    const declared = this.declaredDims(name)
    const index = declared ? declared.length - 1 - value.axis : -1
    if (!declared || index < 0) return value
    if (value.dims && value.dims.length !== declared.length) return value
    const said = declared[index] ?? null
    if (said !== null && value.size !== null && said !== value.size) return value
    const size = value.size ?? (said !== null && said % this.classes === 0 ? said : null)
    return { ...value, size, dims: declared.map((d, i) => (i === index ? size : (value.dims?.[i] ?? d))) }
  }

  private readonly rank = (name: string) => rankOf(this.model, this.scope, name, (n) => this.shapes.get(n)?.[0]?.dims.length ?? null)

  private declaredDims(name: string): Dims | null {
    const constant = this.shapes.get(name)?.[0]?.dims
    return constant?.map((d) => (typeof d === 'number' && d > 0 ? d : null)) ?? null
  }

  private note(node: Node, change: Change): void {
    switch (change.kind) {
      case 'operand': {
        const owner = change.node ?? node
        const dims = new Op(this.model, this.scope, owner).inputs[change.input]?.dims ?? []
        this.operands.resize(owner, owner.inputs[change.input] ?? '', dims.length - 1 - change.axis, change.neutral, owner)
        return
      }
      case 'integer':
        this.operands.count(node, change)
        return
      case 'labels': {
        const name = change.input === null ? null : (node.inputs[change.input] ?? '')
        const tensor = name === null ? null : this.operands.storedTensor(node, name)
        if (tensor && name !== null) this.operands.take(name, node)
        this.labels.push({ node, tensor, attributes: change.attributes })
        return
      }
      case 'atLeast':
        this.atLeast = Math.max(this.atLeast, change.count)
    }
  }

  /** Scores that a subgraph captures are not followed there. */
  private refuseUnread(): void {
    for (const [name, value] of this.carried) {
      if (value.kind !== 'class') continue
      const inner = this.scope.consumers.of(name).find((c) => c.scope !== this.scope)
      if (inner) throw refusal(inner.node, `in ${inner.node.graph.scope} takes the scores, and they are not followed there`)
    }
  }

  private outputs(): Head['outputs'] {
    return this.model.graph.outputs.flatMap(({ name }) => {
      const value = this.carried.get(name)
      return value?.kind === 'class' ? [{ name, axis: value.axis, size: value.size }] : []
    })
  }

  /** Declared sizes of everything that has a class axis: scores, and inputs that mirror initializers. */
  private declared(): Head['declared'] {
    const found: Head['declared'][number][] = []
    const add = (name: string, fromLast: number, size: number | null) => {
      for (const value of this.shapes.get(name) ?? []) {
        const axis = value.dims.length - 1 - fromLast
        const said = value.dims[axis]
        if (typeof said !== 'number' || said <= 0) continue
        if (said % this.classes === 0 && (size === null || said === size)) found.push({ value, axis, size: said })
      }
    }
    for (const [name, value] of this.carried) if (value.kind === 'class') add(name, value.axis, value.size)
    for (const [name, axis] of this.operands.moved) add(name, axis, this.classes)
    for (const { tensor, axis } of this.operands.resized.values()) add(tensor.name, tensor.dims.length - 1 - axis, this.classes)
    return found
  }
}
