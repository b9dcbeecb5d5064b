import { makeFill } from '../src/init/makeFill.js'
import { resolveInitializer } from '../src/init/resolveInitializer.js'
import type { FillTarget, FloatType, Model, PlannedFill, Tensor, Weight } from '../src/types.js'

/** Fills of tensors by name, each by one initializer, as if every tensor were a matrix of 8 inputs and 8 outputs. */
export function plannedFills(model: Model, initializers: Readonly<Record<string, string>>, seed = '0'): PlannedFill[] {
  const byName = new Map(model.tensors.map((t) => [t.name, t]))
  return Object.entries(initializers).map(([name, given]) => {
    const tensor = byName.get(name)
    if (!tensor) throw new Error(`no tensor is named ${name}`)
    const target = targetOf(tensor)
    const { initializer, gain, distribution, why } = makeFill(resolveInitializer(given), target, BigInt(seed))
    return { weight: weightOf(tensor), target, initializer, gain, distribution, seed, rng: 'philox' as const, why }
  })
}

function targetOf({ name, graph, dims, elementCount, dataType }: Tensor): FillTarget {
  return {
    name,
    dims,
    elementCount,
    scope: graph.scope,
    dataType: dataType as FloatType,
    fan: { fanIn: 8, fanOut: 8 },
    layout: [],
    groups: 1,
    stacked: 1,
    role: 'weight',
    opType: 'Gemm',
    activation: null,
  }
}

/** What writing needs to know of a weight: its tensor. */
const weightOf = (tensor: Tensor): Weight => ({
  tensor,
  uses: [] as unknown as Weight['uses'],
  readers: [],
  role: 'weight',
  layer: 'fc',
  head: false,
  fan: null,
  layout: [],
  activation: null,
  quantization: null,
})
