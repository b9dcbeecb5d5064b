import { codeTypes } from '../init/codeTypes.js'
import { scaleCount } from '../init/quantize.js'
import { isFloatType } from '../onnx/values/dataTypes.js'
import type { AxisRole, Quantization, Reading, Tensor, WeightUse } from '../types.js'
import { sourceOf } from './flow.js'
import { type Met, scalesBehindLookup, scalesBehindProduct } from './integerFlow.js'
import type { Op } from './op.js'
import { constantAt } from './scope.js'
import { type Slot, slots } from './slots.js'
import { isInOrder } from './dequantized.js'
import { denseDims, type Dequantized, soleTensor, type View } from './view.js'

/**
 * How the integers of a view in a slot stand for values; null where they are no quantized parameter: floats, or integers that nothing
 * gives a scale. `roles` are those of the operand's axes: one scale a channel means one an output.
 */
export function quantizationOf(op: Op, slot: Slot, view: View, roles: readonly AxisRole[] | null): Quantization | null {
  const { tensor, dequantized } = view
  if (isFloatType(tensor.dataType)) return dequantized?.rounds ? ofRounded(op, slot, tensor, dequantized) : null
  if (codeTypes[tensor.dataType] === undefined) return null
  if (dequantized) return checked({ ...ofDequantized(tensor, dequantized), ...productsBehind(op, slot, tensor) })
  if (slot.products) return ofProducts(op, slot.products, tensor)
  if (slot.scale !== undefined)
    return checked({ ...formOf(op, slot, view, roles, soleTensor(op.inputs[slot.scale])), ...givenBy(op, slot) })
  if (slot.role === 'embedding') {
    const met = scalesBehindLookup(op)
    return met && checked({ ...plain(tensor, null, null, met.scales[0] ?? null), ...met })
  }
  if (slot.zeroPoint === undefined) return null
  const [met, zero] = [scalesBehindProduct(op), givenBy(op, slot)]
  const form = formOf(op, slot, view, roles, met.scales[0] ?? null)
  return checked({ ...form, ...met, zeroPoints: zero.zeroPoints, reads: [...met.reads, ...zero.reads], fixed: met.fixed ?? zero.fixed })
}

type Form = Omit<Quantization, 'scales' | 'zeroPoints' | 'reads' | 'fixed'> & { readonly unfit?: string }

/** The scale and zero point inputs of a slot. */
function givenBy(op: Op, { scale: scaleInput, zeroPoint: zeroInput }: Slot): Met {
  const [scale, zeroPoint] = [scaleInput, zeroInput].map((input) => (input === undefined ? null : soleTensor(op.inputs[input])))
  const isGiven = (input: number | undefined) => input !== undefined && (op.inputNames[input] ?? '') !== ''
  const isMoved = [scaleInput, zeroInput].some(
    (i) => i !== undefined && (soleTensor(op.inputs[i])?.elementCount ?? 1) > 1 && !isInOrder(op.inputs[i]),
  )
  return {
    scales: scale ? [scale] : [],
    zeroPoints: zeroPoint ? [zeroPoint] : [],
    reads: [scaleInput, zeroInput].flatMap((input): Reading[] => (input === undefined ? [] : [{ node: op.node, input }])),
    fixed:
      scaleInput !== undefined && !scale
        ? 'its scale is computed in the graph'
        : isGiven(zeroInput) && !zeroPoint
          ? 'its zero point is computed in the graph'
          : isMoved
            ? 'its scales are moved in the graph'
            : null,
  }
}

const formOf = (op: Op, { packing }: Slot, view: View, roles: readonly AxisRole[] | null, scale: Tensor | null): Form =>
  packing === 'nbits' ? nbits(op) : packing === 'bytes' ? byteBlocks(op, view) : plain(view.tensor, view, roles, scale)

