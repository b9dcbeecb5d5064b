import { findNotes } from './findNotes.js'
import { findWeights } from './findWeights.js'
import { readMoments } from './onnx/readMoments.js'
import { inspectHead } from './head/headFacts.js'
import { readModel } from './readModel.js'
import type { InspectOptions, InspectPasses, InspectReport, ReportParameter } from './reports.js'
import { selectWeights } from './selectWeights.js'
import type { Model, Skipped, Weight } from './types.js'
import { version } from './version.js'

export const tool = `onnx-reinit ${version}`

/**
 * Every parameter of a model: layer, role, shape, fan_in and fan_out, and what uses it.
 * @throws ReinitError `io`, `invalid` where the file is no valid model, `usage` where a selection matches nothing.
 */
export async function inspect(path: string, options: InspectOptions = {}): Promise<InspectReport> {
  const report = inspectPasses(path, options)
  return { ...report, parameters: [...report.parameters] }
}

/** For whoever goes through the parameters rather than keeping them. */
export function inspectPasses(path: string, options: InspectOptions = {}): InspectPasses {
  const model = readModel(path, options)
  try {
    const { weights, skipped } = findWeights(model, options.fan)
    const { layers, head, all, opTypes, roles, exclude } = options
    const isGiven = Boolean(layers?.length || head || all || opTypes?.length || roles?.length || exclude?.length)
    // null: all of them
    const selected = isGiven ? selectWeights(weights, skipped, options) : null
    const { hints, lines } = findNotes(model, weights, null)
    const moments = new Map(options.stats ? weights.map((w) => [w, readMoments(model, w)]) : [])
    const described = (w: Weight): ReportParameter => {
      const [hint, stats] = [hints.get(w.tensor), moments.get(w)]
      return { ...describeWeight(w, selected?.has(w) ?? true), ...(hint === undefined ? {} : { hint }), ...(stats ? { stats } : {}) }
    }
    return {
      schema: 1,
      tool,
      model: describeModel(model),
      parameters: {
        *[Symbol.iterator]() {
          for (const w of weights) yield described(w)
        },
      },
      skipped: skipped.map(describeSkipped),
      notes: lines,
      ...(head && selected ? { head: inspectHead(model, selected) } : {}),
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
