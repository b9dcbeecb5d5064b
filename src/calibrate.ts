import { dirname } from 'node:path'
import { plannedBytes } from './bytes/plannedBytes.js'
import { makePlan } from './makePlan.js'
import { addOutputs } from './onnx/edit/addOutputs.js'
import { probedCopy } from './onnx/probedCopy.js'
import { runInputs } from './onnx/runInputs.js'
import { planScrambled, type Scrambled } from './planScrambled.js'
import { probeModel } from './probeModel.js'
import type { ReportCalibration, ScrambleOptions } from './reports.js'
import { scaledResults } from './scramble/scaledResults.js'
import { isScaledBy, spread } from './scramble/spread.js'
import type { Model, Node, Plan, Probe, Tensor } from './types.js'
import { writePlan } from './writePlan.js'

/** What the values of weights are multiplied by, and how well that does. */
export interface Calibrated {
  readonly factors: ReadonlyMap<Tensor, number>
  readonly report: ReportCalibration
  /** What killed runs had left beside the output, as in Staged. */
  readonly leftovers: readonly string[]
}

/** A layer: a node of the main graph, and the tensors that its result is as large as. */
interface Layer {
  readonly node: Node
  readonly output: string
  readonly tensors: readonly Tensor[]
}

/** Each is a run; where the first has no surprise the second only confirms it. */
const MAX_PASSES = 6
/** How near a layer's deviation has to come to its target. */
const TOLERANCE = 0.25
/** Digits of a factor: enough for the tolerance, and few, since it tells of the activations. */
const DIGITS = 2
const LIMITS = [1e-9, 1e9] as const

/**
 * Layer-sequential unit variance (Mishkin & Matas 2016), all layers at once: runs the input and the scrambled model with the same inputs, and
 * gives every weight the factor that its layer's results need to have the input's deviation (or 1), with what the layers before it change
 * foreseen. Again until all are near. Layers in subgraphs and functions can't be looked at, and keep what `auto` chose.
 */
export async function calibrate(model: Model, output: string, options: ScrambleOptions): Promise<Calibrated> {
  const to = options.calibrate ?? 'original'
  const plain = { ...options, rename: 'none' } as const
  const unscaled = planScrambled(model, plain)
  // a factor has no deviation of its own to be 1
  const layers = layersOf(model, unscaled).filter(({ node }) => to === 'original' || !isFactor(node))
  const names = layers.map((l) => l.output)
  const leftovers: string[] = []
  const nothing = (message: string): Calibrated => ({
    leftovers,
    factors: new Map(),
    report: { to, passes: 0, met: 0, layers: layers.length, factors: [], message },
  })
  if (layers.length === 0) return nothing('no layer of the main graph has weights that can be scaled')
  const before = await probe(model, probedCopy(model, names, dirname(output)), names, options, leftovers)
  if (before.kind === 'none') return nothing(`the input does not run: ${before.message}`)
  const targets = new Map(layers.map((layer) => [layer, to === 'unit' ? 1 : sizeOf(before, layer)]))
  let factors: ReadonlyMap<Tensor, number> = new Map()
  let best: { readonly factors: ReadonlyMap<Tensor, number>; readonly met: number; readonly distance: number } | null = null
  let passes = 0
  while (passes < MAX_PASSES && best?.met !== layers.length) {
    const { fills, edits, patches, removed } = passes === 0 ? unscaled : planScrambled(model, plain, factors)
    const changes = { edits, removed, patches: [...patches, ...addOutputs(model, names)] }
    const { data = 'copy' } = options
    const place = { output: `${output}.calibration`, inPlace: false, overwrite: true, data, compact: data === 'copy' } as const
    const after = await probe(
      model,
      makePlan(model, fills, { ...place, ...changes }),
      names,
      { ...options, attempt: before.attempt },
      leftovers,
    )
    if (after.kind === 'none') return nothing(`the scrambled model does not run: ${after.message}`)
    passes++
    const distances = layers.map((layer) => distanceOf(sizeOf(after, layer), targets.get(layer) ?? null))
    const distance = distances.reduce((sum, d) => sum + d, 0)
    const met = distances.filter((d) => d < Math.log(1 + TOLERANCE)).length
    if (best === null || distance < best.distance) best = { factors, met, distance }
    factors = corrected(model, layers, targets, after, factors)
  }
  const { factors: found, met } = best ?? { factors, met: 0 }
  const told = [...found].map(([{ name, graph }, factor]) => ({ name, scope: graph.scope, factor }))
  return { leftovers, factors: found, report: { to, passes, met, layers: layers.length, factors: told, message: null } }
}

