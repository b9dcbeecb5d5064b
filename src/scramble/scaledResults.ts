import type { Graph, Node } from '../types.js'

/** Products whose scale, and whose bias, can be operators of their own. */
const products = /^(MatMul|MatMulInteger|ConvInteger|Gemm|FusedMatMul|MatMulNBits|Einsum)$/
/** What products of integers go through: before that, their magnitude is only in the scale. */
const scaling = /^(Cast|Mul)$/

/** Where products are as large as what follows sees them: behind the scale of integers, and the bias, which alone reads them. */
export function scaledResults({ nodes, defined, outputs }: Graph): (node: Node) => string {
  const readers = new Map<string, Node[]>()
  for (const node of nodes) for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node])
  const shown = new Set(outputs.map((o) => o.name))
  const sole = (name: string) => {
    const list = readers.get(name) ?? []
    return list.length === 1 && !shown.has(name) ? list[0] : undefined
  }
  const isStored = (name: string) => {
    const definition = defined.get(name)
    return definition !== undefined && 'elementCount' in definition
  }
  return ({ opType, outputs: [product = ''] }) => {
    if (!products.test(opType)) return product
    let name = product
    if (opType.endsWith('Integer'))
      for (let reader = sole(name); reader && scaling.test(reader.opType); reader = sole(name)) name = reader.outputs[0] ?? name
    const bias = sole(name)
    return bias?.opType === 'Add' && bias.inputs.some(isStored) ? (bias.outputs[0] ?? name) : name
  }
}
