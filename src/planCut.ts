import { ReinitError } from './errors.js'
import { dataTypes, isFloatType } from './onnx/values/dataTypes.js'
import { field } from './onnx/edit/encodeFields.js'
import { graphParts, replaceField, scanFields, type ScannedField } from './onnx/edit/scanFields.js'
import { nameOf, valueInfo, valueShapes } from './onnx/edit/valueShapes.js'
import { cutHead } from './head/cutHead.js'
import type { Features } from './head/featuresOf.js'
import { producerIn } from './ops/scope.js'
import type { DataType, FramedPatch, Model, Tensor, Weight } from './types.js'

/** What a model without its head takes. */
export interface PlannedCut {
  readonly patches: readonly FramedPatch[]
  readonly removed: readonly Tensor[]
  readonly notes: readonly string[]
  readonly features: Features
}

/** GraphProto's fields. */
const [NODE, INITIALIZER, INPUT, OUTPUT, VALUE_INFO, SPARSE] = [1, 5, 11, 12, 13, 15]

/**
 * Cuts the selected head off: what enters it is the model's output, and what only served the head is gone.
 * @throws ReinitError `usage` where the selection is no head, `conflict` where what enters it can't be an output.
 */
export function planCut(model: Model, selected: Iterable<Weight>): PlannedCut {
  const cut = cutHead(model, [...selected])
  const shapes = new Map(valueShapes(model).map((v) => [v.name, v]))
  const added = cut.features.map(({ name, dataType, rank, axis, size }) => {
    const known = shapes.get(name)
    const elemType = known?.elemType || codeOf(dataType, name)
    const dims = known?.dims ?? (rank === null ? null : Array.from({ length: rank }, (_, i) => (i === rank - 1 - axis ? size : null)))
    return field(OUTPUT, valueInfo(name, elemType, dims))
  })
  const nodes = new Set(cut.nodes.map((n) => n.frame.start))
  const tensors = new Set(cut.tensors.map((t) => t.frame.start))
  const gone = new Set([...cut.nodes.flatMap((n) => n.outputs), ...cut.tensors.map((t) => t.name)])
  const isGone = (f: ScannedField): boolean => {
    if (!f.body) return false
    if (f.number === NODE) return nodes.has(f.body.start)
    if (f.number === INITIALIZER) return tensors.has(f.body.start)
    if (f.number === SPARSE)
      return scanFields(model, f.body).some((inner) => inner.number === 1 && inner.body && tensors.has(inner.body.start))
    if (f.number === OUTPUT) return cut.outputs.has(nameOf(model, f.body))
    return (f.number === INPUT || f.number === VALUE_INFO) && gone.has(nameOf(model, f.body))
  }
  const fields = graphParts(model)
    .flatMap((part) => scanFields(model, part))
    .filter(isGone)
  const first = fields.find((f) => f.number === OUTPUT)
  const others = model.graph.outputs.filter((o) => !cut.outputs.has(o.name) && producerIn(model.graph, o.name))
  return {
    patches: fields.map((f) => replaceField(f, f === first ? Buffer.concat(added) : new Uint8Array(0))),
    removed: cut.tensors,
    notes: [
      `cut off ${cut.layers.join(', ')}: ${cut.features.map((f) => f.name).join(', ')} is the output now; ${cut.nodes.length} nodes and ${cut.tensors.length} tensors are gone`,
    ],
    features: { names: [...new Set([...cut.features, ...others].map((v) => v.name))], changed: null },
  }
}

function codeOf(dataType: DataType | null, name: string): number {
  const code = Object.entries(dataTypes).find(([, [known]]) => known === dataType)?.[0]
  if (code === undefined || dataType === null || !isFloatType(dataType))
    throw new ReinitError(
      'conflict',
      `The type of ${JSON.stringify(name)} is not known, which would be the output: the model does not declare it.`,
    )
  return Number(code)
}
