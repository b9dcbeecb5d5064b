import { basename, dirname, join } from 'node:path'
import { ReinitError, usage } from './errors.js'
import { findNotes } from './findNotes.js'
import { findWeights } from './findWeights.js'
import { describeModel, describeSkipped, describeWeight, tool } from './inspect.js'
import { makePlan } from './makePlan.js'
import { type Fills, planFills } from './planFills.js'
import { readModel } from './readModel.js'
import type { ReinitOptions, ReinitReport, ReportChange } from './reports.js'
import { checkRunOptions, requireRuntime, runModel } from './runModel.js'
import { selectWeights } from './selectWeights.js'
import type { InitializerSpec, Model, Plan, RunResult, Skipped, Staged, Verification, Weight } from './types.js'
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
    const selected = selectWeights(weights, skipped, options)
    const fills = planFills(model, selected, options)
    if (fills.fills.length === 0)
      throw usage(`Nothing that is selected can be changed: ${fills.kept[0]?.detail ?? 'no values'} (${fills.kept[0]?.name ?? ''}).`)
    const redrawn = new Set(fills.fills.map((f) => f.weight))
    const notes = [...fills.notes, ...findNotes(model, weights, redrawn).lines]
    const { inPlace = false, overwrite = false, data = 'copy' } = options
    if (inPlace && options.output !== undefined) throw usage('--in-place and --output exclude each other.')
    const output = inPlace ? path : (options.output ?? join(dirname(path), `${basename(path).replace(/\.onnx$/i, '')}.reinit.onnx`))
    const plan = makePlan(model, fills.fills, { output, inPlace, overwrite, data })
    const report = describe(model, weights, skipped, selected, { ...fills, notes }, plan, options)
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
      const run = isRun ? await runModel(runnable(model, staged, path, plan), options) : NOT_RUN
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
    const { before, after, sha256, checks } = verification.fills[i] as Verification['fills'][number]
    return { ...c, before, after, sha256, checks }
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
  weights: readonly Weight[],
  skipped: readonly Skipped[],
  selected: ReadonlySet<Weight>,
  { fills, kept, notes, seed, initializer }: Fills,
  plan: Plan,
  options: ReinitOptions,
): ReinitReport {
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
    recipe: recipeOf(options, seed, initializer),
    changed: fills.map((f) => {
      const { name, layer, scope, role, dataType, shape, fanIn, fanOut } = describeWeight(f.weight, true)
      const { mean, std, min, max } = f.distribution
      const { parameters, name: drawn } = f.initializer
      const rest = Object.entries(parameters).filter(([key]) => key !== 'gain')
      return {
        ...{ name, layer, scope, role, dataType, shape, fanIn, fanOut },
        initializer: drawn,
        gain: f.gain,
        ...(rest.length > 0 ? { parameters: Object.fromEntries(rest) } : {}),
        why: f.why,
        expected: { mean, std, min, max },
        ...{ before: null, after: null, sha256: null, checks: [] },
      }
    }),
    skipped: [...kept, ...(options.all ? [] : skipped)].map(describeSkipped),
    kept: options.all ? [...[...skipped, ...kept].map(describeSkipped), ...unselected] : [],
    notes,
    bytes: { changed: changedBytes(plan), total: plan.files.reduce((n, f) => n + f.byteLength, 0), identicalOutside: null },
    run: NOT_RUN,
    written: [],
    milliseconds: { read: 0, write: 0, verify: 0, run: 0 },
  }
}

const changedBytes = ({ files }: Plan) =>
  files.reduce((n, f) => n + f.patches.reduce((m, p) => m + (p.content.kind === 'values' ? p.byteLength : 0), 0), 0)

/** The settings that give these bytes again. */
function recipeOf(options: ReinitOptions, seed: string, initializer: InitializerSpec): Record<string, unknown> {
  const { layers, head, all, opTypes, roles, exclude } = options
  const selection = Object.fromEntries(
    Object.entries({ layers, head, all, opTypes, roles, exclude }).filter(([, v]) => v !== undefined && v !== false),
  )
  return {
    seed,
    rng: options.rng ?? 'philox',
    fan: options.fan ?? 'graph',
    shared: options.shared ?? 'refuse',
    rules: [{ ...selection, init: initializer, bias: options.bias ?? 'zeros' }],
  }
}
