import { isReadable, readValues } from '../onnx/values/readValues.js'
import { fixedForms, type Rows, rowLength } from './fixedForms.js'
import type { Model, Tensor, Weight } from '../types.js'

/** A form shows in a few rows; longer ones than this are no filters. */
const ROWS = 24
const MAX_ROW = 1 << 14

/** Parameters that look made rather than learned, with the evidence: a blind --all would destroy them. */
export function findHints(model: Model, weights: readonly Weight[]): ReadonlyMap<Tensor, string> {
  const hints = new Map<Tensor, string>()
  for (const weight of weights) {
    const forms = fixedForms.filter((f) => f.applies(weight))
    if (forms.length === 0 || !isReadable(weight.tensor) || rowLength(weight) > MAX_ROW) continue
    const rows = sampleRows(model, weight)
    const form = forms.find((f) => f.fits(rows))
    if (form) hints.set(weight.tensor, form.what)
  }
  return hints
}

/** Rows spread over the tensor, the first and the last among them. */
function sampleRows(model: Model, weight: Weight): Rows {
  const { tensor } = weight
  const length = rowLength(weight)
  const count = Math.floor(tensor.elementCount / length)
  const picked = Array.from({ length: Math.min(ROWS, count) }, (_, i) => (count <= ROWS ? i : Math.floor((i * (count - 1)) / (ROWS - 1))))
  return picked.map((row) => Float64Array.from(readValues(model, tensor, row * length, (row + 1) * length)))
}
