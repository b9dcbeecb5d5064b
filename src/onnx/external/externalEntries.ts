import type { External, FramedPatch } from '../../types.js'
import { concat, field, fieldHeader, varintField } from '../edit/encodeFields.js'
import { replaceField } from '../edit/scanFields.js'

/** TensorProto.external_data, a repeated StringStringEntryProto { key = 1, value = 2 }; raw_data. */
const EXTERNAL_DATA = 13
const RAW_DATA = 9
/** TensorProto.data_location, and its EXTERNAL. */
const DATA_LOCATION = 14
const EXTERNAL = 1
const KEY = 1
const VALUE = 2

/** The tensor's location becomes another; its other entries stay. */
export function relocate(external: External, location: string): FramedPatch[] {
  return external.fields.filter((f) => f.key === 'location').map((f) => replaceField(f, entry('location', location)))
}

/** The tensor's bytes are elsewhere in its file: its other entries stay. One that has none stands at 0. */
export function reoffset(external: External, offset: number): FramedPatch[] {
  return external.fields.filter((f) => f.key === 'offset').map((f) => replaceField(f, entry('offset', String(offset))))
}

/** The tensor points at other bytes: location, offset and length are new, a checksum of the old file goes. */
export function repoint(external: External, location: string, offset: number, byteLength: number): FramedPatch[] {
  const entries = concat(entry('location', location), entry('offset', String(offset)), entry('length', String(byteLength)))
  return replaceFirst(external, 'location', entries, ['location', 'offset', 'length', 'checksum'])
}

/** The fields of a tensor whose values are in a data file. */
export const externalFields = (location: string, offset: number, byteLength: number): Uint8Array =>
  concat(
    entry('location', location),
    entry('offset', String(offset)),
    entry('length', String(byteLength)),
    varintField(DATA_LOCATION, EXTERNAL),
  )

/** A checksum (of a whole data file) that is no longer true. */
export const dropChecksum = (external: External): FramedPatch[] => drop(external.fields.filter((f) => f.key === 'checksum'))

/** The tensor gets raw_data of its own instead of entries: `content` patches are its body. */
export function inline(external: External, contents: readonly Pick<FramedPatch, 'byteLength' | 'content'>[]): FramedPatch[] {
  const byteLength = contents.reduce((sum, c) => sum + c.byteLength, 0)
  const header = fieldHeader(RAW_DATA, byteLength)
  const [first] = external.fields as [Field]
  const body = contents.map((c): FramedPatch => ({ ...c, start: first.end, end: first.end, frame: first.frame }))
  return [replaceField(first, header), ...body, ...drop(external.fields.slice(1))]
}

type Field = External['fields'][number]

/** The field `key` becomes `bytes`, and every other field whose key is listed goes. */
function replaceFirst(external: External, key: string, bytes: Uint8Array, keys: readonly string[]): FramedPatch[] {
  const listed = external.fields.filter((f) => keys.includes(f.key))
  const first = listed.find((f) => f.key === key) as Field
  return [replaceField(first, bytes), ...drop(listed.filter((f) => f !== first))]
}

const drop = (fields: readonly Field[]): FramedPatch[] => fields.map((f) => replaceField(f, new Uint8Array(0)))

function entry(key: string, value: string): Uint8Array {
  return field(EXTERNAL_DATA, concat(field(KEY, key), field(VALUE, value)))
}
