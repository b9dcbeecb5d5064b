import type { Cursor } from '../../bytes/wire.js'
import { invalid } from '../../errors.js'
import type { Elements, External, Frame, Graph, Owner, StorageField, StoredRange, Tensor } from '../../types.js'
import { dataTypes } from '../values/dataTypes.js'

/** TensorProto fields that hold values: name and fixed byte width (0: varints or strings). */
const PAYLOADS: Readonly<Record<number, readonly [StorageField, number]>> = {
  4: ['float_data', 4],
  5: ['int32_data', 0],
  6: ['string_data', 0],
  7: ['int64_data', 0],
  9: ['raw_data', 1],
  10: ['double_data', 8],
  11: ['uint64_data', 0],
}

/** Fields of one value each (float_data that is not packed) take 700 bytes of memory apiece: 90 MiB. Writers of this decade pack them. */
export const MAX_RANGES = 1 << 17

/** A TensorProto as the wire has it, before it is judged; parts of a split message add to one draft. */
export interface TensorDraft {
  name: string
  code: number
  dims: number[]
  /** The fields that hold values: one, or the tensor is refused. */
  payloads: readonly StorageField[]
  ranges: StoredRange[]
  entries: Map<string, string> | null
  /** Whole external_data and data_location fields. */
  fields: External['fields'][number][]
  isExternal: boolean
  segmented: boolean
  /** Bytes of values in fields beyond MAX_RANGES. */
  beyond: number
  frame: Frame
}

const NONE: never[] = []

export function draftTensor(cursor: Cursor, draft?: TensorDraft): TensorDraft {
  const d: TensorDraft = draft ?? {
    name: '',
    code: 0,
    dims: [],
    payloads: NONE,
    ranges: NONE,
    entries: null,
    fields: [],
    isExternal: false,
    segmented: false,
    beyond: 0,
    frame: cursor.frame,
  }
  while (cursor.next()) {
    const payload = PAYLOADS[cursor.field]
    if (payload) {
      const [field, width] = payload
      if (cursor.wireType === 2 || (field !== 'raw_data' && cursor.wireType === { 0: 0, 4: 5, 8: 1, 1: 2 }[width])) {
        const { start, end } = cursor
        const range = { file: '', start, end, frame: cursor.wireType === 2 ? cursor.message().frame : cursor.frame }
        if (!d.payloads.includes(field)) d.payloads = [...d.payloads, field]
        // most have one, in a list as long as that
        if (d.ranges.length === 0 || field === 'raw_data') d.ranges = [range]
        else if (d.ranges.length < MAX_RANGES) d.ranges.push(range)
        else d.beyond += end - start
      } else throw cursor.broken(`field ${cursor.field} of a tensor has wire type ${cursor.wireType}`)
    } else if (cursor.field === 1) cursor.signedList(d.dims)
    else if (cursor.field === 2) d.code = cursor.signed()
    else if (cursor.field === 3) d.segmented = true
    else if (cursor.field === 8) d.name = cursor.string()
    else if (cursor.field === 13) {
      const [key, value] = readEntry(cursor.message())
      d.entries = (d.entries ?? new Map<string, string>()).set(key, value)
      d.fields.push({ key, tagStart: cursor.tagStart, end: cursor.end, frame: cursor.frame })
    } else if (cursor.field === 14) {
      d.isExternal = cursor.signed() === 1
      d.fields.push({ key: 'data_location', tagStart: cursor.tagStart, end: cursor.end, frame: cursor.frame })
    }
  }
  return d
}

/** StringStringEntryProto. */
export function readEntry(cursor: Cursor): [key: string, value: string] {
  let key = ''
  let value = ''
  while (cursor.next()) {
    if (cursor.field === 1) key = cursor.string()
    else if (cursor.field === 2) value = cursor.string()
  }
  return [key, value]
}

/** Types that each field holds. Source: onnx.proto. */
const HOLDS: Readonly<Partial<Record<StorageField, RegExp>>> = {
  raw_data: /^(?!STRING)/,
  float_data: /^(FLOAT|COMPLEX64)$/,
  double_data: /^(DOUBLE|COMPLEX128)$/,
  int32_data: /^(U?INT(2|4|8|16)|INT32|BOOL|B?FLOAT16|FLOAT[48]E\w+)$/,
  int64_data: /^INT64$/,
  uint64_data: /^UINT(32|64)$/,
  string_data: /^STRING$/,
}

/** numpy and torch end at 64. */
const MAX_DIMS = 256

/** Why values of a skeleton can't be read, or written. */
const LEFT_OUT = 'its values are left out: onnx-reinit materialize draws them'
export const isLeftOut = ({ elements }: Pick<Tensor, 'elements'>): boolean => elements.kind === 'unwritable' && elements.reason === LEFT_OUT

