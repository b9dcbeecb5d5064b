import type { FlagGroup } from './flags.js'
import type { Io } from './io.js'

export interface Parsed<Options extends object> {
  readonly operands: readonly string[]
  /** What the flags say to the library. */
  readonly options: Options
  /** Every flag given, by its long name, with its values. */
  readonly given: ReadonlyMap<string, readonly string[]>
}

/** A command as data, and what it does: parsed flags → one library call → report → exit status. */
export interface Command<Options extends object = object> {
  /** Behind "onnx-reinit"; '' is the main job. */
  readonly name: string
  /** Behind the name: "<model> [selection] [--stats]". */
  readonly usage: string
  readonly summary: string
  /** All are needed. */
  readonly operands: { readonly noun: string; readonly names: readonly string[] }
  readonly groups: readonly FlagGroup<Options>[]
  /** Lists for the help, each a heading with terms and what they mean. */
  readonly notes?: readonly Note[]
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  readonly exits: readonly (readonly [status: string, meaning: string])[]
  /** How an unknown flag is rather written; undefined: no idea. */
  hint?(this: void, flag: string): string | undefined
  run(this: void, parsed: Parsed<Options>, io: Io): Promise<number>
}

export interface Note {
  readonly heading: string
  readonly terms: readonly (readonly [term: string, meaning: string])[]
}

export const exits = [
  ['0', 'done'],
  ['1', 'could not: unreadable or invalid model, missing file, I/O, proof failed, runtime missing'],
  ['2', 'usage: unknown flag, nothing matches, output exists, shared tensor'],
] as const

/** How a command is called: "onnx-reinit diff <before> <after>". */
export const lineOf = ({ name, usage }: Command) => ['onnx-reinit', name, usage].filter((part) => part !== '').join(' ')
