import { childScript } from './childScript.js'
import { prepareRun } from './onnx/prepareRun.js'
import type { Probe, RunOptions, Value } from './types.js'

/** A model whose outputs are looked at: a copy that `probedCopy` has planned and writePlan has staged, or any. */
export interface ProbedModel {
  readonly path: string
  /** External data included. */
  readonly byteLength: number
  /** Inputs of the main graph that are no initializers. */
  readonly inputs: readonly Value[]
}

export interface ProbeOptions extends RunOptions {
  /** The attempt at inputs of another probe: then its inputs. Default: the first at which the model's other outputs are right. */
  readonly attempt?: number
}

/**
 * Runs a model in onnxruntime-node, in a child process, and gives what outputs `names` hold: shape, finite, moments, and the hash of their
 * bytes. Graph optimizations are off, so that what is in front of a value alone makes it: two models that agree there give equal bytes for
 * equal inputs, and those are the same at every call. Values may be anything, not finite too; a model that does not run is an outcome.
 * @throws ReinitError `runtime` where onnxruntime-node is missing, `usage` or `io` as checkRunOptions does.
 */
export async function probeModel(model: ProbedModel, names: readonly string[], options: ProbeOptions = {}): Promise<Probe> {
  const { runtime, tooLarge, run } = prepareRun(model, options, childScript)
  if (tooLarge !== null) return { kind: 'none', status: 'too-large', message: tooLarge }
  const { attempt } = options
  const range = attempt === undefined ? { first: 0, last: Number.POSITIVE_INFINITY } : { first: attempt, last: attempt + 1 }
  const outcome = await run(model.path, { probed: names, until: 'agrees', ...range })
  if (outcome.kind === 'none') return { kind: 'none', status: statuses[outcome.why], message: outcome.message }
  const values = names.flatMap((name) => outcome.outputs.find((o) => o.name === name) ?? [])
  return {
    kind: 'ran',
    runtime,
    attempt: outcome.attempt,
    inputs: outcome.inputs,
    values: values.map((value) => ({ ...value, sha256: value.sha256 ?? null })),
  }
}

const statuses = { error: 'failed', crash: 'failed', unsupported: 'unsupported', timeout: 'timeout', killed: 'too-large' } as const
