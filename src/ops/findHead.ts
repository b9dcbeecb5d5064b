import { ReinitError, usage } from '../errors.js'
import { readInts } from '../onnx/readInts.js'
import { type ShapedValue, valueShapes } from '../onnx/valueShapes.js'
import type { Model, Node, Tensor, Weight, WeightUse } from '../types.js'
import { type Behind, behindHead, type Carried, type Change, type Dims, type ShapeList } from './classAxis.js'
import { Op } from './op.js'
import { listLength } from './listLength.js'
import { rankOf } from './rankOf.js'
import { producerIn, type Scope } from './scope.js'
import { walkModel } from './walk.js'

/** A stored tensor that has an entry a class along one axis. */
export interface Resized {
  readonly tensor: Tensor
  readonly axis: number
  /** What fills it where it is no known parameter; null: the head's own weight. */
  readonly neutral: 'zeros' | 'ones' | 'slope' | null
  readonly node: Node
}
/** An integer that is the number of classes, or a multiple: `tensor` and its element, else the node's attribute. */
export interface Counted {
  readonly node: Node
  readonly tensor: Tensor | null
  readonly attribute: string
  readonly index: number
  readonly size: number
}
export interface Labelled {
  readonly node: Node
  readonly tensor: Tensor | null
  readonly attributes: readonly string[]
}
/** The layers that make a model's class scores, and what of the model carries their number. */
export interface Head {
  readonly classes: number
  /** The matrices and kernels, a use each. */
  readonly uses: readonly { readonly weight: Weight; readonly use: WeightUse }[]
  /** Operators behind, in the order of the computation. */
  readonly behind: readonly Node[]
  readonly resized: readonly Resized[]
  readonly counted: readonly Counted[]
  readonly labels: readonly Labelled[]
  /** Declared sizes that follow. */
  readonly declared: readonly { readonly value: ShapedValue; readonly axis: number; readonly size: number }[]
  /** The model's outputs with an axis of classes: its place from the last axis, and its size. */
  readonly outputs: readonly { readonly name: string; readonly axis: number; readonly size: number | null }[]
  /** The fewest classes that what follows takes. */
  readonly atLeast: number
}

/** A head's operator: where its result has the classes. */
interface HeadOperator {
  /** Of the result; null: as the data's. `weight`: rank of the weight. */
  readonly rank: (weight: number) => number | null
  /** The class axis of the result from the last, by the rank of the weight and the slot that it is in. */
  readonly axis: (weight: number, input: number) => number
  readonly bias?: number
  /** Inputs with scales and zero points of the weight, which may have one a class. */
  readonly steps?: readonly number[]
  /** Attribute that is the number of outputs. */
  readonly attribute?: string
}

const gemm: HeadOperator = { rank: () => 2, axis: (_, input) => (input === 0 ? 1 : 0), bias: 2 }
const matMul: HeadOperator = { rank: () => null, axis: (_, input) => (input === 0 ? 1 : 0) }
const conv: HeadOperator = { rank: (rank) => rank, axis: (rank) => rank - 2, bias: 2 }
/** Quantized products whose weight stands right. */
const right = (rest: Omit<HeadOperator, 'rank' | 'axis'>): HeadOperator => ({ rank: () => null, axis: () => 0, ...rest })

/** Operators whose result can have another number of channels, by domain:op_type. Add one here. */
const heads: Readonly<Record<string, HeadOperator>> = {
  'ai.onnx:Gemm': gemm,
  'com.microsoft:FusedGemm': gemm,
  'ai.onnx:MatMul': matMul,
  'com.microsoft:FusedMatMul': matMul,
  'ai.onnx:Conv': conv,
  'com.microsoft:FusedConv': conv,
  'ai.onnx:ConvTranspose': conv,
  'ai.onnx:QLinearMatMul': right({ steps: [4, 5] }),
  'com.microsoft:QGemm': { rank: () => 2, axis: () => 0, bias: 6, steps: [4, 5] },
  'ai.onnx:MatMulInteger': right({ steps: [3] }),
  'com.microsoft:MatMulIntegerToFloat': right({ bias: 6, steps: [3, 5] }),
  'com.microsoft:DynamicQuantizeMatMul': right({ bias: 4, steps: [2, 3] }),
  'ai.onnx:QLinearConv': { ...conv, bias: 8, steps: [4, 5] },
  'com.microsoft:MatMulNBits': right({ bias: 5, steps: [2, 3], attribute: 'N' }),
  'ai.onnx:ConvInteger': { rank: conv.rank, axis: conv.axis, steps: [3] },
}

