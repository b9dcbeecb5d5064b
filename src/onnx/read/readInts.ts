import { signedVarints } from '../../bytes/wire.js'
import type { Model, Tensor } from '../../types.js'

/** Shapes, axes, splits: an integer tensor longer than this is data. */
const MAX_COUNT = 4096

/** How an integer type is stored in raw_data, little-endian. */
const widths: Readonly<Record<string, readonly [byteLength: number, read: (view: DataView, at: number) => number]>> = {
  INT64: [8, (v, at) => Number(v.getBigInt64(at, true))],
  INT32: [4, (v, at) => v.getInt32(at, true)],
  INT8: [1, (v, at) => v.getInt8(at)],
  UINT8: [1, (v, at) => v.getUint8(at)],
}

/** The values of a small integer tensor (a shape, axes, zero points); null where it is another type, large, or can't be read. */
export function readInts(model: Model, tensor: Tensor): readonly number[] | null {
  const { dataType, elements, elementCount } = tensor
  const width = widths[dataType]
  if (width === undefined || elementCount > MAX_COUNT || elements.kind !== 'stored') return null
  const values: number[] = []
  for (const { file, start, end } of elements.ranges) {
    const bytes = Uint8Array.from(model.open(file).read(start, end))
    if (elements.varints) values.push(...(signedVarints(bytes) ?? []))
    else {
      const view = new DataView(bytes.buffer)
      for (let at = 0; at < bytes.length; at += width[0]) values.push(width[1](view, at))
    }
  }
  return values.length === elementCount ? values : null
}
