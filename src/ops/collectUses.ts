import { elementwiseUse, isMatrix } from './elementwise.js'
import { operatorBehind } from './flow.js'
import { headNodes } from './headNodes.js'
import type { Op } from './op.js'
import type { Producer, Scope } from './scope.js'
import { type Slot, slots } from './slots.js'
import { walkModel } from './walk.js'
import { type DraftUse, weightUse } from './weightUse.js'
import type { FanKind, Model, Node, Reading, Role, Tensor } from '../types.js'

/** A use while its layer is not known: that needs all uses of the tensor. */
export interface Found {
  readonly uses: readonly Place[]
  /** Nodes that read it as plain data. */
  readonly readers: readonly Node[]
  /** Why its values can't be redrawn where they are used. */
  readonly refused: string | null
  /** The integers that it is the scale or zero point of. */
  readonly quantizes: Tensor | null
}

/** A use at a place of execution. */
export class Place {
  constructor(
    readonly use: DraftUse,
    readonly scope: Scope,
    private readonly matrix: Producer | null,
  ) {}
  /** The operator that the parameter belongs to: the matrix that a bias completes, else the node itself. */
  get owner(): Producer {
    return this.matrix ?? { scope: this.scope, node: this.use.node, output: 0 }
  }
}

/** What the operators of a model do with its tensors. */
export interface Collected {
  readonly found: Map<Tensor, Found>
  /** Operators that make the model's outputs. */
  readonly heads: ReadonlySet<Node>
  /** Learned values that are no tensors: coefficients in node attributes. */
  readonly inAttributes: readonly { readonly node: Node; readonly floatCount: number }[]
}

/** Every use of every tensor, in the order of the computation. `isNamed`: whether a name tells that a lone number is a parameter. */
export function collectUses(model: Model, kind: FanKind, isNamed: (tensor: Tensor) => boolean): Collected {
  const inAttributes: { node: Node; floatCount: number }[] = []
  const found = new Map<Tensor, Noted>()
  const at = (tensor: Tensor) => {
    const known = found.get(tensor)
    if (known) return known
    const noted: Noted = { uses: NONE, readers: NONE, refused: null, quantizes: null, readings: NONE, own: null }
    found.set(tensor, noted)
    return noted
  }
  const root = walkModel(model, (op, isPath) => {
    if (op.node.domain === 'ai.onnx.ml') inAttributes.push(...coefficients(op.node))
    const { node } = op
    if (isPath && /Quant/.test(op.opType))
      for (const input of [1, 2]) for (const view of op.inputs[input]?.views ?? []) read(view.tensor, node, input)
    if (isPath || op.inputs.every((c) => c === null)) return
    const added = elementwiseUse(op)
    const table = added?.slots ?? slotsOf(op)
    const isDerived = op.inputs.every((c, i) => c !== null || op.inputNames[i] === '')
    op.inputs.forEach((constant, input) => {
      const slot = table?.find((s) => s.input === input)
      for (const view of constant?.views ?? []) {
        const use = slot && !(added?.isNumber && !isNamed(view.tensor)) ? weightUse(op, slot, view, kind) : null
        if (use && slot?.refused) at(view.tensor).refused = slot.refused
        else if (use && slot) note(view.tensor, new Place(use, op.scope, added?.owner ?? completedBy(op, slot)))
        else if (!isDerived && view.as !== 'source' && !/^(Shape|Size)$/.test(op.opType)) read(view.tensor, node, input)
      }
    })
  })
  for (const noted of found.values()) settle(noted)
  return { found, heads: headNodes(root), inAttributes }

  function read(tensor: Tensor, node: Node, input: number): void {
    const noted = at(tensor)
    if (noted.readings === NONE) noted.readings = []
    noted.readings.push({ node, input })
  }

  /** With integers their scale and zero point are parameters of the same use. */
  function note(tensor: Tensor, place: Place): void {
    const { use, scope, owner } = place
    add(at(tensor), place)
    const { scales = [], zeroPoints = [], reads = [] } = use.quantization ?? {}
    for (const part of [...scales, ...zeroPoints]) {
      const role: Role = scales.includes(part) ? 'quant_scale' : 'quant_zero_point'
      const noted = at(part)
      add(noted, new Place({ ...use, role, layout: [], fan: null, quantization: null, operand: null }, scope, owner))
      noted.own ??= new Map()
      for (const { node, input } of reads) noted.own.set(node, (noted.own.get(node) ?? new Set()).add(input))
      noted.quantizes ??= tensor
    }
  }
}

/** Most tensors have one use and no reader: a list is made when something comes into it, and as long as that. */
const NONE: never[] = []

function add(noted: Noted, place: Place): void {
  if (noted.uses.length === 0) noted.uses = [place]
  else noted.uses.push(place)
}

interface Noted extends Found {
  uses: Place[]
  readers: readonly Node[]
  refused: string | null
  quantizes: Tensor | null
  /** As plain data, a factor, a scale. */
  readings: Reading[]
  /** On behalf of the integers that it quantizes. */
  own: Map<Node, Set<number>> | null
}

/** What is read as the scale of some integers is no other use, and no sharing. */
function settle(noted: Noted): void {
  const { uses, readings, own } = noted
  const isOwn = ({ node, input }: Reading) => own?.get(node)?.has(input) ?? false
  if (readings.length > 0) noted.readers = [...new Set(readings.filter((r) => !isOwn(r)).map((r) => r.node))]
  if (own) noted.uses = uses.filter(({ use }) => use.role.startsWith('quant_') || !isOwn(use))
}

/** Of a product of two constants that is no weight itself, the left one is the data: a learned query, an initial state. */
function slotsOf(op: Op): readonly Slot[] | undefined {
  const table = slots[op.key]
  const isProduct = table?.[0]?.input === 0 && table[1]?.input === 1 && table[1].role === 'weight' && op.inputs[0] && op.inputs[1]
  return isProduct ? [{ input: 0, role: 'position' }, ...table.slice(1)] : table
}

/** More floats than any setting of an operator: trees, coefficients, support vectors. */
function coefficients(node: Node): Collected['inAttributes'] {
  const floatCount = [...node.attributes.values()].reduce((n, a) => n + (a.floatCount ?? 0), 0)
  return /^(Tree|Linear|SVM|Scaler|GLM)/.test(node.opType) && floatCount > 0 ? [{ node, floatCount }] : []
}

/** The matrix in front of a node that its fused bias completes. */
function completedBy({ scope, node }: Op, slot: Slot): Producer | null {
  for (const input of slot.completes ?? []) {
    const matrix = operatorBehind(scope, node.inputs[input] ?? '')
    if (matrix && isMatrix(matrix)) return matrix
  }
  return null
}
