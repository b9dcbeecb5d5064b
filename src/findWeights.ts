import { containersOf } from './names/containers.js'
import { kindOf } from './names/foldedFrom.js'
import { layersOf } from './names/layersOf.js'
import { isCounter, splitParameter } from './names/schemes.js'
import { signatureOf, type Target } from './names/signature.js'
import { isFloatType } from './onnx/values/dataTypes.js'
import { activationAfter } from './ops/activationAfter.js'
import { collectUses, type Found, type Place } from './ops/collectUses.js'
import { endsBranch } from './ops/endsBranch.js'
import { mergedQuantization } from './ops/quantization.js'
import type { FanKind, Model, Node, Skipped, Tensor, Weight, WeightUse } from './types.js'

/** Every tensor that an operator uses as a parameter, and the float tensors that can't be handled, with the reason. */
export function findWeights(model: Model, kind: FanKind = 'graph'): { weights: Weight[]; skipped: Skipped[] } {
  const signature = signatureOf(model)
  const { found, heads, inAttributes } = collectUses(model, kind, isNamedNumber(signature))
  const containers = containersOf(found)
  const siblings = siblingsOf(found)
  const weights: Weight[] = []
  const skipped: Skipped[] = []
  for (const tensor of model.tensors) {
    const of = found.get(tensor) ?? NOT_FOUND
    found.delete(tensor)
    const skip = (reason: string, detail: string) => skipped.push({ name: tensor.name, reason, detail, elementCount: tensor.elementCount })
    const layers = layersOf(
      of.quantizes ?? tensor,
      of.uses.map((place) => ({ place, siblings: siblings.get(place.owner.node) ?? [] })),
      signature,
      containers,
    )
    of.uses.forEach((place, i) => complete(model, place, layers[i] ?? '', heads))
    const uses: readonly WeightUse[] = of.uses.map((place) => place.use)
    const [first] = uses
    if (of.refused !== null) skip('blocked-order', of.refused)
    else if (first === undefined) {
      if (isFloatType(tensor.dataType)) skip('no-weight-slot', unusedDetail(of.readers))
    } else if (tensor.elements.kind === 'unwritable') skip('unwritable', tensor.elements.reason)
    else if (!isParameter(tensor, first, signature)) skip('data', 'added to or joined with data, and nothing names it a parameter')
    else {
      const decides = uses.find((u) => u.fan && u.role !== 'embedding') ?? uses.find((u) => u.fan) ?? first
      const { role, layer, fan, layout, activation } = decides
      const quantization = mergedQuantization(uses)
      const head = uses.some((u) => u.head)
      weights.push({ tensor, uses: uses as Weight['uses'], readers: of.readers, head, role, layer, fan, layout, activation, quantization })
    }
  }
  for (const { node, floatCount } of inAttributes) {
    const detail = `${node.opType} keeps what it learned in node attributes: not supported`
    skipped.push({ name: node.outputs[0] ?? node.name, reason: 'node-attribute', detail, elementCount: floatCount })
  }
  return { weights, skipped }
}

const NOT_FOUND: Found = { uses: [], readers: [], refused: null, quantizes: null }

/** What the place of a use tells of it. */
function complete(model: Model, { use, scope, owner }: Place, layer: string, heads: ReadonlySet<Node>): void {
  const { node, fan, role } = use
  use.layer = layer
  use.activation = fan && activationAfter(model, scope, node)
  use.endsBranch = fan !== null && role === 'weight' && endsBranch(scope, node)
  use.head = heads.has(owner.node)
}

/** By operator: its tensors, where one of them has no name of its own. */
function siblingsOf(found: ReadonlyMap<Tensor, Found>): ReadonlyMap<Node, Tensor[]> {
  const siblings = new Map<Node, Tensor[]>()
  for (const [tensor, { uses }] of found) if (!splitParameter(tensor.name)) for (const place of uses) siblings.set(place.owner.node, [])
  for (const [tensor, { uses }] of found) for (const place of uses) siblings.get(place.owner.node)?.push(tensor)
  return siblings
}

/** A single number is a parameter only by its name: a learned temperature, not an epsilon. */
const isNamedNumber =
  (signature: ReadonlyMap<string, Target>) =>
  ({ owner, elementCount, name }: Tensor): boolean =>
    owner === 'initializer' &&
    elementCount === 1 &&
    ((/^[\w.]+$/.test(name) && splitParameter(name) !== null) || signature.get(name)?.kind === 'PARAMETER')

/**
 * Tables added to data or multiplied with it are parameters (positions, tokens, gains) or constants (anchors, masks, rotary angles): names
 * and signatures tell. Legacy torch writes literals as Constant nodes.
 */
function isParameter(tensor: Tensor, { role, opType }: WeightUse, signature: ReadonlyMap<string, Target>): boolean {
  const kind = kindOf(tensor, signature)
  const isLiteral = tensor.owner === 'constant' && isCounter(tensor.name)
  if (role === 'position') return kind === 'PARAMETER' || (kind === undefined && tensor.owner === 'initializer' && !isCounter(tensor.name))
  if (role === 'scale' && opType === 'Mul' && isLiteral) return false
  return kind !== 'BUFFER' || !(/^(scale|shift)$/.test(role) || (role === 'bias' && opType === 'Add'))
}

function unusedDetail(readers: readonly Node[]): string {
  const ops = [...new Set(readers.map((n) => n.opType))]
  return ops.length > 0 ? `read by ${ops.slice(0, 4).join(', ')}: not a known parameter` : 'read by no node'
}
