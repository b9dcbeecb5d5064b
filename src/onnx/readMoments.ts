import { accumulate } from '../init/statistics.js'
import type { FloatType, Model, Moments, Tensor } from '../types.js'
import { readValues } from './readValues.js'

const CHUNK = 1 << 16

/** Mean, deviation (n) and range of a tensor's values, in constant memory. */
export function readMoments(model: Model, tensor: Tensor): Moments {
  const statistics = accumulate(null, tensor.dataType as FloatType, tensor.elementCount)
  for (let at = 0; at < tensor.elementCount; at += CHUNK)
    statistics.add(readValues(model, tensor, at, Math.min(tensor.elementCount, at + CHUNK)))
  return statistics.finish().moments
}
