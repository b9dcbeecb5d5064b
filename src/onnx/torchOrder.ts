import { gates } from '../init/frameworkOrder.js'
import type { Node, PlannedFill } from '../types.js'

/** Fills in the order in which PyTorch's modules draw, where that is not the order of their parameters. */
export const torchOrder = (fills: readonly PlannedFill[]): PlannedFill[] => outProjectionsFirst(fills).map(bothWays(fills))

/** nn.MultiheadAttention makes its output projection, a Linear with its own reset, before it resets the rest. */
function outProjectionsFirst(fills: readonly PlannedFill[]): PlannedFill[] {
  const moduleOf = ({ target, initializer, weight }: PlannedFill) =>
    target.attention?.part === 'out' && target.role === 'weight' && initializer.name === 'torch_default'
      ? weight.layer.replace(/\.?out_proj$/, '')
      : null
  const moved = new Map(fills.flatMap((fill) => (moduleOf(fill) === null ? [] : [[moduleOf(fill), fill] as const])))
  if (moved.size === 0) return [...fills]
  const done = new Set<PlannedFill>()
  return fills.flatMap((fill) => {
    const first = [moved.get(fill.weight.layer) ?? [], fill].flat().filter((f) => !done.has(f))
    for (const f of first) done.add(f)
    return first
  })
}

/** Rules that go by the values that are there. */
const OF_OLD: ReadonlySet<string> = new Set(['match', 'shuffle', 'from'])

/** Parameters [2, …] of an operator that runs both ways, which torch draws a direction after the other; rules that go by old values draw alone. */
function bothWays(fills: readonly PlannedFill[]): (fill: PlannedFill) => PlannedFill {
  const nodeOf = ({ weight: { uses, role, quantization }, target: { dims, opType }, initializer, change }: PlannedFill) =>
    Object.hasOwn(gates, opType) &&
    dims[0] === 2 &&
    dims.length === (role === 'bias' ? 2 : 3) &&
    !change &&
    quantization === null &&
    !OF_OLD.has(initializer.name)
      ? uses[0].node
      : null
  const members = new Map<Node, Pick<PlannedFill, 'target' | 'initializer'>[]>()
  for (const fill of fills) {
    const node = nodeOf(fill)
    if (node) members.set(node, [...(members.get(node) ?? []), { target: fill.target, initializer: fill.initializer }])
  }
  return (fill) => {
    const of = members.get(nodeOf(fill) as Node)
    return of ? { ...fill, bothWays: of } : fill
  }
}
