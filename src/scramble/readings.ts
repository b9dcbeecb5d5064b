import type { Op } from '../ops/op.js'
import { slots } from '../ops/slots.js'
import { walkModel } from '../ops/walk.js'
import type { Graph, Model, Node, Tensor } from '../types.js'
import { graphsOf } from './attributeLists.js'
import { isScale, isZeroPoint, steers } from './steering.js'

/** What an operator does with a constant: it is told where or how, has the scale or zero point of integers, weighs data with it, computes with it, or is no operator of ONNX's and onnxruntime's: whatever it does. */
export type Reading = 'steers' | 'scale' | 'zero_point' | 'weighs' | 'computes' | 'unknown'

export interface Read {
  readonly node: Node
  readonly input: number
  readonly as: Reading
}

/** Who reads each stored tensor, behind Cast, Transpose, Concat and the like. Nodes on such a path count where they take it as a setting. */
export function readings(model: Model): ReadonlyMap<Tensor, readonly Read[]> {
  const found = new Map<Tensor, Read[]>()
  walkModel(model, (op, isPath) => {
    op.inputs.forEach((constant, input) => {
      const as = readAs(op, input)
      if (isPath && (as === 'weighs' || as === 'computes')) return
      for (const { tensor } of constant?.views ?? []) {
        const known = found.get(tensor)
        if (known) known.push({ node: op.node, input, as })
        else found.set(tensor, [{ node: op.node, input, as }])
      }
    })
  })
  return found
}

function readAs({ key }: Op, input: number): Reading {
  if (steers(key, input)) return 'steers'
  if (isZeroPoint(key, input)) return 'zero_point'
  if (isScale(key, input)) return 'scale'
  if (!/^(ai\.onnx|com\.microsoft)[.:]/.test(key)) return 'unknown'
  const slot = Object.hasOwn(slots, key) ? slots[key]?.find((s) => s.input === input) : undefined
  return slot?.role === 'weight' || slot?.role === 'recurrent' || slot?.products ? 'weighs' : 'computes'
}

/** Operators that name a tensor among their inputs, in its graph or in graphs inside: those of what only goes into shapes, or into a body. */
export function directReaders(model: Model): (tensor: Tensor) => readonly string[] {
  const found = new Map<Graph, Map<string, Set<string>>>()
  for (const graph of graphsOf(model))
    for (const { inputs, opType } of graph.nodes)
      for (const name of inputs) {
        let home: Graph | null = graph
        while (home && !home.defined.has(name)) home = home.parent
        const definition = home?.defined.get(name)
        if (!home || !definition || !('elementCount' in definition)) continue
        const names = found.get(home) ?? new Map<string, Set<string>>()
        found.set(home, names.set(name, (names.get(name) ?? new Set()).add(opType)))
      }
  return ({ graph, name }) => [...(found.get(graph)?.get(name) ?? [])]
}