/** One scale for all, one an output, one a batch entry (a direction), or one for each of both: as many as there are. */
function plain(tensor: Tensor, view: View | null, roles: readonly AxisRole[] | null, scale: Tensor | null): Form {
  const dims = denseDims(tensor)
  const axesOf = (role: AxisRole) =>
    view?.axes?.flatMap((atoms, i) => (roles?.[i] === role ? atoms.filter((a) => a.size > 1).map((a) => a.axis) : [])) ?? []
  const [outs, batches] = [axesOf('out'), axesOf('batch')]
  const candidates = [[], outs, batches, [...batches, ...outs]]
  const axes = candidates.find((list) => list.reduce((n, axis) => n * (dims[axis] ?? 0), 1) === (scale?.elementCount ?? 1)) ?? []
  return { ...PLAIN, codeType: tensor.dataType, dims, blocks: dims.map((d, i) => (axes.includes(i) ? 1 : d)) }
}

const PLAIN = { packing: 'plain', zero: 0, products: [], factor: 1, limits: null } as const

/** MatMulNBits: B is [N, ⌈K/block⌉, block·bits/8] bytes. */
function nbits(op: Op): Form {
  const [bits, block, N, K] = [op.int('bits', 4), op.int('block_size', 32), op.int('N', 0), op.int('K', 0)]
  const tensor = op.inputs[1]?.views[0]?.tensor
  const unfit =
    (op.inputNames[4] ?? '') !== ''
      ? 'its blocks are reordered (g_idx)'
      : op.int('weight_prepacked', 0) !== 0
        ? 'it is packed for one kind of machine (weight_prepacked)'
        : ![2, 4, 8].includes(bits)
          ? `its integers have ${bits} bits`
          : tensor && tensor.elementCount !== (N * Math.ceil(K / block) * block * bits) / 8
            ? `${tensor.elementCount} bytes are not N ${N}, K ${K} in blocks of ${block}`
            : undefined
  return {
    ...PLAIN,
    codeType: `UINT${bits}`,
    dims: [N, K],
    blocks: [1, block],
    packing: 'nbits',
    zero: 2 ** (bits - 1),
    ...(unfit && { unfit }),
  }
}

/** GatherBlockQuantized: bytes hold several integers along the last axis, types of 4 bits are as ONNX has them. */
function byteBlocks(op: Op, view: View): Form {
  const { dataType } = view.tensor
  const isBytes = dataType === 'UINT8'
  const bits = isBytes ? op.int('bits', 4) : 8
  const seen = op.inputs[0]?.dims ?? denseDims(view.tensor)
  const dims = seen.map((d, i) => (i === seen.length - 1 ? (d * 8) / bits : d))
  const axis = op.int('quantize_axis', 1)
  const along = axis < 0 ? axis + dims.length : axis
  const block = op.int('block_size', 128)
  const scale = soleTensor(op.inputs[2])
  const blocks = dims.map((d, i) => (i === along ? block || d : scale?.dims[i] === 1 ? d : 1))
  const unfit = isInOrder(op.inputs[0]) ? undefined : 'its axes are moved in the graph'
  return {
    ...PLAIN,
    codeType: isBytes ? `UINT${bits}` : dataType,
    dims,
    blocks,
    packing: isBytes && bits < 8 ? 'bytes' : 'plain',
    zero: isBytes ? 2 ** (bits - 1) : 0,
    ...(unfit && { unfit }),
  }
}

function ofDequantized(tensor: Tensor, { scales, zeroPoints, blocks, reads, fixed }: Dequantized) {
  return { ...PLAIN, codeType: tensor.dataType, dims: denseDims(tensor), blocks, scales, zeroPoints, reads, fixed }
}

