import { basename, dirname, join } from 'node:path'
import { ReinitError, usage } from './errors.js'
import { findNotes } from './findNotes.js'
import { findWeights } from './findWeights.js'
import { describeModel, describeSkipped, describeWeight, tool } from './inspect.js'
import { makePlan, type PlanOptions } from './makePlan.js'
import { describeQuantization, follows } from './onnx/quantized/describePart.js'
import { headFacts } from './ops/headFacts.js'
import { planCut } from './planCut.js'
import { type Fills, planFills, type Selection } from './planFills.js'
import { resizeWeights } from './ops/resizeWeights.js'
import { type PlannedHead, planHead, resizeFills } from './planHead.js'
import { readModel } from './readModel.js'
import { type ResolvedRule, resolveRules } from './recipe/resolveRules.js'
import type { ReinitOptions, ReinitReport, ReportChange } from './reports.js'
import { checkRunOptions, requireRuntime, runModel } from './runModel.js'
import { selectWeights } from './selectWeights.js'
import type { Model, Plan, RunResult, Skipped, Staged, Verification, Weight } from './types.js'
import { verifyPlan } from './verifyPlan.js'
import { writePlan } from './writePlan.js'

const NOT_RUN: RunResult = { status: 'disabled', runtime: null, inputs: [], outputs: [] }

/**
 * Refills the selected parameters of a model, writes it with every other byte as it was, and proves it: bytes, values, statistics, a run.
 * Nothing is written but the output, and that only when it is proven (default `<stem>.reinit.onnx` beside the input).
 * @throws ReinitError `usage` and `conflict` before any work; `invalid`, `io`, `proof`, `runtime` with no output left behind.
 */
export async function reinit(path: string, options: ReinitOptions): Promise<ReinitReport> {
  const isRun = options.run !== false && !options.dryRun
  if (isRun) requireRuntime()
  const clock = stopwatch()
  const model = readModel(path)
  try {
    if (isRun) checkRunOptions(runInputs(model), options)
    const { weights, skipped } = findWeights(model, options.fan)
    const job = options.featureExtractor ? cutJob(model, weights, skipped, options) : fillJob(model, weights, skipped, options)
    const { inPlace = false, overwrite = false, data = 'copy' } = options
    if (inPlace && options.output !== undefined) throw usage('--in-place and --output exclude each other.')
    const output = inPlace ? path : (options.output ?? join(dirname(path), `${basename(path).replace(/\.onnx$/i, '')}.reinit.onnx`))
    const plan = makePlan(model, job.fills.fills, { output, inPlace, overwrite, data, ...job.changes })
    const described = describe(model, job, skipped, plan, options)
    const { head } = job
    const report = head ? { ...described, head: headFacts(head.head, head.classes) } : described
    if (options.dryRun) return { ...report, output: null, milliseconds: { read: clock(), write: 0, verify: 0, run: 0 } }
    const read = clock()
    const staged = await writePlan(plan, model, options)
    try {
      const write = clock()
      const noted = {
        ...report,
        notes: [...report.notes, ...staged.leftovers.map((path) => `removed ${path}, left behind by a run that was killed`)],
      }
      const verification = options.verify === false ? null : await verifyPlan(plan, model, staged, readModel, options)
      if (verification) refuseUnproven(verification, report.changed)
      const verify = clock()
      const ran = isRun ? await runModel(runnable(model, staged, path, plan), options) : NOT_RUN
      const run = head ? withClasses(ran, head) : ran
      const written = run.status === 'failed' ? [] : staged.commit()
      const proven = verification ? proofs(noted, verification) : noted
      return { ...proven, output: written.length > 0 ? output : null, written, run, milliseconds: { read, write, verify, run: clock() } }
    } finally {
      staged.discard()
    }
  } finally {
    model.close()
  }
}

/** What is to be done: values for tensors, and what else of the model changes. */
interface Job {
  /** Every parameter, as it will be. */
  readonly weights: readonly Weight[]
  readonly rules: readonly ResolvedRule[]
  readonly selected: ReadonlySet<Weight>
  readonly fills: Fills
  readonly changes: Pick<PlanOptions, 'edits' | 'patches' | 'removed'>
  readonly head: PlannedHead | null
}

