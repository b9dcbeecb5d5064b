import type { Cursor } from '../../bytes/wire.js'
import type { Frame } from '../../types.js'
import { domainName } from './kinds.js'
import { readEntry } from './readTensor.js'

/** ModelProto's own fields, and where its graph and functions are. */
export interface ModelFields {
  irVersion: number
  opsets: Map<string, number>
  producer: [name: string, version: string]
  metadata: Map<string, string>
  /** Frames of the (possibly split) GraphProto. */
  parts: Frame[]
  functions: Frame[]
}

export function readModelFields(c: Cursor): ModelFields {
  const fields: ModelFields = { irVersion: 0, opsets: new Map(), producer: ['', ''], metadata: new Map(), parts: [], functions: [] }
  while (c.next()) {
    if (c.field === 1) fields.irVersion = c.signed()
    else if (c.field === 2) fields.producer[0] = c.string()
    else if (c.field === 3) fields.producer[1] = c.string()
    else if (c.field === 7) fields.parts.push(c.message().frame)
    else if (c.field === 8) {
      let [domain, version] = ['', 0]
      for (const o = c.message(); o.next(); ) {
        if (o.field === 1) domain = o.string()
        else if (o.field === 2) version = o.signed()
      }
      fields.opsets.set(domainName(domain), version)
    } else if (c.field === 14) fields.metadata.set(...readEntry(c.message()))
    else if (c.field === 25) fields.functions.push(c.message().frame)
  }
  return fields
}
