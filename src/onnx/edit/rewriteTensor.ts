import { ReinitError } from '../../errors.js'
import type { FramedPatch, Model, Tensor, TensorEdit } from '../../types.js'
import { concat, field, fieldHeader, varintField } from './encodeFields.js'
import type { ValuePatch } from './valuePatch.js'
import { insertBytes, replaceField, type ScannedField, scanFields } from './scanFields.js'

/** TensorProto's fields of values: float_data, int32_data, string_data, int64_data, raw_data, double_data, uint64_data. */
const PAYLOADS: ReadonlySet<number> = new Set([4, 5, 6, 7, 9, 10, 11])
const DIMS = 1
const RAW_DATA = 9
const STRING_DATA = 6
/** AttributeProto.floats, where a Constant node keeps its values in value_floats. */
const FLOATS = 7

export type Piece = Pick<FramedPatch, 'byteLength' | 'content'>

/**
 * A tensor gets other dims and other values, of as many bytes as it takes: `pieces` are its raw_data. External values get a place of their
 * own, which the way of placing data finds; all else of the message stays.
 * @throws ReinitError `conflict` where the tensor's message is in several parts.
 */
export function rewriteTensor(model: Model, tensor: Tensor, dims: readonly number[], pieces: readonly Piece[]): ValuePatch[] {
  const fields = scanFields(model, tensor.frame)
  const inModel = (patch: FramedPatch): ValuePatch => ({ tensor, file: '', patch })
  if (tensor.elements.kind === 'stored' && tensor.elements.field === 'value_floats') {
    const values = fields.filter((f) => f.number === FLOATS)
    return payload(values, tensor, FLOATS, pieces).map(inModel)
  }
  refuseParts(tensor, fields)
  const changesDims = `${dims}` !== `${tensor.dims}`
  const old = fields.filter((f) => f.number === DIMS)
  const shape = changesDims ? replaceAll(old, tensor, concat(...dims.map((d) => varintField(DIMS, d)))) : []
  if (tensor.external) {
    const patches = pieces.map(
      (p): ValuePatch => ({
        tensor,
        file: tensor.external?.location ?? '',
        patch: { ...p, start: 0, end: 0, frame: null },
        isMoved: true,
      }),
    )
    return [...shape.map(inModel), ...patches]
  }
  const values = fields.filter((f) => PAYLOADS.has(f.number))
  return [...shape, ...payload(values, tensor, RAW_DATA, pieces)].map(inModel)
}

/**
 * The same with values that are known.
 * @throws ReinitError `conflict` where the tensor's message is in several parts.
 */
export function editTensor(model: Model, { tensor, dims, values }: TensorEdit): ValuePatch[] {
  if (values instanceof Uint8Array)
    return rewriteTensor(model, tensor, dims, [{ byteLength: values.length, content: { kind: 'bytes', bytes: values } }])
  const fields = scanFields(model, tensor.frame)
  refuseParts(tensor, fields)
  const shape = fields.filter((f) => f.number === DIMS)
  const old = fields.filter((f) => PAYLOADS.has(f.number))
  return [
    ...replaceAll(shape, tensor, concat(...dims.map((d) => varintField(DIMS, d)))),
    ...replaceAll(old, tensor, concat(...values.map((text) => field(STRING_DATA, text)))),
  ].map((patch) => ({ tensor, file: '', patch }))
}

/** A header in place of the first field, the pieces as its body behind it, and the other fields gone. */
function payload(values: readonly ScannedField[], tensor: Tensor, number: number, pieces: readonly Piece[]): FramedPatch[] {
  const byteLength = pieces.reduce((sum, p) => sum + p.byteLength, 0)
  const at = values[0]?.end ?? tensor.frame.end
  const header = replaceAll(values, tensor, fieldHeader(number, byteLength))
  return [...header, ...pieces.map((p): FramedPatch => ({ ...p, start: at, end: at, frame: tensor.frame }))]
}

function replaceAll(fields: readonly ScannedField[], { frame }: Tensor, bytes: Uint8Array): FramedPatch[] {
  const [first, ...others] = fields
  if (!first) return [insertBytes(frame.end, frame, bytes)]
  return [replaceField(first, bytes), ...others.map((f) => replaceField(f, new Uint8Array(0)))]
}

/** A message may come in several parts, of which `frame` is the first. */
function refuseParts({ name, elements, dims, frame }: Tensor, fields: readonly ScannedField[]): void {
  const isOutside = elements.kind === 'stored' && elements.ranges.some((r) => r.file === '' && (r.start < frame.start || r.end > frame.end))
  if (isOutside || (dims.length > 0 && !fields.some((f) => f.number === DIMS)))
    throw new ReinitError('conflict', `Tensor ${JSON.stringify(name)} is written in several parts, and can't get another size.`)
}
