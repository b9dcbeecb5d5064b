import { runInputs } from './onnx/runInputs.js'
import type { Names } from './planNames.js'
import { type ProbedModel, probeModel } from './probeModel.js'
import type { ReportDeviation, ScrambleOptions } from './reports.js'
import type { Model, RunOptions, RunResult } from './types.js'

/**
 * How far the outputs of a model spread, and those of the scrambled one with the same inputs (under other names other ones of the same kind).
 * Empty where the model itself is not right at any.
 */
export async function deviations(
  model: Model,
  after: ProbedModel & { readonly options: RunOptions },
  run: RunResult,
  nameOf: Names['of'],
  options: ScrambleOptions,
): Promise<ReportDeviation[]> {
  const names = model.graph.outputs.map((o) => o.name)
  const before = await probeModel({ path: model.path, byteLength: after.byteLength, inputs: runInputs(model) }, names, options)
  if (before.kind === 'none') return []
  const shapes = (list: readonly { readonly shape: readonly number[] }[]) => JSON.stringify(list.map((i) => i.shape))
  const { attempt } = before
  const news = names.map((name) => nameOf('value', name, 0))
  const again = shapes(before.inputs) === shapes(run.inputs) ? null : await probeModel(after, news, { ...after.options, attempt })
  const values = again?.kind === 'ran' ? again.values : run.outputs
  return before.values.map(({ name, std }) => {
    const value = values.find((v) => v.name === nameOf('value', name, 0))
    const now = value?.std ?? null
    return { name: value?.name ?? name, before: std, after: now, ratio: std && now !== null ? now / std : null }
  })
}
