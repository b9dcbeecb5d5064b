import { usage } from '../errors.js'
import type { FlagGroup } from './flags.js'
import type { Io } from './io.js'

/** A command as data, and what it does: argv → one library call → report → exit status. */
export interface Command {
  /** Behind "onnx-reinit": "inspect <model> [selection] [--stats]". */
  readonly usage: string
  readonly summary: string
  readonly groups: readonly FlagGroup<object>[]
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  readonly exits: readonly (readonly [status: string, meaning: string])[]
  run(this: void, argv: readonly string[], io: Io): Promise<number>
}

const NUMBERS = ['No', 'One', 'Two']

/** @throws ReinitError `usage` with the usage line unless there are as many operands as names. */
export function expectOperands(operands: readonly string[], names: readonly string[], line: string): void {
  if (operands.length === names.length) return
  const needed = `${NUMBERS[names.length]} ${names.length === 1 ? 'model is' : 'models are'} needed (${names.join(', ')})`
  const given = operands.length === 0 ? 'none is given' : `${operands.length} given: ${operands.join(', ')}`
  throw usage(`${needed}, ${given}. Usage: onnx-reinit ${line}`)
}

export const exits = [
  ['0', 'done'],
  ['1', 'could not: unreadable or invalid model, missing file, I/O, proof failed, runtime missing'],
  ['2', 'usage: unknown flag, nothing matches, output exists, shared tensor'],
] as const
