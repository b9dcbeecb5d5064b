import { hashFile } from './bytes/hashFile.js'
import { outputBeside } from './bytes/outputPath.js'
import { pacer, type WorkOptions } from './bytes/pacer.js'
import { MAX_MESSAGE_BYTES } from './bytes/splice.js'
import { leftoverNote } from './bytes/staging.js'
import { calibrate } from './calibrate.js'
import { ReinitError, usage } from './errors.js'
import { tool } from './inspect.js'
import { makePlan } from './makePlan.js'
import { drawInOrder } from './onnx/drawInOrder.js'
import { concat, field } from './onnx/edit/encodeFields.js'
import { insertBytes } from './onnx/edit/scanFields.js'
import { planMaterialized } from './planMaterialized.js'
import { planScrambled, type Scrambled } from './planScrambled.js'
import { type PlannedSkeleton, planSkeleton } from './planSkeleton.js'
import { readModel } from './readModel.js'
import { readSkeleton } from './readSkeleton.js'
import type { StripOptions, StripReport } from './reports.js'
import { audited, describeScrambled } from './scramble.js'
import { METADATA_PROPS, SKELETON_KEY, SKELETON_VERSION, type SkeletonRecipe } from './skeleton/skeletonRecipe.js'
import { stopwatch } from './stopwatch.js'
import type { FramedPatch, Model, Plan, PlannedFile } from './types.js'
import { writePlan } from './writePlan.js'

/**
 * Writes a model without its values: graph, shapes and types as they are, every learned value left out, and the recipe by which
 * `materialize` draws the bytes that `scramble` of the same seed writes (with all data inside). It is proven by a second draw, from the
 * skeleton alone, and audited: what learned values survive is reported, and then nothing is kept (default output `<stem>.skeleton.onnx` beside
 * the input).
 * @throws ReinitError `usage` and `conflict` before any work; `invalid`, `io`, `proof` with no output left behind.
 */
export async function strip(path: string, options: StripOptions = {}): Promise<StripReport> {
  const clock = stopwatch()
  if (options.output === '-') throw usage('A skeleton is written to a file: give its name with -o.')
  const { leastBytes = 0 } = options
  if (!(Number.isInteger(leastBytes) && leastBytes >= 0)) throw usage(`--least-bytes ${leastBytes} is not a whole number from 0.`)
  const model = readModel(path, options)
  try {
    if (model.metadata.has(SKELETON_KEY)) throw usage(`${path} is a skeleton already.`)
    const { output = outputBeside(path, '.skeleton'), overwrite = false } = options
    const place = { output, inPlace: false, overwrite, data: 'inline', limit: Number.MAX_SAFE_INTEGER } as const
    // an output that is in the way is refused before any work
    makePlan(model, [], place)
    const inline = { ...options, data: 'inline' } as const
    const calibrated = options.calibrate ? await calibrate(model, output, inline) : null
    const scrambled = planScrambled(model, inline, calibrated?.factors)
    const { fills, edits, patches, removed, isRenamed, seed } = scrambled
    const skeleton = planSkeleton(model, fills, { removed, isRenamed, leastBytes: options.leastBytes })
    const changes = { ...place, edits, removed, isRenamed }
    const whole = makePlan(model, fills, { ...changes, patches })
    const { byteLength } = whole.files.at(-1) as PlannedFile
    const sha256 = await hashDrawn(whole, model, 'draw', options)
    const recipe: SkeletonRecipe = { version: SKELETON_VERSION, tool, sha256, byteLength, seed, ...skeleton.recipe }
    const drawn = skeleton.drawn.map((d) => d.fill)
    const plan = makePlan(model, drawn, {
      ...changes,
      limit: MAX_MESSAGE_BYTES,
      leftOut: skeleton.leftOut,
      patches: [...patches, entryOf(model, recipe)],
    })
    const staged = await writePlan(plan, model, options)
    try {
      await refuseUnproven(staged.modelPath, sha256, options)
      const audit = options.audit === false ? null : await audited(model, staged, scrambled, options)
      const written = audit === null || audit.clean ? staged.commit() : []
      const after = {
        output: written.length > 0 ? output : null,
        audit,
        byteLength: (plan.files.at(-1) as PlannedFile).byteLength,
        written,
      }
      const calibration = calibrated && calibrated.report
      const described = describe(model, scrambled, skeleton, recipe)
      return {
        ...described,
        ...after,
        calibration,
        notes: [...described.notes, ...[...(calibrated?.leftovers ?? []), ...staged.leftovers].map(leftoverNote)],
        milliseconds: clock(),
      }
    } finally {
      staged.discard()
    }
  } finally {
    model.close()
  }
}

/** SHA-256 of a plan's last file, as it would be. */
function hashDrawn(plan: Pick<Plan, 'fills' | 'files'>, model: Model, stage: string, options: WorkOptions): Promise<string> {
  const file = plan.files.at(-1) as PlannedFile
  return hashFile(file, drawInOrder(plan, model), pacer(stage, file.byteLength, options))
}

/** The last of the model's metadata. */
const entryOf = (model: Model, recipe: SkeletonRecipe): FramedPatch =>
  insertBytes(
    model.byteLength,
    { parent: null, lengthStart: 0, start: 0, end: model.byteLength },
    field(METADATA_PROPS, concat(field(1, SKELETON_KEY), field(2, JSON.stringify(recipe)))),
  )

/** The staged skeleton, and nothing else, has to give the same bytes. */
async function refuseUnproven(path: string, sha256: string, options: WorkOptions): Promise<void> {
  const model = readModel(path)
  try {
    const skeleton = readSkeleton(model)
    const { whole } = planMaterialized(model, skeleton, null)
    const again = await hashDrawn({ fills: skeleton.fills, files: [whole] }, model, 'verify', options)
    if (again !== sha256)
      throw new ReinitError('proof', `The skeleton gives other bytes (SHA-256 ${again}) than were drawn (${sha256}): it was not kept.`)
  } finally {
    model.close()
  }
}

function describe(
  model: Model,
  scrambled: Scrambled,
  { leftOut, drawn }: PlannedSkeleton,
  { sha256, byteLength }: SkeletonRecipe,
): Omit<StripReport, 'output' | 'byteLength' | 'written' | 'audit' | 'calibration' | 'milliseconds'> {
  const external = [...model.externalFiles.values()].reduce((sum, f) => sum + f.byteLength, 0)
  return {
    schema: 1,
    tool,
    input: model.path,
    inputByteLength: model.byteLength + external,
    ...describeScrambled(scrambled),
    materialized: { byteLength, sha256 },
    leftOut: { tensors: leftOut.length, elementCount: leftOut.reduce((sum, f) => sum + f.weight.tensor.elementCount, 0) },
    drawn: drawn.map(({ fill: { weight }, reason, byteLength: bytes }) => ({
      name: weight.tensor.name,
      scope: weight.tensor.graph.scope,
      reason,
      byteLength: bytes,
    })),
  }
}
