// A model that may be shared.

import type { Audit, DataType, RunOptions, RunResult } from '../types.js'
import type { OnProgress, OnRead } from './options.js'
import type { InspectReport, ReportChange } from './reinit.js'

export interface ScrambleOptions extends RunOptions {
  /** 0 … 2^64−1; default 0. */
  readonly seed?: bigint | number | string
  /** Magnitudes: what `auto` chooses for each weight (default), or each tensor's own mean and deviation, moved and rounded. */
  readonly like?: 'auto' | 'moments'
  /** Layer by layer, by runs of the input and the result: to the input's activations' deviation, or to 1. */
  readonly calibrate?: 'original' | 'unit'
  /** Neutral names: of everything but the model's inputs, outputs and their dimensions (inner), or of those too (all); default none. */
  readonly rename?: 'none' | 'inner' | 'all'
  /** Default `<stem>.scrambled.onnx` beside the input. */
  readonly output?: string
  readonly overwrite?: boolean
  readonly dryRun?: boolean
  /** copy (default): data files hold what tensors use, and nothing else. */
  readonly data?: 'copy' | 'inline'
  readonly verify?: boolean
  readonly run?: boolean
  readonly audit?: boolean
  readonly strict?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  readonly onRead?: OnRead
}
export interface ReportKept {
  readonly name: string
  readonly scope: string
  readonly what: 'tensor' | 'attribute'
  readonly dataType: DataType
  readonly reason: string
  readonly detail: string
  readonly elementCount: number
  readonly byteLength: number
}
/** An output of the model and of the scrambled one, with the same inputs. */
export interface ReportDeviation {
  readonly name: string
  readonly before: number | null
  readonly after: number | null
  /** after / before; null where either is none, or 0. */
  readonly ratio: number | null
}
export interface ReportCalibration {
  readonly to: 'original' | 'unit'
  readonly passes: number
  /** Layers whose deviation is within `tolerance` of its target in the end, of those that could be looked at. */
  readonly met: number
  readonly layers: number
  /** By tensor: what its draw was multiplied by. */
  readonly factors: readonly { readonly name: string; readonly scope: string; readonly factor: number }[]
  /** Why it came to nothing; null: it did not. */
  readonly message: string | null
}
export interface ScrambleReport {
  readonly schema: 1
  readonly tool: string
  readonly input: string
  /** null under dryRun, and where the result is not kept. */
  readonly output: string | null
  readonly model: InspectReport['model'] & { readonly parameterCount: number; readonly layerCount: number }
  readonly seed: string
  readonly like: 'auto' | 'moments'
  readonly rename: 'none' | 'inner' | 'all'
  readonly changed: readonly ReportChange[]
  /** Lists of learned numbers in attributes that are new. */
  readonly attributes: readonly { readonly name: string; readonly elementCount: number }[]
  readonly kept: readonly ReportKept[]
  /** How many fields of each kind are gone: doc strings, metadata, producer, …. */
  readonly dropped: Readonly<Record<string, number>>
  /** How many names of each kind are others now. */
  readonly renamed: Readonly<Record<string, number>>
  readonly calibration: ReportCalibration | null
  readonly notes: readonly string[]
  /** null where not verified. */
  readonly bytes: { readonly changed: number; readonly total: number; readonly identicalOutside: boolean | null }
  /** What of the input survives in the result; null: not audited. Anything: the result is not kept. */
  readonly audit: Audit | null
  readonly run: RunResult
  readonly deviations: readonly ReportDeviation[]
  readonly written: readonly string[]
  readonly milliseconds: { readonly read: number; readonly write: number; readonly verify: number; readonly run: number }
}
