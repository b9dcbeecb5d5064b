import { lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { ioError } from './bytes/ioError.js'
import { outputPath, refuseTaken } from './bytes/outputPath.js'
import { realPaths } from './bytes/realPaths.js'
import { sourceFile } from './bytes/sourceFile.js'
import { MAX_MESSAGE_BYTES, splice } from './bytes/splice.js'
import { leftoverLinks } from './bytes/staging.js'
import { statIfThere } from './bytes/statIfThere.js'
import { ReinitError, usage } from './errors.js'
import { placeData, type PlacedData } from './onnx/external/placeData.js'
import { editTensor } from './onnx/edit/rewriteTensor.js'
import { refuseConflicts, refuseSharedBytes } from './onnx/refuseConflicts.js'
import { valuePatches } from './onnx/valuePatches.js'
import type { FramedPatch, Model, Plan, PlannedFile, PlannedFill, SourceFile, Tensor, TensorEdit } from './types.js'

export interface PlanOptions {
  /** Path of the model to write; '-' is a stream. Not looked at with `inPlace`. */
  readonly output: string
  readonly inPlace: boolean
  readonly overwrite: boolean
  readonly data: 'copy' | 'reference' | 'inline'
  /** What else changes: tensors that are no drawn values, and the model's own fields. */
  readonly edits?: readonly TensorEdit[]
  readonly patches?: readonly FramedPatch[]
  /** Tensors whose messages `patches` take away. */
  readonly removed?: readonly Tensor[]
  /** `patches` give tensors other names. */
  readonly isRenamed?: boolean
  /** Data files that are copied hold only what tensors use. */
  readonly compact?: boolean
  /** Fills whose tensors get no values at all: who draws them later puts them there. */
  readonly leftOut?: readonly PlannedFill[]
  /** Bytes that the model may have; default protobuf's. What is not written has no limit. */
  readonly limit?: number
}

/**
 * Which bytes of which files get which values: plain data, and every conflict is found here, before any work. Reads what it must (varints
 * are counted, values stored as varints are drawn once for their length), writes nothing.
 * @throws ReinitError `usage` or `conflict` where the output or the tensors stand in each other's way, `io` where the input can't be read.
 */
export function makePlan(model: Model, fills: readonly PlannedFill[], options: PlanOptions): Plan {
  try {
    return plan(model, fills, options)
  } catch (error) {
    throw ioError(error, model.path)
  }
}

function plan(model: Model, fills: readonly PlannedFill[], options: PlanOptions): Plan {
  const { inPlace, data } = options
  refuseCompact(options)
  const target = targetOf(model, options)
  const sources = sourceFiles(model)
  if (!inPlace && !target.isStream) refuseOutputs(target.folder, [target.name], sources, options.overwrite)
  const { edits = [], removed = [], leftOut = [], limit = MAX_MESSAGE_BYTES } = options
  const changed = (isResized: boolean) =>
    fills.flatMap((f) => (f.change?.kind === 'insert' || (f.change && !isResized) ? [] : [f.change?.from ?? f.weight.tensor]))
  refuseConflicts(model, [...changed(true), ...edits.map((e) => e.tensor)])
  const hasSameFolder = target.folder === realpathSync(dirname(model.path))
  const mode = data !== 'copy' ? data : inPlace ? 'inPlace' : (hasSameFolder || options.isRenamed) && !target.isStream ? 'rename' : 'copy'
  refuseMode(model, mode, target.isStream, hasSameFolder)
  if (mode !== 'inline' && mode !== 'reference') refuseSharedBytes(model, new Set(changed(false)))
  const empty = valuePatches(model, leftOut, true).map((v) => ({ ...v, patch: { ...v.patch, ...NOTHING } }))
  const values = [...valuePatches(model, fills), ...empty, ...edits.flatMap((edit) => editTensor(model, edit))]
  const isCompact = options.compact ?? false
  const placing = placeData[mode]({ model, values, sources, outputName: target.name, removed: new Set(removed), isCompact, limit })
  const placed = { ...placing, model: [...placing.model, ...(options.patches ?? [])] }
  if (mode === 'reference') refuseLinksOut(placed, target.folder)
  const files = plannedFiles(placed, sources, target, inPlace, limit)
  refusePlaces(files, target, sources, options)
  const isModelKept = inPlace && files.at(-1)?.name !== target.name
  return {
    fills,
    edits,
    removed,
    isRenamed: options.isRenamed ?? false,
    files,
    companions: [...placed.companions, ...(isModelKept ? [{ name: target.name, path: model.path }] : [])],
    output: target.isStream ? null : join(target.folder, target.name),
    overwrite: options.overwrite,
    inPlace,
  }
}

const NOTHING = { byteLength: 0, content: { kind: 'bytes', bytes: new Uint8Array(0) } } as const

interface Target {
  /** Real path; '' for a stream. */
  readonly folder: string
  readonly name: string
  readonly isStream: boolean
}

function targetOf(model: Model, { output, inPlace }: PlanOptions): Target {
  if (inPlace) return { folder: realpathSync(dirname(model.path)), name: basename(model.path), isStream: false }
  if (output === '-') return { folder: '', name: basename(model.path), isStream: true }
  const path = outputPath(output)
  return { folder: dirname(path), name: basename(path), isStream: false }
}

/** Every file that the model is made of, '' being the model itself, as it is now. */
function sourceFiles(model: Model): Map<string, SourceFile> {
  const own = statSync(model.path)
  const sources = new Map([['', sourceFile(model.path, model.byteLength)]])
  for (const { location, path, byteLength } of model.externalFiles.values()) {
    const stat = statSync(path)
    if (stat.dev === own.dev && stat.ino === own.ino)
      throw new ReinitError('invalid', `External data location ${JSON.stringify(location)} is the model itself: refused.`)
    sources.set(location, sourceFile(path, byteLength))
  }
  return sources
}

function refuseMode(model: Model, mode: keyof typeof placeData, isStream: boolean, hasSameFolder: boolean): void {
  if (model.externalFiles.size === 0 || mode === 'inline') return
  if (isStream) throw usage(`${model.path} has external data, and a stream is one file: give --data inline, or a file with -o.`)
  if (mode === 'reference' && !hasSameFolder)
    throw usage(`With --data reference the output goes on using the input's data files: give an output in the folder of ${model.path}.`)
}

/** A data file that gets smaller where it is would not be the old model's any more, if the job were killed in between. */
function refuseCompact({ compact, inPlace, data }: PlanOptions): void {
  if (!compact) return
  if (inPlace) throw usage('--compact makes data files anew, and --in-place keeps them: give an output with -o.')
  if (data === 'reference') throw usage('--compact goes with copies of data files, and --data reference makes none: leave one of them out.')
}

/** Data files, then the model; in place the model only where it changes. */
function plannedFiles(
  placed: PlacedData,
  sources: ReadonlyMap<string, SourceFile>,
  target: Target,
  inPlace: boolean,
  limit: number,
): PlannedFile[] {
  const own = sources.get('') as SourceFile
  const files = placed.data.map(({ name, source, patches }) =>
    plannedFile(inPlace && source ? source.path : join(target.folder, name), name, source, patches, limit),
  )
  if (inPlace && placed.model.length === 0) return files
  const model = plannedFile(join(target.folder, target.name), target.name, own, placed.model, limit)
  if (model.byteLength > limit && placed.model.length > 0)
    throw new ReinitError('invalid', `The model would have ${model.byteLength} bytes: protobuf ends at ${MAX_MESSAGE_BYTES}.`)
  const twin = files.find((f) => f.path === model.path)
  if (twin) throw usage(`${twin.name} is the name of a data file too: give another name with -o.`)
  return [...files, model]
}

function plannedFile(path: string, name: string, source: SourceFile | null, framed: readonly FramedPatch[], limit: number): PlannedFile {
  const patches = splice(framed, limit)
  const byteLength = patches.reduce((sum, p) => sum + p.byteLength - (p.end - p.start), source?.byteLength ?? 0)
  return { path, name, source, byteLength, patches }
}

/** What stands in the way of the files where they are to be. */
function refusePlaces(files: readonly PlannedFile[], target: Target, sources: Map<string, SourceFile>, options: PlanOptions): void {
  const names = (list: readonly PlannedFile[]) => list.map((f) => f.name)
  if (options.inPlace) {
    refuseLinked(files, target.folder)
    refuseTaken(target.folder, names(files.filter((f) => f.source === null)), false)
  } else if (!target.isStream) {
    refuseOutputs(target.folder, names(files), sources, options.overwrite)
    if (files.length > 1 && statIfThere(lstatSync, options.output)?.isSymbolicLink())
      throw usage(`The output ${options.output} is a link, and data files would be beside its target: give a path that is none with -o.`)
  }
}

/** In place, a name is replaced by a new file: what a link or another name holds would stay old. */
function refuseLinked(files: readonly PlannedFile[], folder: string): void {
  for (const { path } of files) {
    const stat = statIfThere(lstatSync, path)
    if (stat?.isSymbolicLink())
      throw usage(`${path} is a link, which --in-place would replace by a file: give its target, or an output with -o.`)
    const links = stat && stat.nlink > 1 ? stat.nlink - leftoverLinks(folder, stat.ino) : 1
    if (links > 1) throw usage(`${path} has ${links} hard links, of which --in-place would change one: give an output with -o.`)
  }
}

function refuseOutputs(folder: string, wanted: readonly string[], sources: ReadonlyMap<string, SourceFile>, overwrite: boolean): void {
  const inputs = new Map([...sources].map(([location, { path }]) => [identityOf(path), location]))
  for (const name of wanted) {
    const path = join(folder, name)
    const location = inputs.get(identityOf(path))
    if (location === '') throw usage(`The output is the input, ${path}: give another name with -o, or --in-place.`)
    if (location !== undefined) throw usage(`The output ${path} is a data file of the input: give another name or folder with -o.`)
  }
  refuseTaken(folder, wanted, overwrite)
}

function identityOf(path: string): string {
  const stat = statIfThere(statSync, path)
  return stat ? `${stat.dev} ${stat.ino}` : path
}

/** onnxruntime loads no data file whose real path leaves the model's folder. */
function refuseLinksOut(placed: PlacedData, folder: string): void {
  const realOf = realPaths()
  for (const { name, path } of placed.companions)
    if (!realOf(path).startsWith(folder.endsWith(sep) ? folder : folder + sep))
      throw usage(`${name} is a link out of ${folder}, which the output could not load: give --data copy.`)
}
