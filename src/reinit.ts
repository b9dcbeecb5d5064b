import { basename, dirname, join } from 'node:path'
import { ReinitError, usage } from './errors.js'
import { compareFeatures } from './compareFeatures.js'
import { findWeights } from './findWeights.js'
import { describeModel, describeSkipped, tool } from './inspect.js'
import { makePlan } from './makePlan.js'
import { compactNote } from './onnx/compactNote.js'
import { describeQuantization, follows } from './onnx/quantized/describePart.js'
import { headFacts } from './head/headFacts.js'
import type { PlannedHead } from './planHead.js'
import { type Job, planJob } from './planJob.js'
import { readModel } from './readModel.js'
import type { ResolvedRule } from './recipe/resolveRules.js'
import type { ReinitOptions, ReinitPasses, ReinitReport, ReportChange } from './reports.js'
import { requireRuntime } from './run/requireRuntime.js'
import { checkRunOptions, runModel } from './runModel.js'
import type { Model, Moments, Plan, PlannedFill, RunResult, Skipped, Staged, Verification, VerifiedFill } from './types.js'
import { refuseSkeleton } from './skeleton/refuseSkeleton.js'
import { verifyPlan } from './verifyPlan.js'
import { writePlan } from './writePlan.js'

export const NOT_RUN: RunResult = { status: 'disabled', runtime: null, inputs: [], outputs: [] }

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
    const { weights, skipped } = findWeights(model, options.fan)
    const job = planJob(model, weights, skipped, options)
    const { inPlace = false, overwrite = false, data = 'copy', compact = false } = options
    if (inPlace && options.output !== undefined) throw usage('--in-place and --output exclude each other.')
    const output = inPlace ? path : (options.output ?? join(dirname(path), `${basename(path).replace(/\.onnx$/i, '')}.reinit.onnx`))
    const plan = makePlan(model, job.fills.fills, { output, inPlace, overwrite, data, compact, ...job.changes })
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
      if (verification) refuseUnproven(verification, plan.fills)
      const verify = clock()
      const ran = isRun ? await runModel(runnable(model, staged, path, plan), options) : NOT_RUN
      const run = await withFeatures(head ? withClasses(ran, head) : ran, model, staged, plan, job, options)
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
async function withFeatures(run: RunResult, model: Model, staged: Staged, plan: Plan, { features }: Job, options: ReinitOptions) {
  if (run.status !== 'passed' || !features || features.names.length === 0) return run
  const compared = await compareFeatures(model, staged, byteLengthOf(plan), features, options)
  if (compared.status !== 'different') return { ...run, features: compared }
  return { ...run, status: 'failed' as const, message: compared.message ?? '', features: compared }
}

/** Milliseconds since the last call. */
export function stopwatch(): () => number {
  // `performance` is one of Node's modules that are loaded when they are asked for
  let last = Date.now()
  return () => {
    const now = Date.now()
    const passed = now - last
    last = now
    return passed
  }
}

export const runInputs = ({ graph }: Model) => graph.inputs.filter((v) => graph.defined.get(v.name) === v)

function runnable(model: Model, staged: Staged, before: string, plan: Plan) {
  return { path: staged.modelPath, before, byteLength: byteLengthOf(plan), inputs: runInputs(model) }
}

export const byteLengthOf = ({ files }: Plan) => files.reduce((sum, f) => sum + f.byteLength, 0)

export function refuseUnproven({ identicalOutside, difference, fills: proven }: Verification, fills: readonly PlannedFill[]): void {
  if (!identicalOutside)
    throw new ReinitError('proof', `The result differs from the input outside the plan and was not kept: ${difference}.`)
  const wrong = proven.findIndex((f) => !f.redrawn)
  if (wrong >= 0)
    throw new ReinitError(
      'proof',
      `Tensor ${JSON.stringify(fills[wrong]?.weight.tensor.name)} reads back other values than were drawn: the result was not kept.`,
    )
}

/** The report with what was proven; a failed test of values that are as drawn is a warning. */
export function proofs<R extends Pick<ReinitPasses, 'changed' | 'notes' | 'bytes'>>(
  report: R,
  fills: readonly PlannedFill[],
  verification: Verification,
): R & Pick<ReinitPasses, 'changed'> {
  const alarms = verification.fills.flatMap(({ checks }, i) =>
    checks
      .filter((k) => !k.passed)
      .map((k) => {
        const [statistic, limit] = [k.statistic.toPrecision(4), k.limit.toPrecision(4)]
        return `${fills[i]?.weight.tensor.name}: the ${k.name} test gives ${statistic} over ${limit}, though the values are as drawn`
      }),
  )
  const bytes = { ...report.bytes, identicalOutside: true }
  return { ...report, changed: changes(fills, verification.fills), notes: [...report.notes, ...alarms], bytes }
}

/** What becomes of each fill's tensor, and what was proven of it, in passes. */
export const changes = (fills: readonly PlannedFill[], proven: readonly VerifiedFill[] = []): Iterable<ReportChange> => ({
  *[Symbol.iterator]() {
    for (const [i, fill] of fills.entries()) yield describeChange(fill, proven[i] ?? UNPROVEN)
  },
})

type Proven = Pick<VerifiedFill, 'before' | 'sha256' | 'checks' | 'saturated'> & { readonly after: Moments | null }

const UNPROVEN: Proven = { before: null, after: null, sha256: null, checks: [] }

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
    bytes: { changed: changedBytes(plan), total: byteLengthOf(plan), identicalOutside: null },
    run: NOT_RUN,
    written: [],
    milliseconds: { read: 0, write: 0, verify: 0, run: 0 },
  }
}

/** One literal: spreads take a hundred times as long. The scales and zero points that follow a weight have no distribution of their own. */
function describeChange(f: PlannedFill, proven: Proven): ReportChange {
  const { weight, part, initializer } = f
  const { tensor, fan } = weight
  const followed = follows(part)
  const expected = followed === null ? f.distribution : UNEXPECTED
  const rest = followed === null ? Object.entries(initializer.parameters).filter(([key]) => key !== 'gain') : []
  const quantization = describeQuantization(f)
  return {
    name: tensor.name,
    layer: weight.layer,
    scope: tensor.graph.scope,
    role: weight.role,
    dataType: tensor.dataType,
    shape: tensor.denseDims ?? tensor.dims,
    fanIn: fan?.fanIn ?? null,
    fanOut: fan?.fanOut ?? null,
    initializer: followed === null ? initializer.name : 'quantization',
    gain: followed === null ? f.gain : null,
    ...(rest.length > 0 && { parameters: Object.fromEntries(rest) }),
    why: followed ?? f.why,
    expected: { mean: expected.mean, std: expected.std, min: expected.min, max: expected.max },
    ...(quantization && { quantization: { ...quantization, saturated: proven.saturated ?? null } }),
    before: proven.before,
    after: proven.after,
    sha256: proven.sha256,
    checks: proven.checks,
  }
}

const UNEXPECTED = { mean: null, std: null, min: null, max: null }

export const changedBytes = ({ files }: Plan) =>
  files.reduce((n, f) => n + f.patches.reduce((m, p) => m + (p.content.kind === 'values' ? p.byteLength : 0), 0), 0)

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
