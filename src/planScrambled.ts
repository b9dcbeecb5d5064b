import { usage } from './errors.js'
import { findLearned } from './findLearned.js'
import { findWeights } from './findWeights.js'
import { parseSeed } from './init/parseSeed.js'
import { stream } from './init/philox.js'
import { isFloatType } from './onnx/values/dataTypes.js'
import { readMoments } from './onnx/readMoments.js'
import { type Fills, planFills } from './planFills.js'
import { type Names, planNames } from './planNames.js'
import { planScramble } from './planScramble.js'
import { type PlannedScrub, planScrub } from './planScrub.js'
import { type ResolvedRule, resolveRules } from './recipe/resolveRules.js'
import type { ScrambleOptions } from './reports.js'
import { ownRange } from './scramble/ownRange.js'
import { scaled } from './scramble/scaled.js'
import type { FramedPatch, InitializerSpec, Kept, Model, PlannedFill, Tensor, TensorEdit, Weight } from './types.js'

/** What a scrambled model takes: every value that was learned drawn anew, what speaks of its origin gone. */
export interface Scrambled {
  readonly seed: string
  readonly weights: readonly Weight[]
  readonly fills: readonly PlannedFill[]
  readonly edits: readonly TensorEdit[]
  readonly patches: readonly FramedPatch[]
  readonly removed: readonly Tensor[]
  readonly kept: readonly Kept[]
  /** How many floats of attributes are new. */
  readonly attributes: readonly { readonly name: string; readonly elementCount: number }[]
  readonly dropped: PlannedScrub['dropped']
  readonly nameOf: Names['of']
  /** Names that are others now, by what they name. */
  readonly renamed: Names['replaced']
  readonly isRenamed: boolean
  readonly keptNames: Names['kept']
  readonly notes: readonly string[]
}

/**
 * What is learned, how it is redrawn, and what is scrubbed. No draw needs old values: initializers are concrete, with their numbers.
 * `factors`: by tensor, what the values of a weight are multiplied by (calibration).
 * @throws ReinitError `conflict` where something learned can't be redrawn.
 */
export function planScrambled(model: Model, options: ScrambleOptions, factors: ReadonlyMap<Tensor, number> = new Map()): Scrambled {
  refuseUnknown(options)
  const seed = parseSeed(options.seed ?? 0)
  const { weights } = findWeights(model)
  const drawn = weightFills(model, weights, seed, options, factors)
  const learned = findLearned(model, new Set(drawn.fills.map((f) => f.weight.tensor)), new Set(weights.map((w) => w.tensor)))
  const rest = planScramble(model, learned, seed)
  const names = planNames(model, options.rename ?? 'none')
  const scrub = planScrub(model, { removed: new Set(learned.unused), nameOf: names.of, isInline: options.data === 'inline' })
  return {
    seed: String(seed),
    weights,
    fills: [...drawn.fills, ...rest.fills],
    edits: rest.edits,
    patches: [...rest.patches, ...scrub.patches],
    removed: learned.unused,
    kept: learned.kept,
    attributes: learned.attributes.map(({ name, floats, tensors }) => ({
      name,
      elementCount: floats.length + tensors.reduce((n, t) => n + t.elementCount, 0),
    })),
    dropped: scrub.dropped,
    nameOf: names.of,
    renamed: names.replaced,
    isRenamed: Object.values(names.replaced).some((list) => list.length > 0),
    keptNames: names.kept,
    notes: drawn.notes,
  }
}

const known = { like: ['auto', 'moments'], rename: ['none', 'inner', 'all'], calibrate: ['original', 'unit'] } as const

/** Callers without types: what is misspelt must not leave names or values as they are. */
function refuseUnknown(options: ScrambleOptions): void {
  for (const key of ['like', 'rename', 'calibrate'] as const) {
    const given: unknown = options[key] ?? undefined
    if (given !== undefined && !known[key].some((k) => k === given))
      throw usage(`${key} ${JSON.stringify(given)} is none of ${known[key].join(', ')}.`)
  }
}

function weightFills(
  model: Model,
  weights: readonly Weight[],
  seed: bigint,
  { like = 'auto' }: ScrambleOptions,
  factors: ReadonlyMap<Tensor, number>,
): Pick<Fills, 'fills' | 'notes'> {
  if (weights.length === 0) return { fills: [], notes: [] }
  const rule = { ...(resolveRules({ all: true, init: 'auto' })[0] as ResolvedRule), fresh: true } as const
  const all = new Set(weights)
  const settings = { seed, shared: 'rewrite' } as const
  const chosen = planFills(model, weights, all, [{ rule, weights: all }], settings)
  const others = new Map<Weight, InitializerSpec>()
  for (const { weight, part, initializer } of chosen.fills) {
    if (part !== undefined && part.kind !== 'integers') continue
    // auto's forget gates of ones would be as near the trained ones as where their training began
    const own = like === 'moments' ? ownMoments(model, weight, seed) : initializer.name === 'auto' ? ZEROS : null
    const factor = factors.get(weight.tensor) ?? 1
    const spec = factor === 1 ? own : scaled(own ?? initializer, factor)
    if (spec) others.set(weight, spec)
  }
  if (others.size === 0) return chosen
  const selections = [...others].map(([weight, init]) => ({ rule: { ...rule, init }, weights: new Set([weight]) }))
  return planFills(model, weights, all, [{ rule, weights: all }, ...selections], settings)
}

const ZEROS: InitializerSpec = { name: 'zeros', parameters: {} }

function ownMoments(model: Model, weight: Weight, seed: bigint): InitializerSpec | null {
  const moments = readMoments(model, weight)
  const { dataType, graph, name } = weight.tensor
  if (!moments || !Number.isFinite(moments.std)) return null
  return ownRange(moments, isFloatType(dataType) ? dataType : 'FLOAT', stream(seed, graph.scope, name, 'range'))
}
