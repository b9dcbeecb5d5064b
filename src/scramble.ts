import { auditFiles } from './auditFiles.js'
import { outputBeside } from './bytes/outputPath.js'
import { drawnBytes, plannedBytes } from './bytes/plannedBytes.js'
import { leftoverNote } from './bytes/staging.js'
import { type Calibrated, calibrate } from './calibrate.js'
import { deviations } from './deviations.js'
import { usage } from './errors.js'
import { describeModel, tool } from './inspect.js'
import { makePlan } from './makePlan.js'
import { checkRunOptions } from './onnx/prepareRun.js'
import { runInputs } from './onnx/runInputs.js'
import { planScrambled, type Scrambled } from './planScrambled.js'
import { changes, proofs, refuseUnproven } from './proofs.js'
import { readModel } from './readModel.js'
import type { ReportKept, ScrambleOptions, ScrambleReport } from './reports.js'
import { NOT_RUN } from './run/notRun.js'
import { requireRuntime } from './run/requireRuntime.js'
import { runModel } from './runModel.js'
import { neededMetadata } from './scramble/messages.js'
import { renamedRun } from './scramble/renamedRun.js'
import { refuseSkeleton } from './skeleton/refuseSkeleton.js'
import { stopwatch } from './stopwatch.js'
import type { Audit, Kept, Model, Plan, Staged } from './types.js'
import { verifyPlan } from './verifyPlan.js'
import { writePlan } from './writePlan.js'

/**
 * A model that may be shared: same graph, same shapes, and nothing left that was learned. Every learned value is drawn anew wherever it
 * lives, what tells of the model's origin goes, and what stays is listed with its reason. Written (default `<stem>.scrambled.onnx` beside the
 * input) only where it is proven: bytes, values, a run.
 * @throws ReinitError `usage` and `conflict` before any work; `invalid`, `io`, `proof`, `runtime` with no output left behind.
 */
export async function scramble(path: string, options: ScrambleOptions = {}): Promise<ScrambleReport> {
  const isRun = options.run !== false && !options.dryRun
  if (options.output === '-') throw usage('A scrambled model is written to a file: give its name with -o.')
  if (options.calibrate && !isRun) throw usage('--calibrate is made of runs: it does not go with --no-run and --dry-run.')
  if (isRun) requireRuntime()
  const clock = stopwatch()
  const model = readModel(path, options)
  try {
    refuseSkeleton(model)
    if (isRun) checkRunOptions(runInputs(model), options)
    const place = placeOf(path, options)
    const first = planScrambled(model, options)
    const firstPlan = planOf(model, first, place)
    const calibrated = options.calibrate ? await calibrate(model, place.output, options) : null
    const isScaled = calibrated !== null && calibrated.factors.size > 0
    const scrambled = isScaled ? planScrambled(model, options, calibrated.factors) : first
    const plan = isScaled ? planOf(model, scrambled, place) : firstPlan
    const report = describe(model, scrambled, plan, calibrated, options)
    if (options.dryRun) return { ...report, milliseconds: { read: clock(), write: 0, verify: 0, run: 0 } }
    const read = clock()
    const staged = await writePlan(plan, model, options)
    try {
      const write = clock()
      const leftovers = [...(calibrated?.leftovers ?? []), ...staged.leftovers]
      const noted = { ...report, notes: [...report.notes, ...leftovers.map(leftoverNote)] }
      const verification = options.verify === false ? null : await verifyPlan(plan, model, staged, readModel, options)
      if (verification) refuseUnproven(verification, plan.fills)
      const audit = options.audit === false ? null : await audited(model, staged, scrambled, options)
      const verify = clock()
      const after = { path: staged.modelPath, byteLength: plannedBytes(plan), ...renamedRun(runInputs(model), options, scrambled.nameOf) }
      const run = isRun ? await runModel({ ...after, before: path }, after.options) : NOT_RUN
      const spread = run.status === 'passed' ? await deviations(model, after, run, scrambled.nameOf, options) : []
      const isSafe = audit === null || audit.clean
      const written = run.status === 'failed' || !isSafe ? [] : staged.commit()
      const milliseconds = { read, write, verify, run: clock() }
      const proven = verification ? proofs(noted, plan.fills, verification) : noted
      return {
        ...proven,
        changed: [...proven.changed],
        output: written.length > 0 ? place.output : null,
        written,
        audit,
        run,
        deviations: spread,
        milliseconds,
      }
    } finally {
      staged.discard()
    }
  } finally {
    model.close()
  }
}

/** Whether anything that was learned survives in the staged files. */
export async function audited(
  model: Model,
  staged: Staged,
  { weights, kept, renamed, keptNames }: Scrambled,
  options: ScrambleOptions,
): Promise<Audit> {
  const after = readModel(staged.modelPath)
  try {
    const stays = kept.map(({ at, reason }) => ({ tensor: { at }, reason }))
    // what names one thing can be part of the name of another, which stays
    const all = keptNames.join('\n')
    const gone = Object.values(renamed)
      .flat()
      .filter((name) => !all.includes(name))
    const keptStrings = [...model.metadata].flatMap((entry) => (neededMetadata.has(entry[0]) ? entry : []))
    return await auditFiles(model, after, { weights, stays, keptStrings, renamed: gone }, options)
  } finally {
    after.close()
  }
}

type Place = Pick<Parameters<typeof makePlan>[2], 'output' | 'inPlace' | 'overwrite' | 'data'>

function placeOf(path: string, { output, overwrite = false, data = 'copy' }: ScrambleOptions): Place {
  return { output: output ?? outputBeside(path, '.scrambled'), inPlace: false, overwrite, data }
}

function planOf(model: Model, { fills, edits, patches, removed, isRenamed }: Scrambled, place: Place): Plan {
  // of a data file that is copied whole, what no tensor uses would stay
  return makePlan(model, fills, { ...place, edits, patches, removed, isRenamed, compact: place.data === 'copy' })
}

function describe(model: Model, scrambled: Scrambled, plan: Plan, calibrated: Calibrated | null, options: ScrambleOptions): ScrambleReport {
  const { weights, fills, attributes } = scrambled
  return {
    schema: 1,
    tool,
    input: model.path,
    output: null,
    model: { ...describeModel(model), parameterCount: weights.length, layerCount: new Set(weights.map((w) => w.layer)).size },
    ...describeScrambled(scrambled),
    like: options.like ?? 'auto',
    rename: options.rename ?? 'none',
    changed: [...changes(fills)],
    attributes,
    calibration: calibrated && calibrated.report,
    bytes: { changed: drawnBytes(plan), total: plannedBytes(plan), identicalOutside: null },
    audit: null,
    run: NOT_RUN,
    deviations: [],
    written: [],
    milliseconds: { read: 0, write: 0, verify: 0, run: 0 },
  }
}

/** What a scrambled model and its skeleton say alike. */
export const describeScrambled = ({ seed, kept, dropped, renamed, notes }: Scrambled) => ({
  seed,
  kept: kept.map(describeKept),
  dropped,
  renamed: Object.fromEntries(Object.entries(renamed).flatMap(([kind, names]) => (names.length > 0 ? [[kind, names.length]] : []))),
  notes,
})

const describeKept = ({ name, scope, what, dataType, reason, detail, elementCount, byteLength }: Kept): ReportKept => ({
  name,
  scope,
  what,
  dataType,
  reason,
  detail,
  elementCount,
  byteLength,
})
