import type { Cursor } from '../../bytes/wire.js'
import type { Attribute, Frame, StoredRange } from '../../types.js'
import { draftTensor, MAX_RANGES, type TensorDraft } from './readTensor.js'

/** An AttributeProto as the wire has it: tensors are drafts, graphs are the frames of their (possibly split) messages. */
export interface AttributeDraft {
  readonly attribute: Attribute
  readonly tensor: TensorDraft | null
  /** Tensors of the lists and of sparse ones. */
  readonly others: readonly TensorDraft[]
  readonly graphs: readonly (readonly Frame[])[]
  /** Where the values of f and floats are, up to MAX_RANGES. */
  readonly floats: readonly StoredRange[]
  readonly frame: Frame
}

/** Floats of a setting; longer lists are not read: they are where parameters can be. */
const MAX_FLOATS = 8

/** AttributeProto. */
export function readAttribute(c: Cursor): AttributeDraft {
  const ints: number[] = []
  const strings: string[] = []
  const few: number[] = []
  const floats: StoredRange[] = []
  const graphs: Frame[][] = []
  const one: Frame[] = []
  const scalar: { f?: number; i?: number; s?: string; refAttrName?: string } = {}
  let [name, type, floatCount] = ['', 0, 0]
  let tensor: TensorDraft | undefined
  const others: TensorDraft[] = []
  while (c.next()) {
    if (c.field === 1) name = c.string()
    else if (c.field === 2) {
      scalar.f = c.float()
      floatCount++
      floats.push({ file: '', start: c.start, end: c.end, frame: c.frame })
    } else if (c.field === 3) scalar.i = c.signed()
    else if (c.field === 4) scalar.s = c.string()
    else if (c.field === 5) tensor = draftTensor(c.message(), tensor)
    else if (c.field === 6) one.push(c.message().frame)
    else if (c.field === 7) {
      const { start, end } = c
      if ((end - start) % 4 !== 0) throw c.broken(`a list of floats has ${end - start} bytes`)
      floatCount += (end - start) / 4
      if (floatCount <= MAX_FLOATS) few.push(...floatsOf(c))
      if (floats.length < MAX_RANGES) floats.push({ file: '', start, end, frame: c.wireType === 2 ? c.message().frame : c.frame })
    } else if (c.field === 8) c.signedList(ints)
    else if (c.field === 9) strings.push(c.string())
    else if (c.field === 10) others.push(draftTensor(c.message()))
    else if (c.field === 22 || c.field === 23) others.push(...sparseParts(c.message()))
    else if (c.field === 11) graphs.push([c.message().frame])
    else if (c.field === 20) type = c.signed()
    else if (c.field === 21) scalar.refAttrName = c.string()
  }
  if (one.length > 0) graphs.push(one)
  const attribute = { name, type, ...scalar, ints, strings, floatCount, floats: floatCount <= MAX_FLOATS ? few : [] }
  return { attribute, tensor: tensor ?? null, others, graphs, floats, frame: c.frame }
}

/** A field of floats: one, or a packed list. */
function floatsOf(c: Cursor): number[] {
  if (c.wireType !== 2) return [c.float()]
  const bytes = c.bytes()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.byteLength >> 2 }, (_, i) => view.getFloat32(4 * i, true))
}

/** SparseTensorProto: values and indices. */
function sparseParts(c: Cursor): TensorDraft[] {
  const parts: TensorDraft[] = []
  while (c.next()) if (c.field === 1 || c.field === 2) parts.push(draftTensor(c.message()))
  return parts
}
