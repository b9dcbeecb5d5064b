import { usage } from '../../errors.js'
import { MAX_MESSAGE_BYTES } from '../../bytes/splice.js'
import type { FramedPatch, Plan, SourceFile, Tensor } from '../../types.js'
import { alignedOffset } from './alignedOffset.js'
import { type DataInput, dataFiles, externalTensors, insertion, sourcesByName } from './dataFiles.js'
import { dropChecksum, inline, relocate, repoint } from './externalEntries.js'
import { plainName } from './plainName.js'

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
    const names = new Map([...sourcesByName(input).keys()].map((name, i) => [name, `${input.outputName}${i === 0 ? '' : `.${i}`}.data`]))
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
    const { model, values, sources, limit } = input
    const outside = externalTensors(input)
    const redrawn = new Set(values.map((v) => v.tensor))
    const kept = outside.reduce((sum, t) => sum + (redrawn.has(t) ? 0 : (t.external?.byteLength ?? 0)), model.byteLength)
    const total = values.reduce((sum, { file, patch: p }) => sum + p.byteLength - (file === '' ? p.end - p.start : 0), kept)
    if (total > limit)
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

/** The values that the model itself holds, and checksums of data files that change. */
function modelPatches(input: DataInput): FramedPatch[] {
  const { values } = input
  const changed = new Set(input.isCompact ? sourcesByName(input).keys() : values.map((v) => plainName(v.file)))
  const moved = movedTensors(input)
  const stale = externalTensors(input).flatMap((t) =>
    t.external && !moved.has(t) && changed.has(plainName(t.external.location)) ? dropChecksum(t.external) : [],
  )
  return [...values.filter((v) => v.file === '').map((v) => v.patch), ...stale]
}

const movedTensors = ({ values }: DataInput): ReadonlySet<Tensor> => new Set(values.flatMap((v) => (v.isMoved ? [v.tensor] : [])))