/**
 * Judges a draft: dims, type and byte lengths must agree, or the file is invalid. `isSkeleton`: values may be left out, where a field says
 * in which they were.
 */
export function finishTensor(d: TensorDraft, name: string, graph: Graph, owner: Owner, isSkeleton = false): Tensor {
  const what = `Tensor ${JSON.stringify(name)}`
  const type = dataTypes[d.code]
  if (!type) throw invalid(`${what} has data type ${d.code}, which ONNX does not define (1 to 26).`)
  if (d.dims.length > MAX_DIMS) throw invalid(`${what} has ${d.dims.length} dims, more than ${MAX_DIMS}: refused.`)
  let elementCount = 1
  for (const dim of d.dims) {
    if (dim < 0) throw invalid(`${what} has a negative dimension: [${d.dims}].`)
    elementCount *= dim
  }
  if (!Number.isSafeInteger(elementCount)) throw invalid(`${what} has dims [${d.dims}], whose product is beyond 2^53.`)
  const byteLength = Math.ceil((elementCount * type[1]) / 8)
  const { ranges } = d
  const [field] = d.payloads
  const stored = ranges.reduce((n, { start, end }) => n + end - start, d.beyond)
  let elements: Elements
  let external: External | null = null
  if (d.payloads.length > 1) throw invalid(`${what} has both ${d.payloads.join(' and ')}: which one holds its values is not defined.`)
  if (d.isExternal) {
    if (stored > 0) throw invalid(`${what} is external and has ${stored} bytes of ${field} as well.`)
    external = readExternal(what, d, byteLength)
    const { location: file, offset } = external
    elements = {
      kind: 'stored',
      field: 'external_data',
      ranges: [{ file, start: offset, end: offset + byteLength, frame: null }],
      varints: false,
    }
  } else if (isSkeleton && field !== undefined && HOLDS[field]?.test(type[0]) && stored === 0 && byteLength > 0 && !d.segmented) {
    const at = ranges[0]?.start ?? -1
    if (at < d.frame.start || at > d.frame.end)
      throw invalid(`${what} is left out of a message in parts, the first at byte ${d.frame.start}: a skeleton has it in one.`)
    elements = { kind: 'unwritable', field, reason: LEFT_OUT }
  } else if (field === undefined) {
    if (elementCount > 0 && !d.segmented) throw invalid(`${what} (${type[0]} [${d.dims}]) needs ${byteLength} bytes, but has no data.`)
    elements = d.segmented
      ? { kind: 'unwritable', field: 'segment', reason: 'segmented tensors are not supported' }
      : { kind: 'stored', field: 'raw_data', ranges: [], varints: false }
  } else {
    const varints = /^u?int|string/.test(field)
    const expected = type[1] === 0 ? stored : byteLength
    // how many varints there are shows when they are read; that none are, as in a skeleton, is known
    if (varints ? stored === 0 && expected > 0 : stored !== expected)
      throw invalid(`${what} (${type[0]} [${d.dims}]) needs ${expected} bytes, but ${field} has ${stored} at byte ${ranges[0]?.start}.`)
    elements = d.segmented
      ? { kind: 'unwritable', field: 'segment', reason: 'segmented tensors are not supported' }
      : !HOLDS[field]?.test(type[0])
        ? { kind: 'unwritable', field, reason: `${type[0]} values stand in ${field}, where ONNX does not have them` }
        : d.beyond > 0
          ? {
              kind: 'unwritable',
              field,
              reason: `${field} has more than ${MAX_RANGES} fields of one value: save the model with packed ones`,
            }
          : { kind: 'stored', field, ranges: ranges.slice(), varints }
  }
  return {
    name,
    graph,
    owner,
    dataType: type[0],
    // lists that grew hold room for more
    dims: d.dims.slice(),
    elementCount,
    elements,
    frame: d.frame,
    external,
    denseDims: null,
    at: d.frame.start,
  }
}

function readExternal(what: string, { entries, fields }: TensorDraft, byteLength: number): External {
  const location = entries?.get('location')
  if (!location) throw invalid(`${what} is external but has no location.`)
  const number = (key: string, missing: number) => {
    const given = entries?.get(key)
    if (given === undefined) return missing
    const value = Number(given)
    if (!/^\d+$/.test(given) || !Number.isSafeInteger(value))
      throw invalid(`${what}: external ${key} ${JSON.stringify(given)} is not a number below 2^53.`)
    return value
  }
  const length = number('length', byteLength)
  if (length !== byteLength)
    throw invalid(`${what} needs ${byteLength} bytes, but its external length is ${length} in ${JSON.stringify(location)}.`)
  return { location, offset: number('offset', 0), byteLength, fields }
}
