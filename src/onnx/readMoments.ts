import { measure } from '../init/measure.js'
import { accumulate } from '../init/statistics.js'
import type { FloatType, Model, Moments, Weight } from '../types.js'
import { isFloatType } from './values/dataTypes.js'
import { isPackedZero, momentsOf, readNumbers } from './quantized/steps.js'
import { readValues } from './values/readValues.js'

const CHUNK = 1 << 16

/**
 * Mean, deviation (n) and range of a parameter's values, in constant memory; of integers those of what they stand for. null where that is
 * not stored: the scale is computed in the graph.
 */
export function readMoments(model: Model, weight: Weight): Moments | null {
  const { tensor, quantization } = weight
  const open = (file: string) => model.open(file)
  if (isFloatType(tensor.dataType)) {
    const statistics = accumulate(null, tensor.dataType satisfies FloatType, tensor.elementCount)
    for (let at = 0; at < tensor.elementCount; at += CHUNK)
      statistics.add(readValues(model, tensor, at, Math.min(tensor.elementCount, at + CHUNK)))
    return statistics.finish().moments
  }
  if (quantization) return quantization.fixed === null ? momentsOf(tensor, quantization, open) : null
  if (isPackedZero(weight)) return null
  const all = measure()
  all.add(readNumbers(tensor, open))
  return all.finish()
}
