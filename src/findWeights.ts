import { layersOf, type NamedUse } from './names/layersOf.js'
import { signatureOf } from './names/signature.js'
import { isFloatType } from './onnx/dataTypes.js'
import { activationAfter } from './ops/activationAfter.js'
import { elementwiseUse, isMatrix } from './ops/elementwise.js'
import { fanOf } from './ops/fan.js'
import { operatorBehind, readersOf } from './ops/flow.js'
import { headNodes } from './ops/headNodes.js'
import type { Op } from './ops/op.js'
import { type Producer, tensorAt } from './ops/scope.js'
import { type Slot, slots } from './ops/slots.js'
import { denseDims, sizeOf, storedLayout, type View } from './ops/view.js'
import { walkModel } from './ops/walk.js'
import type { AxisRole, FanKind, Model, Node, Quantization, Skipped, Tensor, Weight, WeightUse } from './types.js'

type Place = Omit<NamedUse, 'siblings'>

interface Found {
  readonly uses: { use: WeightUse; place: Place }[]
  /** Nodes that read it as plain data. */
  readonly readers: Set<Node>
  refused: string | null
  /** The integers that it is the scale or zero point of. */
  quantizes: Tensor | null
}

/** Every tensor that an operator uses as a parameter, and the float tensors that can't be handled, with the reason. */
export function findWeights(model: Model, kind: FanKind = 'graph'): { weights: Weight[]; skipped: Skipped[] } {
  const found = new Map<Tensor, Found>()
  const at = (tensor: Tensor) => {
    const known = found.get(tensor) ?? { uses: [], readers: new Set(), refused: null, quantizes: null }
    found.set(tensor, known)
    return known
  }
  const root = walkModel(model, (op, isPath) => {
    if (op.inputs.every((c) => c === null)) return
    const added = elementwiseUse(op)
    const table = added ? [added.slot] : slots[op.key]
    const isDerived = op.inputs.every((c, i) => c !== null || op.inputNames[i] === '')
    op.inputs.forEach((constant, input) => {
      const slot = isPath ? undefined : table?.find((s) => s.input === input)
      for (const view of constant?.views ?? []) {
        const use = slot && useOf(op, slot, view, kind)
        if (use && slot.refused) at(view.tensor).refused = slot.refused
        else if (use) {
          const { scope, node } = op
          const place: Place = { role: use.role, scope, node, input, owner: added?.owner ?? ownerOf(op, slot) }
          at(view.tensor).uses.push({ use, place })
          for (const [tensor, role] of quantizers(use.quantization)) {
            at(tensor).uses.push({ use: { ...use, role, layout: [], fan: null, quantization: null }, place })
            at(tensor).quantizes = view.tensor
          }
        } else if (!isPath && !isDerived && view.as !== 'source' && !/^(Shape|Size)$/.test(op.node.opType))
          at(view.tensor).readers.add(op.node)
      }
    })
  })
  return judge(model, found, headNodes(root))
}

function quantizers(q: Quantization | null): (readonly [Tensor, 'quant_scale' | 'quant_zero_point'])[] {
  return [...(q?.scale ? [[q.scale, 'quant_scale'] as const] : []), ...(q?.zeroPoint ? [[q.zeroPoint, 'quant_zero_point'] as const] : [])]
}

/** The operator that a parameter belongs to: the node, or the matrix in front of it that a fused bias completes. */
function ownerOf({ scope, node }: Op, slot: Slot): Producer {
  for (const input of slot.completes ?? []) {
    const matrix = operatorBehind(scope, node.inputs[input] ?? '')
    if (matrix && isMatrix(matrix)) return matrix
  }
  return { scope, node, output: 0 }
}

