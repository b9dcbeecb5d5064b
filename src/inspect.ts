import { findWeights } from './findWeights.js'
import { readModel } from './readModel.js'
import { selectWeights } from './selectWeights.js'
import type { InspectOptions, InspectReport, Model, ReportParameter, Skipped, Weight } from './types.js'
import { version } from './version.js'

export const tool = `onnx-reinit ${version}`

/** Every parameter of a model: layer, role, shape, fan_in and fan_out. @throws ReinitError where the file is no valid model. */
export function inspect(path: string, options: InspectOptions = {}): InspectReport {
  const model = readModel(path)
  try {
    const { weights, skipped } = findWeights(model)
    const selected = options.all || options.layers ? selectWeights(weights, options) : new Set(weights)
    return {
      schema: 1,
      tool,
      model: describeModel(model),
      parameters: weights.map((w) => describeWeight(w, selected.has(w))),
      skipped: skipped.map(describeSkipped),
      notes: [],
    }
  } finally {
    model.close()
  }
}

export function describeModel(model: Model): InspectReport['model'] {
  const { path, byteLength, irVersion, opsets, producer, externalFiles } = model
  const files = [...externalFiles.values()].map((f) => ({ location: f.location, byteLength: f.byteLength }))
  return { path, byteLength, irVersion, opsets: Object.fromEntries(opsets), producer, externalFiles: files }
}

export const describeSkipped = ({ name, reason, detail, elementCount }: Skipped) => ({ name, reason, detail, elementCount })

export function describeWeight(w: Weight, selected: boolean): ReportParameter {
  const { tensor } = w
  return {
    name: tensor.name,
    layer: w.layer,
    scope: tensor.graph.scope,
    role: w.role,
    owner: tensor.owner,
    storage: tensor.elements.field,
    dataType: tensor.dataType,
    shape: tensor.dims,
    elementCount: tensor.elementCount,
    fanIn: w.fan?.fanIn ?? null,
    fanOut: w.fan?.fanOut ?? null,
    activation: w.activation,
    uses: w.uses.map((u) => ({
      node: u.node.name,
      opType: u.opType,
      domain: u.domain,
      input: u.input,
      layer: u.layer,
      layout: u.layout,
      fanIn: u.fan?.fanIn ?? null,
      fanOut: u.fan?.fanOut ?? null,
    })),
    shared: w.uses.length + w.readers.length > 1,
    selected,
  }
}
