import type { Cursor } from '../bytes/wire.js'
import type { Attribute, Frame, StoredRange } from '../types.js'
import { draftTensor, type TensorDraft } from './readTensor.js'

/** An AttributeProto as the wire has it: tensors are drafts, graphs are the frames of their (possibly split) messages. */
export interface AttributeDraft {
  readonly attribute: Attribute
  readonly tensor: TensorDraft | null
  readonly graphs: readonly (readonly Frame[])[]
  /** Where the values of f and floats are. */
  readonly floats: readonly StoredRange[]
  readonly frame: Frame
}

/** AttributeProto. Lists of floats are not read: they are where parameters can be. */
export function readAttribute(c: Cursor): AttributeDraft {
  const ints: number[] = []
  const strings: string[] = []
  const floats: StoredRange[] = []
  const graphs: Frame[][] = []
  const one: Frame[] = []
  const scalar: { f?: number; i?: number; s?: string; refAttrName?: string } = {}
  let [name, type] = ['', 0]
  let tensor: TensorDraft | undefined
  while (c.next()) {
    if (c.field === 1) name = c.string()
    else if (c.field === 2) {
      scalar.f = c.float()
      floats.push({ file: '', start: c.start, end: c.end, frame: c.frame })
    } else if (c.field === 3) scalar.i = c.signed()
    else if (c.field === 4) scalar.s = c.string()
    else if (c.field === 5) tensor = draftTensor(c.message(), tensor)
    else if (c.field === 6) one.push(c.message().frame)
    else if (c.field === 7) floats.push({ file: '', start: c.start, end: c.end, frame: c.wireType === 2 ? c.message().frame : c.frame })
    else if (c.field === 8) c.signedList(ints)
    else if (c.field === 9) strings.push(c.string())
    else if (c.field === 11) graphs.push([c.message().frame])
    else if (c.field === 20) type = c.signed()
    else if (c.field === 21) scalar.refAttrName = c.string()
  }
  if (one.length > 0) graphs.push(one)
  const floatCount = floats.reduce((n, r) => n + (r.end - r.start) / 4, 0)
  return { attribute: { name, type, ...scalar, ints, strings, floatCount }, tensor: tensor ?? null, graphs, floats, frame: c.frame }
}
