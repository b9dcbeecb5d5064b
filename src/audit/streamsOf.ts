import { elementReader, storedUnits } from '../onnx/values/readValues.js'
import type { Model, Tensor } from '../types.js'
import { isComparable } from './judge.js'
import type { Open } from './heldNumbers.js'
import type { Stream } from './scanBytes.js'

/**
 * Everything that a model's files hold: each file as it is, and the values of each tensor that does not have them in one piece there (varints,
 * a field a value) as raw_data would.
 */
export function streamsOf(model: Model, tensors: readonly Tensor[], open: Open): Stream[] {
  const files = ['', ...model.externalFiles.keys()].map((file): Stream => ({ file, tensor: null, source: lazily(open, file) }))
  const apart = tensors.filter(
    (t) => isComparable(t) && t.elements.kind === 'stored' && (t.elements.varints || t.elements.ranges.length > 1),
  )
  return [...files, ...apart.map((tensor): Stream => ({ file: '', tensor, source: decoded(tensor, open) }))]
}

/** Opened when it is read: a model can have thousands of data files. */
function lazily(open: Open, file: string): Stream['source'] {
  return { byteLength: open(file).byteLength, read: (start, end) => open(file).read(start, end) }
}

function decoded(tensor: Tensor, open: Open): Stream['source'] {
  const { byteLength: width, count } = storedUnits(tensor)
  const read = elementReader(tensor, open)
  return {
    byteLength: width * count,
    read(start, end) {
      const from = Math.floor(start / width)
      const bytes = read(from, Math.ceil(end / width))
      return bytes.subarray(start - from * width, end - from * width)
    },
  }
}

/** A stream's bytes for looking here and there: only what is asked for is read. */
export const streamReader = (model: Model, { file, tensor, source }: Stream): Stream['source'] => (tensor ? source : model.open(file))
