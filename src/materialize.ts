import { statfsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { compareFile } from './bytes/compareFile.js'
import { FilePool } from './bytes/filePool.js'
import { CHUNK_BYTES, FileWindow } from './bytes/fileWindow.js'
import { hashFile, type ValuesPatch } from './bytes/hashFile.js'
import { outputBeside, outputPath, refuseTaken } from './bytes/outputPath.js'
import { pacer, type WorkOptions } from './bytes/pacer.js'
import { plannedBytes } from './bytes/plannedBytes.js'
import { MAX_MESSAGE_BYTES, splice } from './bytes/splice.js'
import { leftoverNote } from './bytes/staging.js'
import { ReinitError, usage } from './errors.js'
import { tool } from './inspect.js'
import { makePlan } from './makePlan.js'
import { placesOf } from './onnx/placesOf.js'
import { type Materialized, planMaterialized } from './planMaterialized.js'
import { readModel } from './readModel.js'
import { readSkeleton } from './readSkeleton.js'
import type { MaterializeOptions, MaterializeReport } from './reports.js'
import { stopwatch } from './stopwatch.js'
import type { Plan, PlannedFile, Staged } from './types.js'
import { writePlan } from './writePlan.js'

/**
 * Draws the values of a skeleton that `strip` wrote: the same bytes everywhere, checked by the skeleton's hash. `data: 'external'` writes them
 * to a data file beside the model, which a model beyond 2 GiB needs (default output `<stem>.onnx`, without `.skeleton`).
 * @throws ReinitError `usage` before any work; `invalid` where the skeleton asks for what it can't have, `io`, and `proof` where the bytes
 * have another hash, with no output left behind.
 */
export async function materialize(path: string, options: MaterializeOptions = {}): Promise<MaterializeReport> {
  const clock = stopwatch()
  const { output = defaultOutput(path), overwrite = false, data = 'inline' } = options
  if (output === '-') throw usage('A model is written to a file: give its name with -o.')
  const model = readModel(path, options)
  try {
    const skeleton = readSkeleton(model)
    const name = data === 'external' ? `${basename(outputPath(output))}.data` : null
    const materialized = planMaterialized(model, skeleton, name)
    const { whole } = materialized
    const { sha256, byteLength, seed, tool: by } = skeleton.facts
    if (whole.byteLength !== byteLength)
      throw new ReinitError('invalid', `The skeleton says ${byteLength} bytes, but its tensors make a model of ${whole.byteLength}.`)
    if (data === 'inline' && byteLength > MAX_MESSAGE_BYTES)
      throw usage(`The model has ${byteLength} bytes, and protobuf ends at ${MAX_MESSAGE_BYTES}: give --data external.`)
    const base = makePlan(model, [], { output, inPlace: false, overwrite, data: 'inline', patches: materialized.model })
    const plan = { ...base, fills: skeleton.fills, files: [...dataFiles(materialized, name, output, overwrite), ...base.files] }
    refuseFull(plan)
    const staged = await writePlan(plan, model, options)
    try {
      await refuseUnproven(plan, whole, staged, sha256, options)
      const written = staged.commit()
      return {
        schema: 1,
        tool,
        input: path,
        output,
        seed,
        by,
        tensors: skeleton.holes.length,
        byteLength,
        sha256,
        data,
        files: plan.files.map((f) => ({ name: f.name, byteLength: f.byteLength })),
        notes: staged.leftovers.map(leftoverNote),
        written,
        milliseconds: clock(),
      }
    } finally {
      staged.discard()
    }
  } finally {
    model.close()
  }
}

/** Without .skeleton, or else with .materialized. */
function defaultOutput(path: string): string {
  const plain = path.replace(/\.skeleton(\.onnx)?$/i, '$1')
  return outputBeside(plain, plain === path ? '.materialized' : '')
}

function dataFiles({ data }: Materialized, name: string | null, output: string, overwrite: boolean): PlannedFile[] {
  if (name === null || data.length === 0) return []
  const folder = dirname(outputPath(output))
  refuseTaken(folder, [name], overwrite)
  const byteLength = data.reduce((sum, p) => sum + p.byteLength, 0)
  return [{ path: join(folder, name), name, source: null, byteLength, patches: splice(data) }]
}

/** A file of a few kilobytes can ask for more than there is. */
function refuseFull({ output, files }: Plan): void {
  if (output === null) return
  const folder = dirname(output)
  const { bavail, bsize } = statfsSync(folder)
  const needed = plannedBytes({ files })
  if (needed > bavail * bsize)
    throw new ReinitError('io', `The model takes ${needed} bytes, and ${folder} has ${bavail * bsize} free: give another folder with -o.`)
}

/** All bytes that are not drawn are the plan's, and those that are, read back, have the skeleton's hash with them. */
async function refuseUnproven(plan: Plan, whole: PlannedFile, staged: Staged, sha256: string, options: WorkOptions): Promise<void> {
  const files = new FilePool((path) => new FileWindow(path))
  const places = placesOf(plan)
  const pace = pacer('verify', plannedBytes(plan) + whole.byteLength, options)
  function* readBack({ content, byteLength }: ValuesPatch): Iterable<Uint8Array> {
    const [place] = places(content.fill)
    if (!place) return
    const file = files.get(staged.files[place.file] as string)
    for (let at = 0; at < byteLength; at += CHUNK_BYTES) yield file.read(place.at + at, place.at + Math.min(byteLength, at + CHUNK_BYTES))
  }
  try {
    for (const [i, file] of plan.files.entries()) {
      const difference = await compareFile(file, staged.files[i] as string, files, pace)
      if (difference !== null) throw new ReinitError('proof', `What was drawn does not fit the skeleton, and was not kept: ${difference}.`)
    }
    const found = await hashFile(whole, readBack, pace)
    if (found !== sha256)
      throw new ReinitError('proof', `The model that was drawn has SHA-256 ${found}, the skeleton's is ${sha256}: it was not kept.`)
  } finally {
    files.close()
  }
}
