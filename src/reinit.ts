import { outputBeside } from './bytes/outputPath.js'
import { drawnBytes, plannedBytes } from './bytes/plannedBytes.js'
import { leftoverNote } from './bytes/staging.js'
import { usage } from './errors.js'
import { compareFeatures } from './compareFeatures.js'
import { findWeights } from './findWeights.js'
import { describeModel, describeSkipped, tool } from './inspect.js'
import { makePlan } from './makePlan.js'
import { compactNote } from './onnx/external/compactNote.js'
import { checkRunOptions } from './onnx/prepareRun.js'
import { runInputs } from './onnx/runInputs.js'
import { headFacts } from './head/headFacts.js'
import type { PlannedHead } from './planHead.js'
import { type Job, planJob } from './planJob.js'
import { changes, proofs, refuseUnproven } from './proofs.js'
import { readModel } from './readModel.js'
import type { ResolvedRule } from './recipe/resolveRules.js'
import type { ReinitOptions, ReinitPasses, ReinitReport } from './reports.js'
import { NOT_RUN } from './run/notRun.js'
import { requireRuntime } from './run/requireRuntime.js'
import { runModel } from './runModel.js'
import { refuseSkeleton } from './skeleton/refuseSkeleton.js'
import { stopwatch } from './stopwatch.js'
import type { Model, Plan, RunResult, Skipped, Staged } from './types.js'
import { verifyPlan } from './verifyPlan.js'
import { writePlan } from './writePlan.js'

/**
 * Refills the selected parameters of a model, writes it with every other byte as it was, and proves it: bytes, values, statistics, a run.
 * Nothing is written but the output, and that only when it is proven (default `<stem>.reinit.onnx` beside the input).
 * @throws ReinitError `usage` and `conflict` before any work; `invalid`, `io`, `proof`, `runtime` with no output left behind.
 */
export async function reinit(path: string, options: ReinitOptions): Promise<ReinitReport> {
  const report = await reinitPasses(path, options)
  return { ...report, changed: [...report.changed] }
}

/** For whoever goes through the changes rather than keeping them. */
export async function reinitPasses(path: string, options: ReinitOptions): Promise<ReinitPasses> {
  const isRun = options.run !== false && !options.dryRun
  if (isRun) requireRuntime()
  const clock = stopwatch()
  const model = readModel(path, options)
  try {
    refuseSkeleton(model)
    if (isRun) checkRunOptions(runInputs(model), options)
    const { plan, output, report, head, features } = prepare(model, path, options)
    if (options.dryRun) return { ...report, output: null, milliseconds: { read: clock(), write: 0, verify: 0, run: 0 } }
    const read = clock()
    const staged = await writePlan(plan, model, { ...options, isLast: options.verify === false && !isRun })
    try {
      const write = clock()
      const noted = {
        ...report,
        notes: [...report.notes, ...staged.leftovers.map(leftoverNote)],
      }
      const verification = options.verify === false ? null : await verifyPlan(plan, model, staged, readModel, options)
      if (verification) refuseUnproven(verification, plan.fills)
      const verify = clock()
      const ran = isRun ? await runModel(runnable(model, staged, path, plan), options) : NOT_RUN
      const run = await withFeatures(head ? withClasses(ran, head) : ran, model, staged, plan, features, options)
      const written = run.status === 'failed' ? [] : staged.commit()
      const proven = verification ? proofs(noted, plan.fills, verification) : noted
      return { ...proven, output: written.length > 0 ? output : null, written, run, milliseconds: { read, write, verify, run: clock() } }
    } finally {
      staged.discard()
    }
  } finally {
    model.close()
  }
}

/** A function of its own: lists and sets of a hundred thousand parameters, which only the planning needs, are gone behind it. */
function prepare(model: Model, path: string, options: ReinitOptions) {
  const { weights, skipped } = findWeights(model, options.fan)
  const job = planJob(model, weights, skipped, options)
  const { inPlace = false, overwrite = false, data = 'copy', compact = false } = options
  if (inPlace && options.output !== undefined) throw usage('--in-place and --output exclude each other.')
  const output = inPlace ? path : (options.output ?? outputBeside(path, '.reinit'))
  const plan = makePlan(model, job.fills.fills, { output, inPlace, overwrite, data, compact, ...job.changes })
  const described = describe(model, job, skipped, plan, options)
  const { head, features } = job
  return { plan, output, report: head ? { ...described, head: headFacts(head.head, head.classes) } : described, head, features }
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

/** A run in which other features enter a changed head than before is none. */
async function withFeatures(run: RunResult, model: Model, staged: Staged, plan: Plan, features: Job['features'], options: ReinitOptions) {
  if (run.status !== 'passed' || !features || features.names.length === 0) return run
  const compared = await compareFeatures(model, staged, plannedBytes(plan), features, options)
  if (compared.status !== 'different') return { ...run, features: compared }
  return { ...run, status: 'failed' as const, message: compared.message ?? '', features: compared }
}

function runnable(model: Model, staged: Staged, before: string, plan: Plan) {
  return { path: staged.modelPath, before, byteLength: plannedBytes(plan), inputs: runInputs(model) }
}

function describe(
  model: Model,
  { weights, rules, selected, fills: { fills, kept, notes, seed } }: Job,
  skipped: readonly Skipped[],
  plan: Plan,
  options: ReinitOptions,
): ReinitPasses {
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
    changed: changes(fills),
    skipped: [...kept, ...(isAll ? [] : skipped)].map(describeSkipped),
    kept: isAll ? [...[...skipped, ...kept].map(describeSkipped), ...unselected] : [],
    notes: options.compact ? [...notes, ...compactNote(model, plan)] : notes,
    bytes: { changed: drawnBytes(plan), total: plannedBytes(plan), identicalOutside: null },
    run: NOT_RUN,
    written: [],
    milliseconds: { read: 0, write: 0, verify: 0, run: 0 },
  }
}

/** What gives these bytes again. */
const recipeOf = (options: ReinitOptions, seed: string, rules: readonly ResolvedRule[]): ReinitReport['recipe'] => ({
  seed,
  rng: options.rng ?? 'philox',
  fan: options.fan ?? 'graph',
  shared: options.shared ?? 'refuse',
  ...(options.featureExtractor && { featureExtractor: selectionOf(options) }),
  ...(options.numClasses !== undefined && { numClasses: options.numClasses }),
  ...(options.labels && { labels: options.labels }),
  ...(options.keepClasses && { keepClasses: options.keepClasses }),
  checks: { verify: options.verify ?? true, run: options.run ?? true, strict: options.strict ?? false },
  ...(options.featureExtractor ? {} : { rules: rules.map((rule) => ({ ...rule, where: undefined })) }),
})

const selectionOf = ({ layers, head, all, opTypes, roles, exclude }: ReinitOptions) => ({ layers, head, all, opTypes, roles, exclude })