/**
 * Follows the class axis of the selected matrices to the model's outputs, and notes what carries the number of classes on the way.
 * @throws ReinitError `usage` where the selection is no head or several, `conflict` where something on the way can't take another number.
 */
export function findHead(model: Model, selected: Iterable<Weight>): Head {
  const matrices = matricesOf(selected)
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

interface Matrix {
  readonly weight: Weight
  readonly use: WeightUse
  /** Of the operand, as the operator sees it. */
  readonly dims: readonly number[]
  readonly axis: number
  readonly classes: number
}

function matricesOf(selected: Iterable<Weight>): Matrix[] {
  const found: Matrix[] = []
  for (const weight of selected) {
    if (!/^(weight|recurrent|embedding)$/.test(weight.role)) continue
    for (const use of weight.uses) {
      if (!use.fan) continue
      const key = `${use.domain}:${use.opType}`
      const other = weight.uses.find((u) => u.node !== use.node)?.node ?? weight.readers[0]
      if (other)
        throw refusal(
          use.node,
          `shares its tensor ${quoted(weight.tensor.name)} with ${named(other)}: give it its own by --shared fork first`,
        )
      if (weight.tensor.denseDims) throw refusal(use.node, 'has a sparse weight')
      if (!Object.hasOwn(heads, key)) throw refusal(use.node, 'is no operator whose number of outputs can change')
      if (use.node.graph.scope !== '')
        throw refusal(use.node, `is in ${use.node.graph.scope}, and heads in subgraphs and functions are not resized`)
      if (use.groups !== 1) throw refusal(use.node, `has ${use.groups} groups: each would need its own number of classes`)
      if (use.stacked !== 1) throw refusal(use.node, `holds ${use.stacked} matrices in one`)
      const operand = use.operand === undefined ? { dims: weight.tensor.dims, layout: use.layout } : use.operand
      const axis = operand?.layout.indexOf('out') ?? -1
      if (!operand || axis < 0 || operand.layout.lastIndexOf('out') !== axis)
        throw refusal(use.node, 'has no one axis of outputs in its weight, or takes only a part of a tensor')
      found.push({ weight, use, dims: operand.dims, axis, classes: operand.dims[axis] ?? 0 })
    }
  }
  return found
}

const shown = ({ use, weight }: Matrix) => `${quoted(use.layer)} (${weight.tensor.name})`
const quoted = (text: string) => JSON.stringify(text)
const named = (node: Node) => `${node.opType} ${quoted(node.name || (node.outputs[0] ?? ''))}`
const refusal = (node: Node, why: string) =>
  new ReinitError(
    'conflict',
    `The number of classes can't change: ${named(node)} ${why}. Select another layer by --layers, or leave --num-classes out.`,
  )

/** One pass over the main graph from the heads on. */
class Follower {
  private readonly scope: Scope
  private readonly shapes = new Map<string, ShapedValue[]>()
  private readonly carried = new Map<string, Carried>()
  private readonly resized = new Map<Tensor, Resized>()
  private readonly counted: Counted[] = []
  private readonly labels: Labelled[] = []
  private readonly behind: Node[] = []
  /** Names on the way from a stored tensor to a slot, and the node that takes them there. */
  private readonly taken = new Map<string, Set<Node>>()
  /** Weights on their way, with the place of the class axis from the last. */
  private readonly moved: (readonly [name: string, axis: number])[] = []
  private atLeast = 1

  constructor(
    private readonly model: Model,
    private readonly classes: number,
    private readonly matrices: readonly Matrix[],
  ) {
    this.scope = walkModel(model, () => undefined)
    for (const value of valueShapes(model)) this.shapes.set(value.name, [...(this.shapes.get(value.name) ?? []), value])
  }

  head(): Head {
    const starts = new Map(this.matrices.map((m) => [m.use.node, m]))
    for (const node of this.ordered()) {
      const start = starts.get(node)
      if (start) this.start(start)
      if (node.inputs.some((n) => this.carried.has(n))) this.follow(node, start !== undefined)
    }
    this.refuseUnread()
    this.refuseShared()
    const outputs = this.outputs()
    if (outputs.length === 0 && this.labels.length === 0 && !this.model.graph.outputs.some((o) => this.carried.has(o.name)))
      throw usage(`${quoted(this.matrices[0]?.use.layer ?? '')} is no head: nothing of it reaches the model's outputs.`)
    return {
      classes: this.classes,
      uses: this.matrices.map(({ weight, use }) => ({ weight, use })),
      behind: this.behind,
      resized: [...this.resized.values()],
      counted: this.counted,
      labels: this.labels,
      declared: this.declared(),
      outputs,
      atLeast: this.atLeast,
    }
  }

  /** Producers first; the file's order need not be. */
  private ordered(): readonly Node[] {
    const { graph } = this.model
    const done = new Set<Node>()
    const sorted: Node[] = []
    for (const root of graph.nodes) {
      const stack: [Node, boolean][] = [[root, false]]
      for (let next = stack.pop(); next; next = stack.pop()) {
        const [node, isReady] = next
        if (isReady) sorted.push(node)
        if (isReady || done.has(node)) continue
        done.add(node)
        stack.push([node, true])
        for (const name of node.inputs) {
          const producer = producerIn(graph, name)
          if (producer && !done.has(producer)) stack.push([producer, false])
        }
      }
    }
    return sorted
  }

  private start({ use, dims, axis, classes }: Matrix): void {
    const { node, input } = use
    const rule = heads[`${node.domain}:${node.opType}`]
    if (!rule) return
    const [rank, fromLast] = [rule.rank(dims.length), rule.axis(dims.length, input)]
    const { bias, steps = [] } = rule
    this.resize(node, node.inputs[input] ?? '', axis, null, node)
    const op = new Op(this.model, this.scope, node)
    for (const i of steps) this.steps(op, i)
    if (rule.attribute !== undefined) this.counted.push({ node, tensor: null, attribute: rule.attribute, index: 0, size: classes })
    if (bias !== undefined && (node.inputs[bias] ?? '') !== '') this.bias(op, bias, fromLast)
    const [output = ''] = node.outputs
    const length = rank ?? this.rank(output)
    const sizes = this.declaredDims(output) ?? (length === null ? null : Array<number | null>(length).fill(null))
    const isRight = sizes && sizes.length > fromLast
    const own = isRight ? sizes.map((d, i) => (i === sizes.length - 1 - fromLast ? classes : d)) : null
    this.carried.set(output, { kind: 'class', axis: fromLast, size: classes, dims: own })
  }

  /** Gemm's C broadcasts to [M, N]; a kernel's bias has one axis. */
  private bias({ node, inputs }: Op, input: number, fromLast: number): void {
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
  private steps({ node, inputs }: Op, input: number, axis = 0): void {
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
      stepsOf: (input) => this.stepsOf(op, input),
      shapeOf: (input, attribute) => this.shapeOf(op, input, attribute),
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
        this.resize(owner, owner.inputs[change.input] ?? '', dims.length - 1 - change.axis, change.neutral, owner)
        return
      }
      case 'integer':
        this.count(node, change)
        return
      case 'labels': {
        const name = change.input === null ? null : (node.inputs[change.input] ?? '')
        const tensor = name === null ? null : this.storedTensor(node, name)
        if (tensor && name !== null) this.take(name, node)
        this.labels.push({ node, tensor, attributes: change.attributes })
        return
      }
      case 'atLeast':
        this.atLeast = Math.max(this.atLeast, change.count)
    }
  }

  /** MatMulInteger → Cast → Mul(scale of the activations × scale of the weight). */
  private stepsOf(op: Op, input: number): Change[] | null {
    const node = producerIn(this.model.graph, op.inputNames[input] ?? '')
    if (node?.opType !== 'Mul' || node.inputs.some((n) => this.carried.has(n))) return null
    const { inputs } = new Op(this.model, this.scope, node)
    const scale = inputs.findIndex((c) => c !== null)
    const dims = inputs[scale]?.dims
    if (!dims || inputs[1 - scale]) return null
    const isOne = dims.every((d) => d === 1)
    if (!isOne && dims.at(-1) !== this.classes) return null
    return isOne ? [] : [{ kind: 'operand', input: scale, axis: 0, neutral: 'ones', node }]
  }

  private storedTensor(node: Node, name: string): Tensor {
    const found = this.model.graph.defined.get(name)
    if (found && 'elementCount' in found) return found
    if (found && 'opType' in found && found.opType === 'Identity') {
      this.take(name, node)
      return this.storedTensor(found, found.inputs[0] ?? '')
    }
    throw refusal(node, `has the operand ${quoted(name)}, which is computed`)
  }

  private take(name: string, node: Node): void {
    this.taken.set(name, (this.taken.get(name) ?? new Set()).add(node))
  }

  /** Back along the path from a slot to the stored tensor: `axis` is the class axis of `name`. */
  private resize(slot: Node, name: string, axis: number, neutral: Resized['neutral'], user: Node): void {
    this.take(name, user)
    const found = this.model.graph.defined.get(name)
    if (found && 'elementCount' in found) {
      const known = this.resized.get(found)
      const isOther = slot.opType === 'MatMulNBits' ? (found.dims[axis] ?? 1) % this.classes !== 0 : found.dims[axis] !== this.classes
      if (isOther || (known && known.axis !== axis) || found.denseDims)
        throw refusal(
          slot,
          `has the operand ${quoted(name)} [${found.dims}], which has not ${this.classes} entries along this one axis alone`,
        )
      if (!known) this.resized.set(found, { tensor: found, axis, neutral, node: slot })
      return
    }
    const node = found && 'opType' in found ? found : null
    const op = node && new Op(this.model, this.scope, node)
    if (found && 'opType' in found) this.moved.push([name, (this.scope.constants.get(name)?.dims?.length ?? 0) - 1 - axis])
    const step = op && Object.hasOwn(back, op.key) ? back[op.key]?.(op, axis, this.scope.constants.get(name)?.dims ?? null) : undefined
    if (!op || !step)
      throw refusal(slot, `has the operand ${quoted(name)}, which is ${node ? `made by ${named(node)}` : 'no stored tensor'}`)
    if (step.index !== undefined) {
      const list = this.shapeOf(op, 1, 'shape')
      if (list?.values[step.index] === this.classes)
        this.count(node, { kind: 'integer', input: 1, attribute: 'shape', index: step.index, size: this.classes })
    }
    for (const input of step.steps ?? []) this.steps(op, input, step.axis)
    this.resize(slot, node.inputs[0] ?? '', step.axis, neutral, node)
  }

  /** An integer of a constant input, seen through a Concat of constants, or of an attribute. */
  private count(node: Node, { input, attribute, index, size }: Extract<Change, { kind: 'integer' }>): void {
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

  private shapeOf(op: Op, input: number, attribute: string): ShapeList | null {
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

  /** A list of integers: a stored tensor, or a Concat of such and of single computed numbers. */
  private parts(user: Node, name: string): Part[] | null {
    const found = this.model.graph.defined.get(name)
    if (found && 'elementCount' in found) {
      const values = readInts(this.model, found)
      return values && [{ tensor: found, values, from: 0, path: [[name, user]] }]
    }
    if (!found || !('opType' in found) || found.domain !== 'ai.onnx') return null
    if (/^(Identity|Unsqueeze|Cast)$/.test(found.opType)) {
      const inner = this.parts(found, found.inputs[0] ?? '')
      if (inner?.every((p) => p.tensor)) return inner.map((p) => ({ ...p, path: [...p.path, [name, user]] }))
      return found.opType === 'Unsqueeze' ? [{ tensor: null, values: [null], from: 0, path: [] }] : inner
    }
    if (found.opType === 'Concat') {
      let from = 0
      const parts: Part[] = []
      for (const input of found.inputs) {
        const count = this.parts(found, input) ? null : listLength(this.model, this.scope, input, (n) => this.rank(n))
        const inner =
          this.parts(found, input) ?? (count === null ? null : [{ tensor: null, values: Array<null>(count).fill(null), from: 0, path: [] }])
        if (!inner) return null
        for (const p of inner) {
          parts.push({ ...p, from, path: [...p.path, [name, user]] })
          from += p.values.length
        }
      }
      return parts
    }
    return null
  }

  /** Scores that a subgraph captures are not followed there. */
  private refuseUnread(): void {
    for (const [name, value] of this.carried) {
      if (value.kind !== 'class') continue
      const inner = this.scope.consumers.of(name).find((c) => c.scope !== this.scope)
      if (inner) throw refusal(inner.node, `in ${inner.node.graph.scope} takes the scores, and they are not followed there`)
    }
  }

  /** What carries the number of classes may serve nothing else. */
  private refuseShared(): void {
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
    for (const [name, axis] of this.moved) add(name, axis, this.classes)
    for (const { tensor, axis } of this.resized.values()) add(tensor.name, tensor.dims.length - 1 - axis, this.classes)
    return found
  }
}

interface Part {
  readonly tensor: Tensor | null
  readonly values: Dims
  readonly from: number
  readonly path: readonly (readonly [name: string, user: Node])[]
}

/** The axis of an operator's first input that is `axis` of its result; `index`: the entry of its target that is that axis; `steps`: inputs with scales and zero points along it. */
type Back = (
  op: Op,
  axis: number,
  dims: readonly number[] | null,
) => { readonly axis: number; readonly index?: number; readonly steps?: readonly number[] } | undefined

const unshaped: Back = (op, axis, dims) => {
  const from = op.inputs[0]?.dims
  if (!from || !dims) return undefined
  const before = (list: readonly number[], end: number) => list.slice(0, end).reduce((n, d) => n * d, 1)
  const found = from.findIndex((d, i) => d === dims[axis] && before(from, i) === before(dims, axis))
  return found < 0 ? undefined : { axis: found, ...(op.opType === 'Reshape' ? { index: axis } : {}) }
}

/** Integers and their values: scales along the class axis have one a class. */
const step: Back = (op, axis, dims) => {
  const along = op.int('axis', 1) < 0 ? op.int('axis', 1) + (dims?.length ?? 0) : op.int('axis', 1)
  const isOne = op.inputs[1]?.dims?.every((d) => d === 1) ?? false
  return { axis, steps: isOne || along === axis || op.int('block_size', 0) > 0 ? [1, 2] : [] }
}

const back: Readonly<Record<string, Back>> = {
  'ai.onnx:Identity': (_, axis) => ({ axis }),
  'ai.onnx:Cast': (_, axis) => ({ axis }),
  'ai.onnx:CastLike': (_, axis) => ({ axis }),
  'ai.onnx:QuantizeLinear': step,
  'ai.onnx:DequantizeLinear': step,
  'com.microsoft:DequantizeLinear': step,
  'ai.onnx:Transpose': (op, axis, dims) => ({
    axis: (op.ints('perm') ?? (dims ?? []).map((_, i) => (dims?.length ?? 0) - 1 - i))[axis] ?? axis,
  }),
  'ai.onnx:Reshape': unshaped,
  'ai.onnx:Flatten': unshaped,
  'ai.onnx:Squeeze': unshaped,
  'ai.onnx:Unsqueeze': unshaped,
}
