import { usage } from './errors.js'
import { findNotes } from './findNotes.js'
import type { PlanOptions } from './makePlan.js'
import { type Features, featuresOf } from './head/featuresOf.js'
import { forkHeads } from './head/forkHeads.js'
import { resizeWeights } from './head/resizeWeights.js'
import { planCut } from './planCut.js'
import { type Fills, planFills, type Selection } from './planFills.js'
import { type PlannedHead, planHead, resizeFills } from './planHead.js'
import { type ResolvedRule, resolveRules } from './recipe/resolveRules.js'
import type { ReinitOptions } from './reports.js'
import { selectWeights } from './selectWeights.js'
import type { Model, Skipped, Weight } from './types.js'

/**
 * What the options ask for: values by rules, another number of classes, or a head cut off.
 * @throws ReinitError `usage` and `conflict` as the stages do.
 */
export function planJob(model: Model, weights: readonly Weight[], skipped: readonly Skipped[], options: ReinitOptions): Job {
  return options.featureExtractor ? cutJob(model, weights, skipped, options) : fillJob(model, weights, skipped, options)
}

/** What is to be done: values for tensors, and what else of the model changes. */
export interface Job {
  /** Every parameter, as it will be. */
  readonly weights: readonly Weight[]
  readonly rules: readonly ResolvedRule[]
  readonly selected: ReadonlySet<Weight>
  readonly fills: Fills
  readonly changes: Pick<PlanOptions, 'edits' | 'patches' | 'removed'>
  readonly head: PlannedHead | null
  /** What enters a head that changes. */
  readonly features: Features | null
}

function fillJob(model: Model, weights: readonly Weight[], skipped: readonly Skipped[], options: ReinitOptions): Job {
  const rules = resolveRules(options)
  const given = rules.map((rule) => ({ rule, weights: selectWeights(weights, skipped, rule) }))
  if (given.every((s) => s.weights.size === 0)) throw usage('None of the rules, all of them optional, matches a parameter of this model.')
  const forks = forksOf(model, given, options)
  const present = [...weights, ...[...forks.values()].map((f) => f.weight)]
  const named = given.map((selection) => withForks(selection, forks))
  const chosen = new Set(present.filter((w) => named.some((selection) => selection.weights.has(w))))
  const head = headOf(model, present, new Set([...chosen].filter((w) => !forks.has(w))), options)
  const { all, selected, selections, tensors } = head
    ? withHead(model, present, chosen, named, head)
    : { all: weights, selected: chosen, selections: named, tensors: null }
  const planned = planFills(model, all, selected, selections, options)
  const resized = head && tensors ? resizeFills(model, head, tensors, planned, [...forks.values()]) : null
  const fills = resized?.fills ?? planned.fills
  if (fills.length === 0)
    throw usage(`Nothing that is selected can be changed: ${planned.kept[0]?.detail ?? 'no values'} (${planned.kept[0]?.name ?? ''}).`)
  const written = new Set(fills.map((f) => (f.change?.kind === 'resize' ? f.change.from : f.weight.tensor)))
  const redrawn = new Set(weights.filter((w) => written.has(w.tensor)))
  const notes = [...forkNotes(forks), ...(head?.notes ?? []), ...planned.notes, ...findNotes(model, weights, redrawn).lines]
  const changes = { edits: [...(head?.edits ?? []), ...(resized?.edits ?? [])], patches: head?.patches ?? [] }
  const features =
    head &&
    featuresOf(
      model,
      head.head.uses.map(({ use }) => use),
      written,
    )
  return { weights: all, rules, selected, fills: { ...planned, fills, notes }, changes, head, features }
}

/** A head that gets another size under --shared fork has a tensor of its own first. */
function forksOf(model: Model, selections: readonly Selection[], { shared, numClasses, keepClasses }: ReinitOptions): Forks {
  if (shared !== 'fork' || numClasses === undefined) return new Map()
  const forks = forkHeads(model, new Set(selections.flatMap((s) => [...s.weights].filter((w) => w.head))))
  const [first] = forks.keys()
  if (first && keepClasses)
    throw usage(
      `--keep-classes: ${JSON.stringify(first.tensor.name)} is shared, and the copy for the head is drawn whole: fork it in a job of its own.`,
    )
  return forks
}
type Forks = ReturnType<typeof forkHeads>

/** What a selection of the head means is the copy alone; of all parameters, the others' tensor too. */
function withForks({ rule, weights }: Selection, forks: Forks): Selection {
  const both = (rule.layers ?? []).length === 0 && !rule.head
  return {
    rule,
    weights: new Set([...weights].flatMap((w) => [...(both || !forks.has(w) ? [w] : []), ...[forks.get(w)?.weight ?? []].flat()])),
  }
}

const forkNotes = (forks: Forks) =>
  [...forks].map(
    ([{ tensor }, { weight }]) => `${tensor.name} is used elsewhere too: ${weight.layer} gets a tensor of its own, ${weight.tensor.name}`,
  )

function cutJob(model: Model, weights: readonly Weight[], skipped: readonly Skipped[], options: ReinitOptions): Job {
  const { init, rules, numClasses, labels, keepClasses } = options
  const other = {
    'an initializer': init,
    'a recipe': rules,
    '--num-classes': numClasses,
    '--labels': labels,
    '--keep-classes': keepClasses,
  }
  const [given] = Object.entries(other).find(([, value]) => value !== undefined) ?? []
  if (given) throw usage(`A head that is cut off is not drawn: ${given} does not go with --feature-extractor.`)
  const selected = selectWeights(weights, skipped, options)
  const { patches, removed, notes, features } = planCut(model, selected)
  const fills = { fills: [], kept: [], notes, seed: String(options.seed ?? 0) }
  return { weights, rules: [], selected, fills, changes: { patches, removed }, head: null, features }
}

function headOf(model: Model, weights: readonly Weight[], chosen: ReadonlySet<Weight>, options: ReinitOptions): PlannedHead | null {
  const { numClasses, labels, keepClasses } = options
  if (numClasses !== undefined)
    return planHead(model, weights, chosen, {
      numClasses,
      ...(labels && { labels }),
      ...(keepClasses && { keepClasses: keepClasses.map(Number) }),
    })
  if (labels !== undefined || keepClasses !== undefined) throw usage('--labels and --keep-classes go with --num-classes.')
  return null
}

/** What gets another size is redrawn by the rule that the head's weight goes by, and is what it will be from here on. */
function withHead(
  model: Model,
  weights: readonly Weight[],
  chosen: ReadonlySet<Weight>,
  named: readonly Selection[],
  { head, resizes, weights: drawn }: PlannedHead,
) {
  const added = drawn.filter((w) => !weights.includes(w))
  const resized = resizeWeights(model, [...weights, ...added], resizes)
  const now = (w: Weight) => resized.weights.get(w) ?? w
  const last = named.findLast((s) => head.uses.some(({ weight }) => s.weights.has(weight)))
  return {
    all: [...weights, ...added].map(now),
    selected: new Set([...chosen, ...drawn].map(now)),
    selections: named.map((s) => ({ ...s, weights: new Set([...s.weights, ...(s === last ? drawn : [])].map(now)) })),
    tensors: resized.tensors,
  }
}