/** Floats that the graph rounds: where their scale is computed it follows them by itself. */
function ofRounded(op: Op, slot: Slot, tensor: Tensor, dequantized: Dequantized): Quantization | null {
  const { scales, zeroPoints, reads, rounds, fixed } = dequantized
  if (scales.length === 0 || rounds === null) return null
  const given = slot.scale === undefined ? null : givenBy(op, slot)
  return checked({
    ...ofDequantized(tensor, dequantized),
    ...rounds,
    packing: 'floats',
    scales: [...new Set([...scales, ...(given?.scales ?? [])])],
    zeroPoints: [...new Set([...zeroPoints, ...(given?.zeroPoints ?? [])])],
    reads: [...reads, ...(given?.reads ?? [])],
    fixed: fixed ?? given?.fixed ?? null,
  })
}

/** An int32 bias is in steps of the input's scale times the weight's. */
function ofProducts(op: Op, inputs: readonly number[], tensor: Tensor): Quantization {
  const products = inputs.flatMap((i) => soleTensor(op.inputs[i]) ?? [])
  const dims = denseDims(tensor)
  const fixed = products.length < inputs.length ? 'its scale is computed in the graph' : null
  const blocks = dims.map(() => 1)
  return {
    ...PLAIN,
    codeType: tensor.dataType,
    dims,
    blocks,
    products,
    factor: op.float('alpha', 1),
    scales: [],
    zeroPoints: [],
    reads: [],
    fixed,
  }
}

/** A bias that has a DequantizeLinear of its own goes with input and weight all the same: their operators are made into one by the runtime. */
function productsBehind(op: Op, { role }: Slot, tensor: Tensor): Pick<Quantization, 'products'> {
  const weight = slots[op.key]?.find((s) => s.role === 'weight' && op.inputs[s.input])
  if (role !== 'bias' || tensor.dataType !== 'INT32' || !weight) return { products: [] }
  const scale = op.inputs[weight.input]?.views[0]?.dequantized?.scales[0]
  const data = sourceOf(op.scope, op.inputNames[weight.input === 0 ? 1 : 0] ?? '')
  const other = data?.node.opType === 'DequantizeLinear' ? soleTensor(constantAt(data.scope, data.node.inputs[1] ?? '')) : null
  return { products: scale && other ? [other, scale] : [] }
}

/** With the reason where scales are not as many as there are blocks. */
function checked({ unfit, ...q }: Form & Met): Quantization {
  const wrong = q.scales.find((s) => s.elementCount !== scaleCount(q))
  const mismatch = wrong
    ? `${JSON.stringify(wrong.name)} has ${wrong.elementCount} scales, but [${q.dims}] has ${scaleCount(q)} blocks of [${q.blocks}]`
    : null
  return { ...q, fixed: q.fixed ?? unfit ?? mismatch }
}

/** One account of the uses of a tensor: all their scales are its scales. Uses that see other integers or blocks forbid a change. */
export function mergedQuantization(uses: readonly Pick<WeightUse, 'quantization'>[]): Quantization | null {
  const all = uses.flatMap(({ quantization }) => quantization ?? [])
  const [first, ...rest] = all
  if (!first || rest.length === 0) return first ?? null
  const union = <T>(of: (q: Quantization) => readonly T[]) => [...new Set(all.flatMap(of))]
  const isOther = rest.some((q) => formKey(q) !== formKey(first))
  return {
    ...first,
    scales: union((q) => q.scales),
    zeroPoints: union((q) => q.zeroPoints),
    products: first.products,
    reads: union((q) => q.reads),
    fixed: all.find((q) => q.fixed !== null)?.fixed ?? (isOther ? 'its uses give its integers different scales' : null),
  }
}

/** What has to be the same in every use. Whole blocks of bits lie like bytes along the last axis. */
function formKey({ codeType, dims, blocks, packing, zero, products, factor }: Quantization): string {
  const isWhole = packing === 'nbits' && (dims[1] ?? 0) % (blocks[1] ?? 1) === 0
  return JSON.stringify([codeType, dims, blocks, isWhole ? 'bytes' : packing, zero, products.map((p) => p.at), factor])
}
