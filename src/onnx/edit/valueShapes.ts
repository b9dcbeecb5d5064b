import type { Frame, FramedPatch, Model } from '../../types.js'
import { field, varintField } from './encodeFields.js'
import { graphParts, replaceField, type ScannedField, scanFields } from './scanFields.js'

/** A ValueInfoProto of the main graph whose type is a dense tensor with a shape. */
export interface ShapedValue {
  readonly name: string
  readonly kind: 'input' | 'output' | 'value_info'
  /** TensorProto.DataType code. */
  readonly elemType: number
  /** A number, a name, or null where nothing is said. */
  readonly dims: readonly (number | string | null)[]
  /** Where each of them stands (TensorShapeProto.Dimension). */
  readonly fields: readonly ScannedField[]
}

/** GraphProto's lists of values. */
const kinds: Readonly<Record<number, ShapedValue['kind']>> = { 11: 'input', 12: 'output', 13: 'value_info' }

/** Every value of the main graph that has a shape. */
export function valueShapes(model: Model): ShapedValue[] {
  const values: ShapedValue[] = []
  for (const part of graphParts(model))
    for (const { number, body } of scanFields(model, part)) {
      const kind = kinds[number]
      const value = kind && body ? shapedValue(model, kind, body) : null
      if (value) values.push(value)
    }
  return values
}

/** ValueInfoProto.name. */
export function nameOf(model: Model, frame: Frame): string {
  const name = scanFields(model, frame).find((f) => f.number === 1)
  return name ? text(model, name) : ''
}

function shapedValue(model: Model, kind: ShapedValue['kind'], frame: Frame): ShapedValue | null {
  const own = scanFields(model, frame)
  const inner = (fields: readonly ScannedField[], number: number) =>
    fields.flatMap((f) => (f.number === number && f.body ? scanFields(model, f.body) : []))
  const type = inner(own, 2)
  const tensor = inner(type, 1)
  if (!tensor.some((f) => f.number === 2)) return null
  const fields = inner(tensor, 2).filter((f) => f.number === 1)
  const elem = tensor.find((f) => f.number === 1)
  return { name: nameOf(model, frame), kind, elemType: elem ? signed(model, elem) : 0, dims: fields.map((f) => dimOf(model, f)), fields }
}

function dimOf(model: Model, { body }: ScannedField): number | string | null {
  let dim: number | string | null = null
  for (const f of body ? scanFields(model, body) : [])
    if (f.number === 1) dim = signed(model, f)
    else if (f.number === 2) dim = text(model, f)
  return dim
}

/** The number of one axis becomes another. */
export function setDim(model: Model, { fields }: ShapedValue, axis: number, size: number): FramedPatch[] {
  const { body } = fields[axis] as ScannedField
  const number = body ? scanFields(model, body).find((f) => f.number === 1) : undefined
  return number ? [replaceField(number, varintField(1, size))] : []
}

export const text = (model: Model, { start, end }: ScannedField): string => Buffer.from(model.source.read(start, end)).toString('utf8')

/** A varint as int64. */
export function signed(model: Model, { start, end }: ScannedField): number {
  let value = 0n
  const bytes = model.source.read(start, end)
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 7n) | BigInt((bytes[i] as number) & 127)
  return Number(BigInt.asIntN(64, value))
}

/** ValueInfoProto of a dense tensor; null: nothing is said of its rank. */
export function valueInfo(name: string, elemType: number, dims: readonly (number | string | null)[] | null): Uint8Array {
  const dimension = (d: number | string | null) =>
    d === null ? new Uint8Array(0) : typeof d === 'number' ? varintField(1, d) : field(2, d)
  const shape = dims === null ? new Uint8Array(0) : field(2, Buffer.concat(dims.map((d) => field(1, dimension(d)))))
  return Buffer.concat([field(1, name), field(2, field(1, Buffer.concat([varintField(1, elemType), shape])))])
}
