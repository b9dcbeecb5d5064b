import { randomUUID } from 'node:crypto'
import { constants, createReadStream, linkSync, mkdirSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createFile } from './bytes/createFile.js'
import { FilePool } from './bytes/filePool.js'
import { FileWriter } from './bytes/fileWriter.js'
import { ioError } from './bytes/ioError.js'
import { layOut } from './bytes/layOut.js'
import { moveIntoPlace, syncFile } from './bytes/moveIntoPlace.js'
import { pacer, type WorkOptions } from './bytes/pacer.js'
import { drawnBytes, plannedBytes } from './bytes/plannedBytes.js'
import { realPaths } from './bytes/realPaths.js'
import { refuseChanged } from './bytes/sourceFile.js'
import { closeStaging, openStaging, removeLeftovers } from './bytes/staging.js'
import { unitsPass } from './onnx/drawUnits.js'
import { drawBytes } from './onnx/drawValues.js'
import { placesOf, sourcesOf } from './onnx/placesOf.js'
import type { Model, Plan, PlannedFile, Staged } from './types.js'

export interface WriteOptions extends WorkOptions {
  /** Nothing here reads the result again: the page cache need not hold it. */
  readonly isLast?: boolean
}

/**
 * Makes the files of a plan in a fresh folder beside the output, whole and under their final names; nothing is in its place before
 * `commit`. Memory is constant, whatever the sizes. On any error, and when `signal` aborts, nothing is left behind.
 * @throws ReinitError `io` where the disk refuses or the input changes meanwhile, `conflict` where another run writes the same output.
 */
export async function writePlan(plan: Plan, model: Model, options: WriteOptions = {}): Promise<Staged> {
  const parent = plan.output === null ? tmpdir() : dirname(plan.output)
  const name = plan.output === null ? (plan.files.at(-1) as PlannedFile).name : basename(plan.output)
  let folder: string
  let leftovers: string[]
  try {
    options.signal?.throwIfAborted()
    leftovers = removeLeftovers(parent)
    folder = openStaging(parent, plan.output === null ? randomUUID() : name)
  } catch (error) {
    throw ioError(error, `A folder in ${parent} can't be made`)
  }
  const discard = () => {
    options.signal?.removeEventListener('abort', discard)
    closeStaging(folder)
  }
  options.signal?.addEventListener('abort', discard)
  try {
    const files = await stage(plan, model, folder, options)
    return {
      modelPath: join(folder, name),
      folder,
      files,
      leftovers,
      commit: () => commit(plan, files, discard),
      stream: (to) => stream(join(folder, name), to),
      discard,
    }
  } catch (error) {
    discard()
    throw ioError(options.signal?.aborted ? options.signal.reason : error, `${plan.output ?? 'The output'} can't be written`)
  }
}

async function stage(plan: Plan, model: Model, folder: string, options: WriteOptions): Promise<string[]> {
  const places = placesOf(plan)
  const total = plannedBytes(plan) + drawnBytes(plan)
  const paths = plan.files.map((f) => join(folder, f.name))
  for (const path of [...paths, ...plan.companions.map((c) => join(folder, c.name))])
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const pace = pacer('write', total, options)
  const isReadAgain = plan.output === null || options.isLast !== true
  const finish: (() => void)[] = []
  for (const [i, file] of plan.files.entries()) {
    const path = paths[i] as string
    finish.push(createFile(file, path, plan))
    await layOut(file, path, { pace, isReadAgain })
  }
  const writers = new FilePool((path) => new FileWriter(path))
  try {
    const units = unitsPass(model)
    for (const [i, fill] of plan.fills.entries())
      for (const { file, at, bytes } of drawBytes(units(fill), fill.weight.tensor, places(i))) {
        writers.get(paths[file] as string).write(bytes, at)
        await pace(bytes.length)
      }
  } finally {
    writers.close()
  }
  for (const setMode of finish) setMode()
  const realOf = realPaths()
  for (const { name, path } of plan.companions) await linkFile(realOf(path), join(folder, name))
  refuseChanged(sourcesOf(plan))
  return paths
}

/** The file under another name, without its bytes where the system allows: no links across disks, to others' files, or on some disks. */
async function linkFile(path: string, name: string): Promise<void> {
  try {
    linkSync(path, name)
  } catch {
    await copyFile(path, name, constants.COPYFILE_FICLONE)
  }
}

function commit(plan: Plan, staged: readonly string[], discard: () => void): string[] {
  const written = plan.files.map((f) => f.path)
  try {
    if (plan.output === null) return []
    for (const path of staged) syncFile(path)
    const moves = written.map((to, i) => ({ from: staged[i] as string, to }))
    moveIntoPlace(moves, { replace: plan.overwrite || plan.inPlace, keepLast: plan.inPlace })
    return written
  } catch (error) {
    throw ioError(error, `${plan.output ?? 'The output'} can't be put in place`)
  } finally {
    discard()
  }
}

async function stream(path: string, to: NodeJS.WritableStream): Promise<void> {
  try {
    await pipeline(createReadStream(path), to, { end: false })
  } catch (error) {
    throw ioError(error, "The output can't be written to the stream")
  }
}
