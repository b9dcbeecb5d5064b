import { findNotes } from './findNotes.js'
import { findWeights } from './findWeights.js'
import { readMoments } from './onnx/readMoments.js'
import { inspectHead } from './head/headFacts.js'
import { readModel } from './readModel.js'
import type { InspectOptions, InspectReport, ReportParameter } from './reports.js'
import { selectWeights } from './selectWeights.js'
import type { Model, Moments, Skipped, Weight } from './types.js'
import { version } from './version.js'

export const tool = `onnx-reinit ${version}`

/**
 * Every parameter of a model: layer, role, shape, fan_in and fan_out, and what uses it.
 * @throws ReinitError `io`, `invalid` where the file is no valid model, `usage` where a selection matches nothing.
 */
export async function inspect(path: string, options: InspectOptions = {}): Promise<InspectReport> {
  const model = readModel(path)
  try {
    const { weights, skipped } = findWeights(model, options.fan)
    const { layers, head, all, opTypes, roles, exclude } = options
    const isGiven = Boolean(layers?.length || head || all || opTypes?.length || roles?.length || exclude?.length)
    const selected = isGiven ? selectWeights(weights, skipped, options) : new Set(weights)
    const { hints, lines } = findNotes(model, weights, null)
    return {
      schema: 1,
      tool,
      model: describeModel(model),
      parameters: weights.map((w) => ({
        ...describeWeight(w, selected.has(w)),
        ...(hints.has(w.tensor) ? { hint: hints.get(w.tensor) as string } : {}),
        ...(options.stats ? statsOf(readMoments(model, w)) : {}),
      })),
      skipped: skipped.map(describeSkipped),
      notes: lines,
      ...(head ? { head: inspectHead(model, selected) } : {}),
    }
  } finally {
    model.close()
  }
}

const statsOf = (stats: Moments | null) => (stats ? { stats } : {})

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
    shape: tensor.denseDims ?? tensor.dims,
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
