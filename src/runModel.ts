import { childScript } from './childScript.js'
import { type PreparedRun, prepareRun } from './onnx/prepareRun.js'
import type { Ran } from './run/job.js'
import type { Outcome } from './run/runChild.js'
import type { RunOptions, RunResult, RunStatus, Value } from './types.js'

/** A model to run, and the one it was made from. */
export interface RunnableModel {
  readonly path: string
  /** null: there is none to compare with. */
  readonly before: string | null
  /** External data included. */
  readonly byteLength: number
  /** Inputs of the main graph that are no initializers. */
  readonly inputs: readonly Value[]
}

/**
 * Loads and runs a model in onnxruntime-node, in a child process, with inputs that are the same at every call: do the outputs have the
 * declared ranks and sizes, are they finite? Where not, `before` runs with the same inputs: does it do better?
 * Each run may take `timeout` seconds.
 * @throws ReinitError `runtime` where onnxruntime-node is missing, `usage` or `io` as checkRunOptions does.
 */
export async function runModel(model: RunnableModel, options: RunOptions = {}, script: URL = childScript): Promise<RunResult> {
  const { runtime, tooLarge, run } = prepareRun(model, options, script)
  if (tooLarge !== null) return { status: 'too-large', runtime: null, inputs: [], outputs: [], message: tooLarge }
  const { status, shown, message } = await judge(model, options.compare ?? false, run)
  return {
    status,
    runtime,
    inputs: shown.inputs,
    outputs: shown.kind === 'ran' ? shown.outputs : [],
    ...(message === '' ? {} : { message }),
  }
}

type Run = PreparedRun['run']
interface Judgement {
  readonly status: RunStatus
  /** The run of the model itself whose inputs and outputs are reported. */
  readonly shown: Outcome
  readonly message: string
}

/**
 * The first attempt at inputs that the runtime goes through with decides. If its outputs are not right, the first that the input model
 * is right at does: inputs that suit neither prove nothing.
 */
async function judge({ path, before }: RunnableModel, compare: boolean, run: Run): Promise<Judgement> {
  const shown = await run(path, { first: 0, last: Number.POSITIVE_INFINITY, until: before === null ? 'agrees' : 'runs' })
  if (isRight(shown)) {
    if (before === null || !compare) return { status: 'passed', shown, message: shown.note ?? '' }
    return compareRuns(shown, await run(before, only(shown.attempt)))
  }
  const words = wordsOf(shown)
  const why = shown.kind === 'ran' ? null : shown.why
  if (why === 'timeout') return { status: 'timeout', shown, message: words }
  if (why === 'killed') return { status: 'too-large', shown, message: words }
  if (before === null) return { status: why === 'unsupported' ? 'unsupported' : 'failed', shown, message: words }

  const first = shown.kind === 'ran' ? shown.attempt : 0
  const input = await run(before, { first, last: Number.POSITIVE_INFINITY, until: 'agrees' })
  if (!isRight(input)) {
    if (why === 'unsupported') return { status: 'unsupported', shown, message: words }
    const other = wordsOf(input)
    const status = input.kind === 'none' && input.why === 'timeout' ? 'timeout' : 'failed-before'
    return { status, shown, message: other === words ? `${words}, as with the input model` : `${words}; the input model: ${other}` }
  }
  if (shown.kind === 'none' || input.attempt === shown.attempt)
    return { status: 'failed', shown, message: `${words}; the input model runs, with finite outputs` }
  const again = await run(path, only(input.attempt))
  if (isRight(again)) return compareRuns(again, input)
  return { status: 'failed', shown: again, message: `${wordsOf(again)}; the input model runs, with finite outputs` }
}

const only = (attempt: number) => ({ first: attempt, last: attempt + 1, until: 'agrees' }) as const

const isRight = (outcome: Outcome): outcome is Ran & { readonly problem: null } => outcome.kind === 'ran' && outcome.problem === null

const wordsOf = (outcome: Outcome) => (outcome.kind === 'none' ? outcome.message : (outcome.problem ?? outcome.note ?? ''))

/** A right run beside the input model's: ranks must agree; sizes that no number was declared for depend on values, and are reported. */
function compareRuns(shown: Ran, input: Outcome): Judgement {
  if (!isRight(input)) return { status: 'passed', shown, message: `the input model, with the same inputs: ${wordsOf(input)}` }
  const notes = shown.note === null ? [] : [shown.note]
  for (const { name, shape } of shown.outputs) {
    const other = input.outputs.find((o) => o.name === name)
    if (!other || `${other.shape}` === `${shape}`) continue
    const line = `output ${JSON.stringify(name)} is [${shape.join(', ')}], the input model's [${other.shape.join(', ')}]`
    if (other.shape.length !== shape.length) return { status: 'failed', shown, message: line }
    notes.push(line)
  }
  return { status: 'passed', shown, message: notes.join('; ') }
}
