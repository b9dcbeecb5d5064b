import type { Fill } from '../init/fill.js'
import type { FillTarget, Model, PlannedFill } from '../types.js'
import { codecs } from './values/dataTypes.js'
import { drawPass, drawValues } from './drawValues.js'
import { partPass } from './quantized/partPass.js'

/**
 * One pass over fills in the order of the plan: all new units (elements, or bytes that hold several) of each one's tensor as raw_data has
 * them, in order, in chunks that are good until the next.
 */
export function unitsPass(model: Model): (fill: PlannedFill) => Iterable<Uint8Array> {
  const make = drawPass(model)
  const parts = partPass(model, make)
  return (fill) => (fill.part ? parts.units(fill, fill.part) : encoded(make(fill), fill.target))
}

function* encoded({ filler }: Fill, target: FillTarget): Generator<Uint8Array> {
  const { encode } = codecs[target.dataType]
  for (const values of drawValues(filler, target)) yield encode(values)
}
