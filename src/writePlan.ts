import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Copy, copyWhole } from './bytes/copyWhole.js'
import { FilePool } from './bytes/filePool.js'
import { CHUNK_BYTES, FileWindow } from './bytes/fileWindow.js'
import { FileWriter } from './bytes/fileWriter.js'
import { ioError } from './bytes/ioError.js'
import { moveIntoPlace, syncFile } from './bytes/moveIntoPlace.js'
import { pacer, type WorkOptions } from './bytes/pacer.js'
import { realPaths } from './bytes/realPaths.js'
import { segments } from './bytes/segments.js'
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
  const total = plan.files.reduce((sum, f) => sum + f.byteLength + drawnBytes(f), 0)
  const paths = plan.files.map((f) => join(folder, f.name))
  for (const path of [...paths, ...plan.companions.map((c) => join(folder, c.name))])
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const pace = pacer('write', total, options)
  const isReadAgain = plan.output === null || options.isLast !== true
  const finish: (() => void)[] = []
  for (const [i, file] of plan.files.entries()) finish.push(await layOut(file, paths[i] as string, plan, { pace, isReadAgain }))
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

/** Makes a file but for its drawn values, and gives what sets its mode and owner in the end. */
async function layOut(file: PlannedFile, path: string, plan: Plan, how: Copy): Promise<() => void> {
  const setMode = createFile(file, path, plan)
  const { source } = file
  const drawn = drawnBytes(file)
  const moved = firstMoved(file)
  if (source && (drawn + source.byteLength - moved) * 2 <= file.byteLength) {
    await copyWhole(source, path, how)
    refuseChanged([source])
    chmodSync(path, 0o600)
    if (file.byteLength !== source.byteLength) truncateSync(path, file.byteLength)
    await writeSegments(file, path, moved, () => Promise.resolve())
  } else await writeSegments(file, path, 0, how.pace)
  return setMode
}

const drawnBytes = ({ patches }: PlannedFile): number =>
  patches.reduce((sum, p) => sum + (p.content.kind === 'values' ? p.byteLength : 0), 0)

/** From here on the source's bytes have another place in the result; its end where none have. */
function firstMoved({ source, patches }: PlannedFile): number {
  const first = patches.find((p) => p.byteLength !== p.end - p.start)
  return first?.end ?? source?.byteLength ?? 0
}

const ZEROS = new Uint8Array(CHUNK_BYTES)

/** What is not drawn: the patches, and the bytes of the source around them from `keptFrom` of it on. */
async function writeSegments(file: PlannedFile, path: string, keptFrom: number, pace: (bytes: number) => Promise<void>): Promise<void> {
  const writer = new FileWriter(path)
  const sources = new FilePool((source) => new FileWindow(source))
  const copy = async (from: string, start: number, end: number, at: number) => {
    for (let done = start; done < end; done += CHUNK_BYTES) {
      const stop = Math.min(end, done + CHUNK_BYTES)
      writer.write(sources.get(from).read(done, stop), at + done - start)
      await pace(stop - done)
    }
  }
  try {
    for (const s of segments(file)) {
      if (s.kind === 'keep') {
        if (s.start >= keptFrom && file.source) await copy(file.source.path, s.start, s.end, s.at)
        continue
      }
      const { content, byteLength } = s.patch
      if (content.kind === 'bytes') writer.write(content.bytes, s.at)
      else if (content.kind === 'copy') await copy(content.source.path, content.start, content.start + byteLength, s.at)
      // a file that was copied first holds the source's bytes there
      else if (content.kind === 'zeros' && keptFrom > 0)
        for (let done = 0; done < byteLength; done += CHUNK_BYTES) writer.write(ZEROS.subarray(0, byteLength - done), s.at + done)
      if (content.kind !== 'copy') await pace(byteLength)
    }
  } finally {
    sources.close()
    writer.close()
  }
}

/**
 * A file of zeros. In the end it has the mode and owner of the file that it replaces, else the mode of its source under the user's umask, and
 * its owner may write it.
 */
function createFile({ path: final, source, byteLength }: PlannedFile, path: string, plan: Plan): () => void {
  const replaced = plan.output !== null && (plan.overwrite || plan.inPlace) ? statSync(final, { throwIfNoEntry: false }) : undefined
  const descriptor = openSync(path, 'wx', ((source ? statSync(source.path).mode : 0o666) | 0o200) & 0o777)
  try {
    const created = fstatSync(descriptor)
    ftruncateSync(descriptor, byteLength)
    return () => {
      if (replaced && (replaced.uid !== created.uid || replaced.gid !== created.gid)) giveTo(path, replaced.uid, replaced.gid)
      chmodSync(path, (replaced ?? created).mode & 0o7777)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Only root can give files away: where it fails the file is the user's own, like any that he makes. */
function giveTo(path: string, user: number, group: number): void {
  try {
    chownSync(path, user, group)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
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
