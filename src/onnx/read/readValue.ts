import type { Cursor } from '../../bytes/wire.js'
import type { Value } from '../../types.js'
import { readEntry } from './readTensor.js'

/** ValueInfoProto: name, tensor type and shape, metadata. */
export function readValue(c: Cursor): Value {
  const metadata = new Map<string, string>()
  let name = ''
  let elemType = 0
  let shape: (number | string | null)[] | null = null
  while (c.next()) {
    if (c.field === 1) name = c.string()
    else if (c.field === 4) metadata.set(...readEntry(c.message()))
    else if (c.field === 2)
      for (const type = c.message(); type.next(); ) {
        if (type.field !== 1) continue
        for (const t = type.message(); t.next(); ) {
          if (t.field === 1) elemType = t.signed()
          else if (t.field === 2) {
            shape ??= []
            for (const s = t.message(); s.next(); ) if (s.field === 1) shape.push(readDim(s.message()))
          }
        }
      }
  }
  return { name, elemType, shape, metadata }
}

/** What a value_info entry says beyond type and shape; null: nothing. Its shape is not read. */
export function readValueMetadata(c: Cursor): { readonly name: string; readonly metadata: ReadonlyMap<string, string> } | null {
  let metadata: Map<string, string> | null = null
  let name = ''
  while (c.next()) {
    if (c.field === 1) name = c.string()
    else if (c.field === 4) metadata = (metadata ?? new Map<string, string>()).set(...readEntry(c.message()))
  }
  return metadata && { name, metadata }
}

function readDim(c: Cursor): number | string | null {
  let dim: number | string | null = null
  while (c.next()) {
    if (c.field === 1) dim = c.signed()
    else if (c.field === 2) dim = c.string()
  }
  return dim
}
