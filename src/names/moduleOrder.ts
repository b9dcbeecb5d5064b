import { gates } from '../init/frameworkOrder.js'
import type { Weight } from '../types.js'
import { isCounter } from './schemes.js'

/**
 * Parameters, given in file order, as a training script makes and draws them: a layer after the other, weights before biases. Exporters keep the
 * order of the modules in the file but for what they folded, which has no name and stands last: its layer goes before what the graph uses later.
 */
export function moduleOrder(weights: Iterable<Weight>): Weight[] {
  const layers = new Map<string, Weight[]>()
  for (const w of weights) {
    const list = layers.get(w.layer)
    if (list) list.push(w)
    else layers.set(w.layer, [w])
  }
  const named: Weight[][] = []
  const folded: Weight[][] = []
  for (const list of layers.values()) (list.every(({ tensor }) => isCounter(tensor.name)) ? folded : named).push(list)
  return (folded.length === 0 ? named : merged(named, folded)).flatMap(layerOrder)
}

function merged(named: readonly Weight[][], folded: readonly Weight[][]): Weight[][] {
  const before = new Map<Weight[] | undefined, Weight[][]>()
  for (const list of folded) {
    const next = named.find((other) => isLater(other, list))
    before.set(next, [...(before.get(next) ?? []), list])
  }
  return [...named.flatMap((list) => [...(before.get(list) ?? []), list]), ...(before.get(undefined) ?? [])]
}

function isLater([a]: readonly Weight[], [b]: readonly Weight[]): boolean {
  const [one, other] = [a?.uses[0].node, b?.uses[0].node]
  return one !== undefined && other !== undefined && one.graph === other.graph && one.index > other.index
}

/** Recurrent operators an operator at a time: W, R, B; where their parameters are torch's own they stand in its order. */
function layerOrder(list: readonly Weight[]): Weight[] {
  const recurrent = list.filter(isRecurrent)
  const others = list.filter((w) => !isRecurrent(w))
  if (recurrent.every(({ tensor, role }) => tensor.dims.length === (role === 'bias' ? 2 : 3)))
    recurrent.sort(({ uses: [a] }, { uses: [b] }) => a.node.index - b.node.index || a.input - b.input)
  return [...recurrent, ...others.sort((a, b) => Number(a.role === 'bias') - Number(b.role === 'bias'))]
}

const isRecurrent = ({ uses: [use] }: Weight) => Object.hasOwn(gates, use.opType)
