import { posix } from 'node:path'
import { usage } from '../errors.js'
import { MAX_MESSAGE_BYTES } from '../bytes/splice.js'
import type { External, FramedPatch, Model, Plan, SourceFile, Tensor } from '../types.js'
import { dropChecksum, inline, relocate, repoint } from './externalEntries.js'

/** New values of one run of a tensor's elements, in the file that holds them now. */
export interface ValuePatch {
  readonly tensor: Tensor
  /** '' for the model, else a location. */
  readonly file: string
  readonly patch: FramedPatch
  /** External values of another length: they get a place of their own, the patch tells none. */
  readonly isMoved?: true
}

export interface DataInput {
  readonly model: Model
  readonly values: readonly ValuePatch[]
  /** By location; '' is the model. */
  readonly sources: ReadonlyMap<string, SourceFile>
  /** The output's file name: new data files are named after it. */
  readonly outputName: string
  /** Tensors that the result has not. */
  readonly removed: ReadonlySet<Tensor>
}

export interface PlacedData {
  /** Patches of the model itself. */
  readonly model: readonly FramedPatch[]
  readonly data: readonly { readonly name: string; readonly source: SourceFile | null; readonly patches: readonly FramedPatch[] }[]
  readonly companions: Plan['companions']
}

/** Where a model's external data goes, by what was asked for. */
export const placeData = {
  /** To another folder: every data file under its name. */
  copy(input) {
    const { files, entries } = dataFiles(input, (name) => name)
    return { model: [...modelPatches(input), ...entries], data: files, companions: [] }
  },

  /** In the same folder: every data file under a name after the output's, and the locations follow. */
  rename(input) {
    const names = new Map(dataNames(input).map((name, i) => [name, `${input.outputName}${i === 0 ? '' : `.${i}`}.data`]))
    const newName = (name: string) => names.get(name) as string
    const { files, entries } = dataFiles(input, newName)
    const moved = movedTensors(input)
    const relocated = externalTensors(input).flatMap((t) =>
      t.external && !moved.has(t) ? relocate(t.external, newName(plainName(t.external.location))) : [],
    )
    return {
      model: [...modelPatches(input), ...entries, ...relocated],
      data: files.map((file) => ({ ...file, name: newName(file.name) })),
      companions: [],
    }
  },

  /** In place: the data files that change; the others are used as they are. */
  inPlace(input) {
    const [changed, kept] = [[] as PlacedData['data'][number][], [] as Plan['companions'][number][]]
    const { files, entries } = dataFiles(input, (name) => name)
    for (const file of files) {
      if (file.patches.length > 0) changed.push(file)
      else kept.push({ name: file.name, path: (file.source as SourceFile).path })
    }
    return { model: [...modelPatches(input), ...entries], data: changed, companions: kept }
  },

  /** New values go into one new data file; all other tensors go on pointing at the input's. */
  reference(input) {
    const name = `${input.outputName}.data`
    const patches: FramedPatch[] = []
    const entries: FramedPatch[] = []
    const redrawn = new Set<Tensor>()
    let byteLength = 0
    for (const { tensor, file, patch } of input.values) {
      if (file === '' || !tensor.external) continue
      const offset = alignedOffset(byteLength, patch.byteLength)
      if (offset > byteLength) patches.push(insertion({ byteLength: offset - byteLength, content: { kind: 'zeros' } }))
      patches.push(insertion(patch))
      entries.push(...repoint(tensor.external, name, offset, patch.byteLength))
      redrawn.add(tensor)
      byteLength = offset + patch.byteLength
    }
    const used = new Set(externalTensors(input).flatMap((t) => (t.external && !redrawn.has(t) ? [t.external.location] : [])))
    return {
      model: [...input.values.filter((v) => v.file === '').map((v) => v.patch), ...entries],
      data: patches.length > 0 ? [{ name, source: null, patches }] : [],
      companions: [...used].map((location) => ({ name: plainName(location), path: (input.sources.get(location) as SourceFile).path })),
    }
  },

  /** Everything into the model. */
  inline(input) {
    const { model, values, sources } = input
    const outside = externalTensors(input)
    const total = outside.reduce((sum, t) => sum + (t.external?.byteLength ?? 0), model.byteLength)
    if (total > MAX_MESSAGE_BYTES)
      throw usage(`With its data inside, the model would have ${total} bytes: protobuf ends at ${MAX_MESSAGE_BYTES}. Give --data copy.`)
    const byTensor = new Map<Tensor, FramedPatch[]>()
    for (const { tensor, file, patch } of values) if (file !== '') byTensor.set(tensor, [...(byTensor.get(tensor) ?? []), patch])
    const moved = outside.flatMap((tensor) => {
      const external = tensor.external as NonNullable<Tensor['external']>
      const source = sources.get(external.location) as SourceFile
      const old = { byteLength: external.byteLength, content: { kind: 'copy', source, start: external.offset } } as const
      return inline(external, byTensor.get(tensor) ?? [old])
    })
    return { model: [...values.filter((v) => v.file === '').map((v) => v.patch), ...moved], data: [], companions: [] }
  },
} satisfies Record<string, (input: DataInput) => PlacedData>

