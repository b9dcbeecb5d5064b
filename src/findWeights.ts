import { layersOf, type NamedUse } from './names/layersOf.js'
import { splitParameter } from './names/schemes.js'
import { signatureOf } from './names/signature.js'
import { isFloatType } from './onnx/dataTypes.js'
import { activationAfter } from './ops/activationAfter.js'
import { elementwiseUse, isMatrix } from './ops/elementwise.js'
import { operatorBehind } from './ops/flow.js'
import { headNodes } from './ops/headNodes.js'
import type { Op } from './ops/op.js'
import type { Producer } from './ops/scope.js'
import { type Slot, slots } from './ops/slots.js'
import { walkModel } from './ops/walk.js'
import type { View } from './ops/view.js'
import { type DraftUse, weightUse } from './ops/weightUse.js'
import type { FanKind, Model, Node, Role, Skipped, Tensor, Weight, WeightUse } from './types.js'

/** A use while its layer is not known: that needs all uses of the tensor. */
interface Found {
  readonly uses: { readonly use: DraftUse; readonly place: Place }[]
  /** Nodes that read it as plain data. */
  readonly readers: Set<Node>
  /** Why its values can't be redrawn where they are used. */
  refused: string | null
  /** The integers that it is the scale or zero point of. */
  quantizes: Tensor | null
}
type Place = Omit<NamedUse, 'siblings'>

/** Every tensor that an operator uses as a parameter, and the float tensors that can't be handled, with the reason. */
export function findWeights(model: Model, kind: FanKind = 'graph'): { weights: Weight[]; skipped: Skipped[] } {
  const found = new Map<Tensor, Found>()
  const at = (tensor: Tensor) => {
    const known = found.get(tensor) ?? { uses: [], readers: new Set(), refused: null, quantizes: null }
    found.set(tensor, known)
    return known
  }
  const root = walkModel(model, (op, isPath) => {
    if (isPath || op.inputs.every((c) => c === null)) return
    const added = elementwiseUse(op)
    const table = added ? [added.slot] : slots[op.key]
    const isDerived = op.inputs.every((c, i) => c !== null || op.inputNames[i] === '')
    op.inputs.forEach((constant, input) => {
      const slot = table?.find((s) => s.input === input)
      for (const view of constant?.views ?? []) {
        const use = slot && !(added?.isNumber && !isNamedNumber(view)) ? weightUse(op, slot, view, kind) : null
        if (use && slot?.refused) at(view.tensor).refused = slot.refused
        else if (use && slot)
          note(view.tensor, use, { role: use.role, scope: op.scope, node: op.node, input, owner: added?.owner ?? ownerOf(op, slot) })
        else if (!isDerived && view.as !== 'source' && !/^(Shape|Size)$/.test(op.opType)) at(view.tensor).readers.add(op.node)
      }
    })
  })
  return judge(model, found, headNodes(root))

  /** With integers their scale and zero point are parameters of the same use. */
  function note(tensor: Tensor, use: DraftUse, place: Place): void {
    at(tensor).uses.push({ use, place })
    const { scale, zeroPoint } = use.quantization ?? {}
    for (const [part, role] of [
      [scale, 'quant_scale'],
      [zeroPoint, 'quant_zero_point'],
    ] as const satisfies readonly (readonly [unknown, Role])[]) {
      if (!part) continue
      at(part).uses.push({ use: { ...use, role, layout: [], fan: null, quantization: null }, place })
      at(part).quantizes = tensor
    }
  }
}

/** A single number is a parameter only by its name: a learned temperature, not an epsilon. */
const isNamedNumber = ({ tensor }: View) =>
  tensor.owner === 'initializer' && tensor.elementCount === 1 && splitParameter(tensor.name) !== null

/** The operator that a parameter belongs to: the node, or the matrix in front of it that a fused bias completes. */
function ownerOf({ scope, node }: Op, slot: Slot): Producer {
  for (const input of slot.completes ?? []) {
    const matrix = operatorBehind(scope, node.inputs[input] ?? '')
    if (matrix && isMatrix(matrix)) return matrix
  }
  return { scope, node, output: 0 }
}

function judge(model: Model, found: ReadonlyMap<Tensor, Found>, heads: ReadonlySet<Node>): { weights: Weight[]; skipped: Skipped[] } {
  const weights: Weight[] = []
  const skipped: Skipped[] = []
  const signature = signatureOf(model)
  const siblings = new Map<Node, Set<Tensor>>()
  for (const [tensor, { uses }] of found)
    for (const { place } of uses) siblings.set(place.owner.node, (siblings.get(place.owner.node) ?? new Set()).add(tensor))
  for (const tensor of model.tensors) {
    const { uses = [], readers = new Set<Node>(), refused = null, quantizes = null } = found.get(tensor) ?? {}
    const skip = (reason: string, detail: string) =>
      skipped.push({ name: tensor.name, reason, detail, elementCount: tensor.elementCount, tensor })
    const layers = layersOf(
      quantizes ?? tensor,
      uses.map(({ place }) => ({ ...place, siblings: siblings.get(place.owner.node) ?? new Set() })),
      signature,
    )
    const complete = uses.map(
      ({ use, place }, i): WeightUse => ({
        ...use,
        layer: layers[i] ?? '',
        activation: use.fan && activationAfter(model, place.scope, place.node),
      }),
    )
    const [first, ...rest] = complete
    if (refused !== null) skip('blocked-order', refused)
    else if (first === undefined) {
      if (isFloatType(tensor.dataType)) skip('no-weight-slot', unusedDetail(readers))
    } else if (tensor.elements.kind === 'unwritable') skip('unwritable', tensor.elements.reason)
    else {
      const decides = complete.find((u) => u.fan && u.role !== 'embedding') ?? complete.find((u) => u.fan) ?? first
      const { role, layer, fan, layout, activation, quantization } = decides
      weights.push({
        tensor,
        uses: [first, ...rest],
        readers: [...readers],
        head: uses.some(({ place }) => heads.has(place.owner.node)),
        role,
        layer,
        fan,
        layout,
        activation,
        quantization,
      })
    }
  }
  return { weights, skipped }
}

function unusedDetail(readers: ReadonlySet<Node>): string {
  const ops = [...new Set([...readers].map((n) => n.opType))]
  return ops.length > 0 ? `read by ${ops.slice(0, 4).join(', ')}: not a known parameter` : 'read by no node'
}
