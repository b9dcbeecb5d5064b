// Runs in onnxruntime.

import type { DataType } from './model.js'

export type RunStatus = 'passed' | 'failed' | 'failed-before' | 'unsupported' | 'too-large' | 'timeout' | 'disabled'

export interface RunValue {
  readonly name: string
  readonly dataType: DataType
  readonly shape: readonly number[]
}
export interface RunOutput extends RunValue {
  /** null where the runtime hands out no numbers: strings, sequences, maps. */
  readonly finite: boolean | null
  readonly mean: number | null
  readonly std: number | null
  readonly min: number | null
  readonly max: number | null
}
export interface RunResult {
  readonly status: RunStatus
  /** "onnxruntime-node 1.30.0"; null where it did not come to it. */
  readonly runtime: string | null
  readonly inputs: readonly RunValue[]
  readonly outputs: readonly RunOutput[]
  /** One line: why it is not `passed`, or what differs though it is (axes that depend on values). */
  readonly message?: string
  /** Where a head changed and the result ran: what enters it. */
  readonly features?: FeatureComparison
}
/** Values that both models compute, of the same inputs: are all their bytes equal? */
export interface FeatureComparison {
  readonly status: 'equal' | 'different' | 'not-compared'
  /** As the result has them. */
  readonly values: readonly RunValue[]
  /** One line: what differs, or why they were not compared. */
  readonly message?: string
}

/** What a run gave for values that were asked for by name. */
export type Probe =
  | {
      readonly kind: 'ran'
      readonly runtime: string
      /** Of the table of attempts at inputs: the same model and attempt get the same inputs. */
      readonly attempt: number
      readonly inputs: readonly RunValue[]
      /** In the order of the names. */
      readonly values: readonly ProbedValue[]
    }
  /** One line says why. */
  | { readonly kind: 'none'; readonly status: Exclude<RunStatus, 'passed' | 'failed-before' | 'disabled'>; readonly message: string }
export interface ProbedValue extends RunOutput {
  /** Of all its bytes, as they lie in memory; null where the runtime hands out none. */
  readonly sha256: string | null
}

export interface RunOptions {
  /** Sizes of named dimensions. */
  readonly dims?: Readonly<Record<string, number>>
  /** Input name → a .npy file, or zeros, ones, random. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Seconds; default 120. */
  readonly timeout?: number
  /** Run even a model over a third of free memory. */
  readonly force?: boolean
  /** Run the input too, always. */
  readonly compare?: boolean
}
