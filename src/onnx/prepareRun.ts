import { usage } from '../errors.js'
import { type Bound, bindInputs } from '../run/bindInputs.js'
import type { Job } from '../run/job.js'
import { refusedMemory } from '../run/refusedMemory.js'
import { requireRuntime } from '../run/requireRuntime.js'
import { DEFAULT_TIMEOUT_SECONDS, type Outcome, runChild } from '../run/runChild.js'
import type { RunOptions, Value } from '../types.js'
import { dataTypes } from './values/dataTypes.js'

/** Which attempts at inputs are made, until when, and what is looked at beside the outputs. */
export type RunPart = Pick<Job, 'first' | 'last' | 'until'> & Partial<Pick<Job, 'probed'>>

export interface PreparedRun {
  /** "onnxruntime-node 1.30.0" */
  readonly runtime: string
  /** Why it is not run; null: it can be. */
  readonly tooLarge: string | null
  /** A model with these inputs, in a child process of its own. */
  run(this: void, path: string, part: RunPart): Promise<Outcome>
}

/**
 * What runs of models of `byteLength` with these inputs go by. `script`: of the child.
 * @throws ReinitError `runtime` where onnxruntime-node is missing, `usage` or `io` as checkRunOptions does.
 */
export function prepareRun(
  { inputs, byteLength }: { readonly inputs: readonly Value[]; readonly byteLength: number },
  options: RunOptions,
  script: URL,
): PreparedRun {
  const bound = checkRunOptions(inputs, options)
  const unranked = inputs.flatMap(({ name, shape }) => (shape === null ? [name] : []))
  return {
    runtime: `onnxruntime-node ${requireRuntime()}`,
    tooLarge: refusedMemory(byteLength, options),
    run: (path, part) => runChild(script, { path, ...bound, unranked, ...part }, options.timeout ?? DEFAULT_TIMEOUT_SECONDS),
  }
}

/**
 * Checks what a run was asked for, before any work: names of dimensions and inputs, sizes, headers of .npy files.
 * @throws ReinitError `usage` with the names that the model has, `io` where a file can't be read.
 */
export function checkRunOptions(inputs: readonly Value[], options: RunOptions): Bound {
  const { timeout } = options
  if (timeout !== undefined && !(timeout > 0)) throw usage(`--run-timeout ${timeout}: give seconds above 0.`)
  return bindInputs(inputs, options, (code) => dataTypes[code]?.[0] ?? 'UNDEFINED')
}
