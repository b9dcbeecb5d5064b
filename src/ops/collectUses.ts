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
  readonly uses: { readonly use: DraftUse; readonly place: Place }[]
  /** Nodes that read it as plain data. */
  readonly readers: Node[]
  /** Why its values can't be redrawn where they are used. */
  refused: string | null
  /** The integers that it is the scale or zero point of. */
  quantizes: Tensor | null
}
export type Place = {
  readonly role: Role
  readonly scope: Scope
  readonly node: Node
  readonly input: number
  /** The matrix that a bias completes, else the node itself. */
  readonly owner: Producer
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
    const known: Noted = found.get(tensor) ?? { uses: [], readers: [], refused: null, quantizes: null, readings: [], own: null }
    found.set(tensor, known)
    return known
  }
  const root = walkModel(model, (op, isPath) => {
    if (op.node.domain === 'ai.onnx.ml') inAttributes.push(...coefficients(op.node))
    const { node } = op
    if (isPath && /Quant/.test(op.opType))
      for (const input of [1, 2]) for (const view of op.inputs[input]?.views ?? []) at(view.tensor).readings.push({ node, input })
    if (isPath || op.inputs.every((c) => c === null)) return
    const added = elementwiseUse(op)
    const table = added?.slots ?? slotsOf(op)
    const isDerived = op.inputs.every((c, i) => c !== null || op.inputNames[i] === '')
    op.inputs.forEach((constant, input) => {
      const slot = table?.find((s) => s.input === input)
      for (const view of constant?.views ?? []) {
        const use = slot && !(added?.isNumber && !isNamed(view.tensor)) ? weightUse(op, slot, view, kind) : null
        if (use && slot?.refused) at(view.tensor).refused = slot.refused
        else if (use && slot)
          note(view.tensor, use, { role: use.role, scope: op.scope, node, input, owner: added?.owner ?? ownerOf(op, slot) })
        else if (!isDerived && view.as !== 'source' && !/^(Shape|Size)$/.test(op.opType)) at(view.tensor).readings.push({ node, input })
      }
    })
  })
  for (const noted of found.values()) settle(noted)
  return { found, heads: headNodes(root), inAttributes }

  /** With integers their scale and zero point are parameters of the same use. */
  function note(tensor: Tensor, use: DraftUse, place: Place): void {
    at(tensor).uses.push({ use, place })
    const { scales = [], zeroPoints = [], reads = [] } = use.quantization ?? {}
    for (const part of [...scales, ...zeroPoints]) {
      const role: Role = scales.includes(part) ? 'quant_scale' : 'quant_zero_point'
      const noted = at(part)
      noted.uses.push({ use: { ...use, role, layout: [], fan: null, quantization: null, operand: null }, place })
      noted.own ??= new Map()
      for (const { node, input } of reads) noted.own.set(node, (noted.own.get(node) ?? new Set()).add(input))
      noted.quantizes ??= tensor
    }
  }
}

interface Noted extends Found {
  /** As plain data, a factor, a scale. */
  readonly readings: Reading[]
  /** On behalf of the integers that it quantizes. */
  own: Map<Node, Set<number>> | null
}

/** What is read as the scale of some integers is no other use, and no sharing. */
function settle({ uses, readers, readings, own }: Noted): void {
  const isOwn = ({ node, input }: Reading) => own?.get(node)?.has(input) ?? false
  if (readings.length > 0) readers.push(...new Set(readings.filter((r) => !isOwn(r)).map((r) => r.node)))
  if (own) uses.splice(0, uses.length, ...uses.filter(({ use, place }) => use.role.startsWith('quant_') || !isOwn(place)))
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

/** The operator that a parameter belongs to: the node, or the matrix in front of it that a fused bias completes. */
function ownerOf({ scope, node }: Op, slot: Slot): Producer {
  for (const input of slot.completes ?? []) {
    const matrix = operatorBehind(scope, node.inputs[input] ?? '')
    if (matrix && isMatrix(matrix)) return matrix
  }
  return { scope, node, output: 0 }
}
