import type { Graph, Tensor } from '../../types.js'
import type { AttributeDraft } from './readAttribute.js'
import { MAX_RANGES } from './readTensor.js'

/** The tensor that value_float or value_floats of a Constant node is. */
export function floatsTensor(
  { attribute, floats, frame }: Pick<AttributeDraft, 'attribute' | 'floats' | 'frame'>,
  graph: Graph,
  name: string,
): Tensor {
  const field = attribute.name as 'value_float' | 'value_floats'
  const elementCount = attribute.floatCount ?? 0
  return {
    name,
    graph,
    owner: 'constant',
    dataType: 'FLOAT',
    dims: field === 'value_float' ? [] : [elementCount],
    elementCount,
    elements:
      floats.length < MAX_RANGES
        ? { kind: 'stored', field, ranges: floats, varints: false }
        : { kind: 'unwritable', field, reason: `${field} has ${MAX_RANGES} fields of one value or more: save the model with packed ones` },
    frame,
    external: null,
    denseDims: null,
    at: frame.start,
  }
}