/** A use of `view` in `slot`; null where what stands there is no parameter. */
function useOf(op: Op, slot: Slot, view: View, kind: FanKind): WeightUse | null {
  const { node } = op
  if (view.as === 'source') return null
  const isFactor = view.as === 'factor'
  const quantization = view.quantization ?? quantizationOf(op, slot, view)
  if (!isFloatType(view.tensor.dataType) && !quantization) return null
  if (isFactor && view.tensor.elementCount === 1) return null
  const role = isFactor ? 'scale' : slot.role
  const sizes = slot.dims?.(op) ?? view.axes?.map(sizeOf)
  const roles = (!isFactor && sizes && inChain(op, slot.input, slot.layout?.(op, sizes.length))) || null
  if (slot.layout && sizes && !roles && !isFactor) return null
  const stacked = slot.stacked?.(op) ?? 1
  const whole = op.inputs[slot.input]?.dims
  const width =
    roles &&
    (typeof stacked !== 'number' ? (stacked[0] ?? null) : stacked > 1 && whole ? (whole[roles.indexOf('out')] ?? 0) / stacked : null)
  const fan =
    roles && sizes
      ? fanOf(
          {
            sizes,
            roles,
            grouped: slot.grouped ?? null,
            groups: slot.grouped ? op.int('group', 1) : 1,
            width,
            strides: (op.ints('strides') ?? []).reduce((n, s) => n * s, 1),
            inFirst: slot.grouped === 'in' || role === 'embedding',
          },
          kind,
        )
      : null
  return {
    node,
    opType: node.opType,
    domain: node.domain,
    input: slot.input,
    role,
    layout: roles === null ? [] : slot.dims ? packedLayout(roles, view.tensor) : storedLayout(view, roles),
    groups: slot.grouped ? op.int('group', 1) : 1,
    stacked: typeof stacked === 'number' ? stacked : stacked.length,
    fan,
    layer: '',
    activation: null,
    quantization,
  }
}

/** In a product of two constants the one on the far side of the data maps the other way: x·(A·B) is x·A·B. */
function inChain(
  { scope, node, inputs }: Op,
  input: number,
  roles: readonly AxisRole[] | null | undefined,
): readonly AxisRole[] | null | undefined {
  if (!roles || !inputs[0] || !inputs[1] || !/^(MatMul|Gemm)$/.test(node.opType)) return roles
  const standsRight = scope.consumers.of(node.outputs[0] ?? '')[0]?.input !== 0
  if (input === (standsRight ? 1 : 0)) return roles
  return roles.map((r) => (r === 'in' ? 'out' : r === 'out' ? 'in' : r))
}

/** An operator that takes integers names their scale and zero point itself. */
function quantizationOf(op: Op, slot: Slot, view: View): Quantization | null {
  const stored = (input: number | undefined) => {
    const views = input === undefined ? undefined : op.inputs[input]?.views
    return views?.length === 1 ? (views[0]?.tensor ?? null) : null
  }
  if (isFloatType(view.tensor.dataType)) return null
  if (slot.role === 'embedding' && slot.scale === undefined) return lookedUp(op)
  if ((slot.scale ?? slot.zeroPoint) === undefined) return null
  const scale = stored(slot.scale)
  return { scale, zeroPoint: stored(slot.zeroPoint), axis: null, blockSize: op.int('block_size', 0) }
}

/** A table of integers that is dequantized after the lookup. */
function lookedUp({ scope, node }: Op): Quantization | null {
  const [reader] = readersOf(scope, node.outputs[0] ?? '')
  if (reader?.node.opType !== 'DequantizeLinear' || reader.input !== 0) return null
  const [scale, zeroPoint] = [1, 2].map((i) => tensorAt(reader.scope, reader.node.inputs[i] ?? ''))
  return scale ? { scale, zeroPoint: zeroPoint ?? null, axis: null, blockSize: 0 } : null
}

/** Bits packed along the in axis: the first stored axis is out, the others are in. */
const packedLayout = (roles: readonly AxisRole[], tensor: Tensor): AxisRole[] =>
  denseDims(tensor).map((_, i) => (i === 0 ? (roles[0] ?? 'out') : 'in'))

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