/** A location without "./" and doubled slashes: two spellings of one file are one file. */
export const plainName = (location: string): string => posix.normalize(location)

/** From this size on a tensor starts at a page, so that it can be mapped (onnx.proto asks for it); smaller ones at a cache line. */
const PAGE_BYTES = 4096
const LINE_BYTES = 64

function alignedOffset(offset: number, byteLength: number): number {
  const unit = byteLength >= PAGE_BYTES ? PAGE_BYTES : LINE_BYTES
  return Math.ceil(offset / unit) * unit
}

const insertion = ({ byteLength, content }: Pick<FramedPatch, 'byteLength' | 'content'>): FramedPatch => ({
  start: 0,
  end: 0,
  byteLength,
  content,
  frame: null,
})

/** The values that the model itself holds, and checksums of data files that change. */
function modelPatches(input: DataInput): FramedPatch[] {
  const { values } = input
  const changed = new Set(values.map((v) => plainName(v.file)))
  const moved = movedTensors(input)
  const stale = externalTensors(input).flatMap((t) =>
    t.external && !moved.has(t) && changed.has(plainName(t.external.location)) ? dropChecksum(t.external) : [],
  )
  return [...values.filter((v) => v.file === '').map((v) => v.patch), ...stale]
}

const externalTensors = ({ model: { tensors, unlisted = [] }, removed }: DataInput): Tensor[] =>
  [...tensors, ...unlisted].filter((t) => t.external && !removed.has(t))

const movedTensors = ({ values }: DataInput): ReadonlySet<Tensor> => new Set(values.flatMap((v) => (v.isMoved ? [v.tensor] : [])))

/** Every data file that the model names, once, in the order that it names them. */
const dataNames = ({ sources }: DataInput) => [...new Set([...sources.keys()].filter((l) => l !== '').map(plainName))]

/**
 * Every data file with its new values, those of another length behind what it holds; `entries` point there, under the file's new name.
 */
function dataFiles(input: DataInput, newName: (name: string) => string) {
  const { values, sources } = input
  const files = new Map<string, { name: string; source: SourceFile; patches: FramedPatch[]; byteLength: number }>()
  for (const [location, source] of sources) {
    const name = plainName(location)
    if (location !== '' && !files.has(name)) files.set(name, { name, source, patches: [], byteLength: source.byteLength })
  }
  const entries: FramedPatch[] = []
  for (const { tensor, file, patch, isMoved } of values) {
    const to = files.get(plainName(file))
    if (!to) continue
    if (!isMoved) {
      to.patches.push(patch)
      continue
    }
    const end = to.source.byteLength
    const offset = alignedOffset(to.byteLength, patch.byteLength)
    const { byteLength, content } = patch
    if (offset > to.byteLength)
      to.patches.push({ ...insertion({ byteLength: offset - to.byteLength, content: { kind: 'zeros' } }), start: end, end })
    to.patches.push({ ...insertion({ byteLength, content }), start: end, end })
    entries.push(...repoint(tensor.external as External, newName(to.name), offset, byteLength))
    to.byteLength = offset + byteLength
  }
  return { files: [...files.values()].map(({ name, source, patches }) => ({ name, source, patches })), entries }
}
