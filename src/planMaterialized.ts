import { statSync } from 'node:fs'
import { sourceFile } from './bytes/sourceFile.js'
import { splice } from './bytes/splice.js'
import { alignedOffset } from './onnx/external/alignedOffset.js'
import { externalFields } from './onnx/external/externalEntries.js'
import { insertBytes, replaceField } from './onnx/edit/scanFields.js'
import type { Hole, Skeleton } from './skeleton/skeleton.js'
import type { Content, FramedPatch, Model, PlannedFile } from './types.js'

/** Where the values of a skeleton go. */
export interface Materialized {
  /** The model with all values in it, which has the skeleton's hash: the form that is hashed, also where another is written. */
  readonly whole: PlannedFile
  /** Patches of the skeleton. */
  readonly model: readonly FramedPatch[]
  /** Of a data file, from nothing; none where all is in the model. */
  readonly data: readonly FramedPatch[]
}

/** From this size on values go to the data file; onnx.save_model's own bound. */
const LEAST_EXTERNAL_BYTES = 1024

/** Values in their fields, or those of initializers in a data file of this name. */
export function planMaterialized(model: Model, skeleton: Skeleton, dataFile: string | null): Materialized {
  const recipe = replaceField(skeleton.entry, new Uint8Array(0))
  const inside = skeleton.holes.map((hole, i) => insideOf(hole, i))
  const whole = wholeOf(model, [...inside, recipe])
  if (dataFile === null) return { whole, model: [...inside, recipe], data: [] }
  const patches = [recipe]
  const data: FramedPatch[] = []
  let byteLength = 0
  for (const [i, hole] of skeleton.holes.entries()) {
    if (!goesOutside(hole)) {
      patches.push(inside[i] as FramedPatch)
      continue
    }
    const offset = alignedOffset(byteLength, hole.byteLength)
    if (offset > byteLength) data.push(appended(offset - byteLength, { kind: 'zeros' }))
    data.push(appended(hole.byteLength, contentOf(hole, i)))
    patches.push(replaceField(hole.field, externalFields(dataFile, offset, hole.byteLength)))
    byteLength = offset + hole.byteLength
  }
  return { whole, model: patches, data }
}

const goesOutside = ({ tensor, encoding, byteLength }: Hole) =>
  encoding === 'fixed' && tensor.owner === 'initializer' && byteLength >= LEAST_EXTERNAL_BYTES

const contentOf = ({ unitCount, encoding }: Hole, fill: number): Content => ({
  kind: 'values',
  fill,
  element: 0,
  elementCount: unitCount,
  encoding,
})

const insideOf = (hole: Hole, fill: number): FramedPatch => ({
  ...insertBytes(hole.field.start, hole.field.body ?? hole.field.frame, new Uint8Array(0)),
  byteLength: hole.byteLength,
  content: contentOf(hole, fill),
})

const appended = (byteLength: number, content: Content): FramedPatch => ({ start: 0, end: 0, byteLength, content, frame: null })

/** Beyond 2 GiB it is no file that protobuf reads, and is hashed all the same. */
function wholeOf(model: Model, framed: readonly FramedPatch[]): PlannedFile {
  const patches = splice(framed, Number.MAX_SAFE_INTEGER)
  const source = sourceFile(model.path, statSync(model.path).size)
  const byteLength = patches.reduce((sum, p) => sum + p.byteLength - (p.end - p.start), source.byteLength)
  return { path: model.path, name: '', source, byteLength, patches }
}
