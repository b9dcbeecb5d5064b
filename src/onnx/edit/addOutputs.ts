import { field } from './encodeFields.js'
import { graphParts, insertBytes } from './scanFields.js'
import type { FramedPatch, Model } from '../../types.js'

/** GraphProto.output, a repeated ValueInfoProto { name = 1 }. */
const OUTPUT = 12

/**
 * What makes values of the main graph outputs of the model too, behind those that it has: results of nodes, inputs, stored tensors. Those
 * that are outputs already are left out. Only names are written, for a model that onnxruntime runs and nobody keeps: it works types and
 * shapes out for itself (a wrong type it refuses), where onnx.checker asks for them.
 * @throws RangeError where the main graph has no value of a name: onnxruntime would not load the model.
 */
export function addOutputs(model: Model, names: Iterable<string>): FramedPatch[] {
  const { defined, outputs } = model.graph
  const known = new Set(outputs.map((o) => o.name))
  const added = [...new Set(names)].filter((name) => !known.has(name))
  const missing = added.find((name) => !defined.has(name))
  if (missing !== undefined) throw new RangeError(`the main graph has no value ${JSON.stringify(missing)}`)
  const frame = graphParts(model).at(-1)
  if (!frame || added.length === 0) return []
  return [insertBytes(frame.end, frame, Buffer.concat(added.map((name) => field(OUTPUT, field(1, name)))))]
}