function fillJob(model: Model, weights: readonly Weight[], skipped: readonly Skipped[], options: ReinitOptions): Job {
  const rules = resolveRules(options)
  const named = rules.map((rule) => ({ rule, weights: selectWeights(weights, skipped, rule) }))
  const chosen = new Set(weights.filter((w) => named.some((selection) => selection.weights.has(w))))
  if (chosen.size === 0) throw usage('None of the rules, all of them optional, matches a parameter of this model.')
  const head = headOf(model, weights, chosen, options)
  const { all, selected, selections, tensors } = head
    ? withHead(model, weights, chosen, named, head)
    : { all: weights, selected: chosen, selections: named, tensors: null }
  const planned = planFills(model, all, selected, selections, options)
  const resized = head && tensors ? resizeFills(model, head, tensors, planned) : null
  const fills = resized?.fills ?? planned.fills
  if (fills.length === 0)
    throw usage(`Nothing that is selected can be changed: ${planned.kept[0]?.detail ?? 'no values'} (${planned.kept[0]?.name ?? ''}).`)
  const written = new Set(fills.map((f) => (f.change?.kind === 'resize' ? f.change.from : f.weight.tensor)))
  const redrawn = new Set(weights.filter((w) => written.has(w.tensor)))
  const notes = [...(head?.notes ?? []), ...planned.notes, ...findNotes(model, weights, redrawn).lines]
  const changes = { edits: [...(head?.edits ?? []), ...(resized?.edits ?? [])], patches: head?.patches ?? [] }
  return { weights: all, rules, selected, fills: { ...planned, fills, notes }, changes, head }
}

