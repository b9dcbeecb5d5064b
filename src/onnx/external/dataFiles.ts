import type { External, FramedPatch, Model, SourceFile, Tensor } from '../../types.js'
import type { ValuePatch } from '../edit/valuePatch.js'
import { alignedOffset } from './alignedOffset.js'
import { compactFile, type InUse } from './compactFile.js'
import { reoffset, repoint } from './externalEntries.js'
import { plainName } from './plainName.js'

export interface DataInput {
  readonly model: Model
  readonly values: readonly ValuePatch[]
  /** By location; '' is the model. */
  readonly sources: ReadonlyMap<string, SourceFile>
  /** The output's file name: new data files are named after it. */
  readonly outputName: string
  /** Tensors that the result has not. */
  readonly removed: ReadonlySet<Tensor>
  /** Data files that are copied hold only what tensors use, in its order; else all that they held, and new space is behind that. */
  readonly isCompact: boolean
  /** Bytes that the model may have with its data inside. */
  readonly limit: number
}

/** Data files of the result under the names that they had, and where the tensors' entries point at something else. */
export interface DataFiles {
  readonly files: readonly { readonly name: string; readonly source: SourceFile; readonly patches: readonly FramedPatch[] }[]
  /** Of the model. Names are new ones. */
  readonly entries: readonly FramedPatch[]
}

/** Every data file with its new values: whole, or only what tensors of the result use. */
export const dataFiles = (input: DataInput, newName: (name: string) => string): DataFiles =>
  input.isCompact ? compactFiles(input, newName) : wholeFiles(input, newName)

function compactFiles(input: DataInput, newName: (name: string) => string): DataFiles {
  const moved = new Map(input.values.flatMap((v) => (v.isMoved ? [[v.tensor, v.patch] as const] : [])))
  const inPlace = groupBy(input.values, (v) => (v.isMoved || v.file === '' ? null : plainName(v.file)))
  const users = groupBy(externalTensors(input), (t) => plainName(locationOf(t)))
  const entries: FramedPatch[] = []
  const files = [...sourcesByName(input)].flatMap(([name, source]) => {
    const tensors = users.get(name) ?? []
    const uses = tensors.map((tensor): InUse => {
      const { offset, byteLength } = tensor.external as External
      const bytes = moved.get(tensor)
      return bytes ? { kind: 'moved', start: offset, bytes } : { kind: 'kept', start: offset, end: offset + byteLength }
    })
    const { patches, offsets, byteLength } = compactFile(source.byteLength, uses)
    for (const [i, tensor] of tensors.entries()) {
      const [external, bytes, offset] = [tensor.external as External, moved.get(tensor), offsets[i] as number]
      if (bytes) entries.push(...repoint(external, newName(name), offset, bytes.byteLength))
      else if (offset !== external.offset) entries.push(...reoffset(external, offset))
    }
    const values = (inPlace.get(name) ?? []).map((v) => v.patch)
    return byteLength > 0 ? [{ name, source, patches: [...patches, ...values] }] : []
  })
  return { files, entries }
}

const locationOf = ({ external }: Tensor) => (external as External).location

function groupBy<T>(list: readonly T[], keyOf: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const key = keyOf(item)
    if (key === null) continue
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/** New values of another length are behind what a file holds. */
function wholeFiles(input: DataInput, newName: (name: string) => string): DataFiles {
  const files = new Map(
    [...sourcesByName(input)].map(([name, source]) => [
      name,
      { name, source, patches: [] as FramedPatch[], byteLength: source.byteLength },
    ]),
  )
  const entries: FramedPatch[] = []
  for (const { tensor, file, patch, isMoved } of input.values) {
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

/** Every data file that the model names, once, in the order that it names them. */
export function sourcesByName({ sources }: DataInput): Map<string, SourceFile> {
  const found = new Map<string, SourceFile>()
  for (const [location, source] of sources) {
    const name = plainName(location)
    if (location !== '' && !found.has(name)) found.set(name, source)
  }
  return found
}

/** Tensors of the result whose values are in data files. */
export const externalTensors = ({ model: { tensors, unlisted = [] }, removed }: DataInput): Tensor[] =>
  [...tensors, ...unlisted].filter((t) => t.external && !removed.has(t))

export const insertion = ({ byteLength, content }: Pick<FramedPatch, 'byteLength' | 'content'>): FramedPatch => ({
  start: 0,
  end: 0,
  byteLength,
  content,
  frame: null,
})
