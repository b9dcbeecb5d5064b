import { isFloatType } from '../onnx/values/dataTypes.js'
import type { Tensor } from '../types.js'
import type { Op } from './op.js'
import { type Constant, denseDims, type Dequantized, REPEATED, sizeOf, soleTensor, type View } from './view.js'

/** Integers behind DequantizeLinear become values; floats have been rounded before (QuantizeLinear), or stay what they are. */
export const behindDequantize = (op: Op): readonly (Constant | null)[] =>
  seen(op, (v, c) => (isFloatType(v.tensor.dataType) && !v.dequantized ? null : joined(v.dequantized, formOf(op, v, c))))

/** Floats behind QuantizeLinear are on the way to codes; values of codes are on the way to the same codes. */
export function behindQuantize(op: Op): readonly (Constant | null)[] {
  const rounds = { codeType: soleTensor(op.inputs[2])?.dataType ?? 'UINT8', limits: null }
  return seen(op, (v, c) => {
    if (v.dequantized) return joined(v.dequantized, formOf(op, v, c))
    return isFloatType(v.tensor.dataType) ? { ...formOf(op, v, c), rounds } : null
  })
}

/** Brevitas' and QONNX' Quant: to codes of a given width and back. Scales are broadcast like any operand. */
export function behindQuant(op: Op): readonly (Constant | null)[] {
  const [bits, signed, narrow] = [op.number(3, '', 8), op.int('signed', 1), op.int('narrow', 0)]
  const codeType = `${signed ? '' : 'U'}INT${bits <= 8 ? 8 : 16}`
  const limits = signed ? ([narrow - 2 ** (bits - 1), 2 ** (bits - 1) - 1] as const) : ([0, 2 ** bits - 1 - narrow] as const)
  return seen(op, (v, c) => (isFloatType(v.tensor.dataType) ? { ...formOf(op, v, c), rounds: { codeType, limits } } : null))
}

function seen({ inputs }: Op, form: (v: View, c: Constant) => Dequantized | null): readonly (Constant | null)[] {
  const c = inputs[0]
  return [c ? { dims: c.dims, views: c.views.map((v) => ({ ...v, dequantized: form(v, c) ?? v.dequantized })) } : null]
}

/** Floats have two nodes on the way, to codes and back. */
const joined = (before: Dequantized | null, after: Dequantized): Dequantized =>
  before === null
    ? after
    : {
        ...before,
        scales: [...new Set([...before.scales, ...after.scales])],
        zeroPoints: [...new Set([...before.zeroPoints, ...after.zeroPoints])],
        reads: [...before.reads, ...after.reads],
        fixed: before.fixed ?? after.fixed,
      }

function formOf(op: Op, view: View, c: Constant): Dequantized {
  const scale = soleTensor(op.inputs[1])
  const zeroPoint = soleTensor(op.inputs[2])
  const blocks = scale && scale.elementCount > 1 ? blocksOf(op, view, c, scale) : denseDims(view.tensor)
  const fixed = !scale
    ? 'its scale is computed in the graph'
    : !zeroPoint && (op.inputNames[2] ?? '') !== ''
      ? 'its zero point is computed in the graph'
      : typeof blocks === 'string'
        ? blocks
        : null
  return {
    scales: scale ? [scale] : [],
    zeroPoints: zeroPoint ? [zeroPoint] : [],
    blocks: typeof blocks === 'string' ? denseDims(view.tensor) : blocks,
    reads: [1, 2].map((input) => ({ node: op.node, input })),
    rounds: null,
    fixed,
  }
}

/** Blocks of the stored axes, or why there are none: scales are of the axes as the operator sees them. */
function blocksOf(op: Op, view: View, c: Constant, scale: Tensor): readonly number[] | string {
  const stored = denseDims(view.tensor)
  const { axes } = view
  if (!axes || !c.dims || c.views.length > 1 || axes.reduce((n, atoms) => n * sizeOf(atoms), 1) !== view.tensor.elementCount)
    return 'its scales are for a part of it, or for several tensors'
  if (!isInOrder(op.inputs[1])) return 'its scales are moved in the graph'
  const blockSize = op.int('block_size', 0)
  const axis = op.int('axis', 1)
  const along = axis < 0 ? axis + axes.length : axis
  const sharing = axes.map((atoms, i) => {
    const size = sizeOf(atoms)
    if (scale.dims.length === axes.length && (blockSize > 0 || op.opType === 'Quant'))
      return scale.dims[i] === 1 ? size : i === along && blockSize > 0 ? blockSize : 1
    return i === along ? 1 : size
  })
  // a scale for each of an axis' elements may go to any place, blocks only to an axis of the same size
  const blocks = [...stored]
  let last = -1
  for (const [i, atoms] of axes.entries()) {
    if (sharing[i] === sizeOf(atoms)) continue
    for (const { axis: own, size } of atoms.filter((a) => a.size > 1)) {
      if (own === REPEATED || own <= last || size !== stored[own] || (sharing[i] !== 1 && size !== sizeOf(atoms)))
        return 'its scales are for its elements in another order'
      blocks[own] = sharing[i] as number
      last = own
    }
  }
  return blocks
}

/** Whether a constant has its tensor's elements in their order. */
export function isInOrder(c: Constant | null | undefined): boolean {
  const atoms = c?.views[0]?.axes?.flat().filter((a) => a.size > 1)
  return atoms?.every(({ axis }, i) => axis !== REPEATED && axis >= (atoms[i - 1]?.axis ?? 0)) ?? false
}
