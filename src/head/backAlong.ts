import type { Op } from '../ops/op.js'

/** The axis of an operator's first input that is `axis` of its result; `index`: the entry of its target that is that axis; `steps`: inputs with scales and zero points along it. */
export type Back = (
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

export const back: Readonly<Record<string, Back>> = {
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