function cutJob(model: Model, weights: readonly Weight[], skipped: readonly Skipped[], options: ReinitOptions): Job {
  const { init, rules, numClasses, labels, keepClasses } = options
  const given = Object.entries({ init, rules, numClasses, labels, keepClasses }).find(([, value]) => value !== undefined)
  if (given) throw usage(`A head that is cut off is not drawn: ${given[0]} does not go with --feature-extractor.`)
  const selected = selectWeights(weights, skipped, options)
  const { patches, removed, notes } = planCut(model, selected)
  const fills = { fills: [], kept: [], notes, seed: String(options.seed ?? 0) }
  return { weights, rules: [], selected, fills, changes: { patches, removed }, head: null }
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

/** A run in which an output has another number of classes than was asked for is none. */
function withClasses(run: RunResult, { head, classes }: PlannedHead): RunResult {
  if (run.status !== 'passed') return run
  for (const { name, axis, size } of head.outputs) {
    const found = run.outputs.find((o) => o.name === name)?.shape.at(-1 - axis)
    const wanted = size === null ? null : (size / head.classes) * classes
    if (found === undefined || (wanted === null ? found % classes === 0 : found === wanted)) continue
    return {
      ...run,
      status: 'failed',
      message: `output ${JSON.stringify(name)} has ${found} entries along its class axis, not ${wanted ?? `a multiple of ${classes}`}`,
    }
  }
  return run
}

/** Milliseconds since the last call. */
function stopwatch(): () => number {
  let last = performance.now()
  return () => {
    const now = performance.now()
    const passed = Math.round(now - last)
    last = now
    return passed
  }
}

const runInputs = ({ graph }: Model) => graph.inputs.filter((v) => graph.defined.get(v.name) === v)

function runnable(model: Model, staged: Staged, before: string, plan: Plan) {
  const byteLength = plan.files.reduce((sum, f) => sum + f.byteLength, 0)
  return { path: staged.modelPath, before, byteLength, inputs: runInputs(model) }
}

function refuseUnproven({ identicalOutside, difference, fills }: Verification, changed: readonly ReportChange[]): void {
  if (!identicalOutside)
    throw new ReinitError('proof', `The result differs from the input outside the plan and was not kept: ${difference}.`)
  const wrong = fills.findIndex((f) => !f.redrawn)
  if (wrong >= 0)
    throw new ReinitError(
      'proof',
      `Tensor ${JSON.stringify(changed[wrong]?.name)} reads back other values than were drawn: the result was not kept.`,
    )
}

/** The report with what was proven; a failed test of values that are as drawn is a warning. */
function proofs(report: ReinitReport, verification: Verification): ReinitReport {
  const changed = report.changed.map((c, i) => {
    const { before, after, sha256, checks, saturated = null } = verification.fills[i] as Verification['fills'][number]
    return { ...c, ...(c.quantization && { quantization: { ...c.quantization, saturated } }), before, after, sha256, checks }
  })
  const alarms = changed.flatMap((c) =>
    c.checks
      .filter((k) => !k.passed)
      .map(
        (k) =>
          `${c.name}: the ${k.name} test gives ${k.statistic.toPrecision(4)} over ${k.limit.toPrecision(4)}, though the values are as drawn`,
      ),
  )
  return { ...report, changed, notes: [...report.notes, ...alarms], bytes: { ...report.bytes, identicalOutside: true } }
}

function describe(
  model: Model,
  { weights, rules, selected, fills: { fills, kept, notes, seed } }: Job,
  skipped: readonly Skipped[],
  plan: Plan,
  options: ReinitOptions,
): ReinitReport {
  const isAll = rules.some((rule) => rule.all)
  const unselected = weights
    .filter((w) => !selected.has(w))
    .map((w) => ({ name: w.tensor.name, reason: 'not-selected', detail: 'narrowed or excluded away', elementCount: w.tensor.elementCount }))
  return {
    schema: 1,
    tool,
    input: model.path,
    output: null,
    model: { ...describeModel(model), parameterCount: weights.length, layerCount: new Set(weights.map((w) => w.layer)).size },
    seed,
    rng: options.rng ?? 'philox',
    recipe: recipeOf(options, seed, rules),
    changed: fills.map((f) => {
      const { name, layer, scope, role, dataType, shape, fanIn, fanOut } = describeWeight(f.weight, true)
      const { mean, std, min, max } = f.distribution
      const { parameters, name: drawn } = f.initializer
      const rest = Object.entries(parameters).filter(([key]) => key !== 'gain')
      const unproven = { before: null, after: null, sha256: null, checks: [] }
      const followed = follows(f.part)
      if (followed !== null) {
        const expected = { mean: null, std: null, min: null, max: null }
        return {
          name,
          layer,
          scope,
          role,
          dataType,
          shape,
          fanIn,
          fanOut,
          initializer: 'quantization',
          gain: null,
          why: followed,
          expected,
          ...unproven,
        }
      }
      const quantization = describeQuantization(f)
      return {
        ...{ name, layer, scope, role, dataType, shape, fanIn, fanOut },
        initializer: drawn,
        gain: f.gain,
        ...(rest.length > 0 ? { parameters: Object.fromEntries(rest) } : {}),
        why: f.why,
        expected: { mean, std, min, max },
        ...(quantization && { quantization }),
        ...unproven,
      }
    }),
    skipped: [...kept, ...(isAll ? [] : skipped)].map(describeSkipped),
    kept: isAll ? [...[...skipped, ...kept].map(describeSkipped), ...unselected] : [],
    notes,
    bytes: { changed: changedBytes(plan), total: plan.files.reduce((n, f) => n + f.byteLength, 0), identicalOutside: null },
    run: NOT_RUN,
    written: [],
    milliseconds: { read: 0, write: 0, verify: 0, run: 0 },
  }
}

const changedBytes = ({ files }: Plan) =>
  files.reduce((n, f) => n + f.patches.reduce((m, p) => m + (p.content.kind === 'values' ? p.byteLength : 0), 0), 0)

/** What gives these bytes again. */
const recipeOf = (options: ReinitOptions, seed: string, rules: readonly ResolvedRule[]): ReinitReport['recipe'] => ({
  seed,
  rng: options.rng ?? 'philox',
  fan: options.fan ?? 'graph',
  shared: options.shared ?? 'refuse',
  ...(options.featureExtractor && { featureExtractor: true }),
  ...(options.numClasses !== undefined && { numClasses: options.numClasses }),
  ...(options.labels && { labels: options.labels }),
  ...(options.keepClasses && { keepClasses: options.keepClasses }),
  checks: { verify: options.verify ?? true, run: options.run ?? true, strict: options.strict ?? false },
  rules: rules.map((rule) => ({ ...rule, where: undefined })),
})