/** Nodes of the main graph, each with the weights that its result goes by. */
function layersOf(model: Model, { fills }: Scrambled): Layer[] {
  const found = new Map<number, { readonly node: Node; readonly tensors: Set<Tensor> }>()
  for (const { weight, part } of fills) {
    if (part !== undefined && part.kind !== 'integers') continue
    for (const { node, input } of weight.uses) {
      if (node.graph !== model.graph || !isScaledBy(node, input)) continue
      const layer = found.get(node.index) ?? { node, tensors: new Set() }
      layer.tensors.add(weight.tensor)
      found.set(node.index, layer)
    }
  }
  const resultOf = scaledResults(model.graph)
  return [...found.values()].flatMap(({ node, tensors }) => {
    const output = resultOf(node)
    return output === '' ? [] : [{ node, output, tensors: [...tensors] }]
  })
}

async function probe(
  model: Model,
  plan: Plan,
  names: readonly string[],
  options: ScrambleOptions & { readonly attempt?: number },
  leftovers: string[],
): Promise<Probe> {
  const staged = await writePlan(plan, model, options.signal ? { signal: options.signal } : {})
  leftovers.push(...staged.leftovers)
  try {
    return await probeModel({ path: staged.modelPath, byteLength: plannedBytes(plan), inputs: runInputs(model) }, names, options)
  } finally {
    staged.discard()
  }
}

/**
 * How large a layer's results are: their deviation; of a factor (γ/σ, as some norms are spelled) the root of the mean square, since it need
 * not vary. null where it can't be told.
 */
function sizeOf(probe: Extract<Probe, { kind: 'ran' }>, { output, node }: Layer): number | null {
  const { mean = null, std = null } = probe.values.find((v) => v.name === output) ?? {}
  if (mean === null || std === null) return null
  const size = isFactor(node) ? Math.hypot(mean, std) : std
  return Number.isFinite(size) && size > 0 ? size : null
}

const isFactor = ({ opType }: Node) => /^(QLinear)?Mul$/.test(opType)

/** In logarithms; a layer whose input's result is one value has no target, and one whose own is not finite is as far as can be. */
const distanceOf = (std: number | null, target: number | null) =>
  target === null ? 0 : std === null ? FARTHEST : Math.abs(Math.log(std / target))
const FARTHEST = Math.log(1e9)

/** The factors that bring every layer to its target. Of a tensor that serves several layers the middle one counts. */
function corrected(
  model: Model,
  layers: readonly Layer[],
  targets: ReadonlyMap<Layer, number | null>,
  after: Extract<Probe, { kind: 'ran' }>,
  factors: ReadonlyMap<Tensor, number>,
): ReadonlyMap<Tensor, number> {
  const byIndex = new Map(layers.map((layer) => [layer.node.index, layer]))
  const wanted = new Map<Tensor, number[]>()
  spread(model, (node, incoming) => {
    const layer = byIndex.get(node.index)
    const [std, target] = layer ? [sizeOf(after, layer), targets.get(layer) ?? null] : [null, null]
    if (!layer || std === null || target === null) return null
    const ratio = target / std
    // a result that is the product of several tensors gets a root of each
    const each = (ratio / incoming) ** (1 / layer.tensors.length)
    for (const tensor of layer.tensors) wanted.set(tensor, [...(wanted.get(tensor) ?? []), each])
    return ratio
  })
  const next = new Map(factors)
  for (const [tensor, list] of wanted) {
    const middle = list.reduce((product, f) => product * f, 1) ** (1 / list.length)
    const factor = (factors.get(tensor) ?? 1) * middle
    if (factor > LIMITS[0] && factor < LIMITS[1]) next.set(tensor, Number(factor.toPrecision(DIGITS)))
  }
  return next
}
