import { dataTypes, isFloatType } from '../onnx/dataTypes.js'
import type { AxisRole, Quantization, Tensor } from '../types.js'
import { readersOf, sourceOf } from './flow.js'
import type { Op } from './op.js'
import { constantAt } from './scope.js'
import type { Slot } from './slots.js'
import { type Dequantized, denseDims, soleTensor, type View } from './view.js'

/** Types that hold quantized weights; the others of integers are indices, shapes, masks. */
const quantizedTypes = /^(U?INT(2|4|8|16)|INT32|FLOAT8.*|FLOAT4.*)$/

/**
 * How the integers of a view in a slot stand for values; null where they are no quantized parameter: floats, or integers that nothing
 * gives a scale. `roles` are those of the operand's axes: one scale a channel means one an output.
 */
export function quantizationOf(op: Op, slot: Slot, view: View, roles: readonly AxisRole[] | null): Quantization | null {
  const { tensor } = view
  if (isFloatType(tensor.dataType) || !quantizedTypes.test(tensor.dataType)) return null
  const behind = view.dequantized ?? (slot.role === 'embedding' && slot.scale === undefined ? lookedUp(op) : null)
  if (behind) return ofDequantized(tensor, behind)
  if (slot.products) return ofProducts(op, slot.products, tensor)
  if (slot.scale === undefined && slot.zeroPoint === undefined) return null
  const scale = slot.scale === undefined ? scaleBehind(op) : soleTensor(op.inputs[slot.scale])
  const given = slot.zeroPoint === undefined ? '' : (op.inputNames[slot.zeroPoint] ?? '')
  const zeroPoint = slot.zeroPoint === undefined ? null : soleTensor(op.inputs[slot.zeroPoint])
  const fixed = !scale
    ? 'its scale is computed in the graph'
    : given !== '' && !zeroPoint
      ? 'its zero point is computed in the graph'
      : null
  const form = slot.packing === 'nbits' ? nbits(op) : slot.packing === 'bytes' ? bytes(op, tensor) : plain(tensor, view, scale, roles)
  return { scale, zeroPoint, ...form, products: [], fixed }
}

type Form = Pick<Quantization, 'dims' | 'blocks' | 'packing' | 'bits' | 'zero'>

function plain(tensor: Tensor, view: View, scale: Tensor | null, roles: readonly AxisRole[] | null): Form {
  const dims = denseDims(tensor)
  const isWhole = (scale?.elementCount ?? 1) === 1
  const outs = new Set(view.axes?.flatMap((atoms, i) => (roles?.[i] === 'out' ? atoms.map((a) => a.axis) : [])) ?? [])
  // DynamicQuantizeLSTM has a scale a direction at least
  const hasBatch = scale?.dims.length === 2 || (scale?.elementCount === dims[0] && dims.length === 3 && roles?.[0] === 'batch')
  const hasOut = scale?.dims.length === 2 || !hasBatch
  const blocks = dims.map((d, i) => (!isWhole && ((i === 0 && hasBatch) || (hasOut && outs.has(i))) ? 1 : d))
  return { dims, blocks, packing: 'plain', bits: bitsOf(tensor), zero: 0 }
}

function nbits(op: Op): Form {
  const [bits, block] = [op.int('bits', 4), op.int('block_size', 32)]
  return { dims: [op.int('N', 0), op.int('K', 0)], blocks: [1, block], packing: 'nbits', bits, zero: 2 ** (bits - 1) }
}

function bytes(op: Op, tensor: Tensor): Form {
  const bits = op.int('bits', 4)
  const isPacked = tensor.dataType === 'UINT8' && bits < 8
  const dims = denseDims(tensor).map((d, i, all) => (isPacked && i === all.length - 1 ? (d * 8) / bits : d))
  const axis = op.int('quantize_axis', 1)
  const along = axis < 0 ? axis + dims.length : axis
  const blocks = dims.map((_, i) => (i === along ? op.int('block_size', 128) : 1))
  return {
    dims,
    blocks,
    packing: isPacked ? 'bytes' : 'plain',
    bits: isPacked ? bits : bitsOf(tensor),
    zero: isPacked ? 2 ** (bits - 1) : 0,
  }
}

function ofDequantized(tensor: Tensor, { scale, zeroPoint, axis, blockSize, isDynamic }: Dequantized): Quantization {
  const dims = denseDims(tensor)
  const isWhole = (scale?.elementCount ?? 1) === 1 && blockSize === 0
  const blocks = dims.map((d, i) => (isWhole ? d : blockSize > 0 ? (i === axis ? blockSize : 1) : i === axis ? 1 : d))
  const fixed = isDynamic ? 'its scale or zero point is computed in the graph' : null
  return { scale, zeroPoint, dims, blocks, packing: 'plain', bits: bitsOf(tensor), zero: 0, products: [], fixed }
}

/** An int32 bias is in steps of the input's scale times the weight's. */
function ofProducts(op: Op, inputs: readonly number[], tensor: Tensor): Quantization {
  const products = inputs.map((i) => soleTensor(op.inputs[i]))
  const dims = denseDims(tensor)
  const fixed = products.some((p) => p === null) ? 'its scale is computed in the graph' : null
  return {
    scale: null,
    zeroPoint: null,
    dims,
    blocks: dims.map(() => 1),
    packing: 'plain',
    bits: 32,
    zero: 0,
    products: products.filter((p) => p !== null),
    fixed,
  }
}

/** A table of integers that is dequantized after the lookup. */
function lookedUp({ scope, node }: Op): Dequantized | null {
  const [reader] = readersOf(scope, node.outputs[0] ?? '')
  if (reader?.node.opType !== 'DequantizeLinear' || reader.input !== 0) return null
  const [scale, zeroPoint] = [1, 2].map((i) => soleTensor(constantAt(reader.scope, reader.node.inputs[i] ?? '')))
  return { scale: scale ?? null, zeroPoint: zeroPoint ?? null, axis: 0, blockSize: 0, isDynamic: !scale }
}

/** MatMulInteger → Cast → Mul(scale of the activations × scale of the weight): the constant one. */
function scaleBehind({ scope, node }: Op): Tensor | null {
  const [cast] = readersOf(scope, node.outputs[0] ?? '')
  const [mul] = cast?.node.opType === 'Cast' ? readersOf(cast.scope, cast.node.outputs[0] ?? '') : []
  if (mul?.node.opType !== 'Mul') return null
  const other = mul.node.inputs[1 - mul.input] ?? ''
  const direct = soleTensor(constantAt(mul.scope, other))
  if (direct) return direct
  const product = sourceOf(mul.scope, other)
  if (product?.node.opType !== 'Mul') return null
  return product.node.inputs.map((n) => soleTensor(constantAt(product.scope, n))).find((t) => t !== null) ?? null
}

const bitsOf = ({ dataType }: Tensor) => Object.values(dataTypes).find(([name]) => name === dataType)?.[1] ?? 8
