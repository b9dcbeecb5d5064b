// Models without their values.

import type { Audit, RunOptions } from '../types.js'
import type { OnProgress, OnRead } from './options.js'
import type { ReportCalibration, ReportKept, ScrambleOptions } from './scramble.js'

export interface StripOptions extends RunOptions, Pick<ScrambleOptions, 'seed' | 'like' | 'rename' | 'calibrate'> {
  /** Tensors of fewer bytes have their new values in the skeleton, where a recipe would be as long; default 128. */
  readonly leastBytes?: number
  readonly audit?: boolean
  readonly output?: string
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  readonly onRead?: OnRead
}
export interface StripReport {
  readonly schema: 1
  readonly tool: string
  readonly input: string
  /** null where learned values survive. */
  readonly output: string | null
  readonly seed: string
  /** With its data files, and of the skeleton. */
  readonly inputByteLength: number
  readonly byteLength: number
  /** What the skeleton becomes. */
  readonly materialized: { readonly byteLength: number; readonly sha256: string }
  /** Tensors without values. */
  readonly leftOut: { readonly tensors: number; readonly elementCount: number }
  /** Learned, but with their new values in the skeleton, and why. */
  readonly drawn: readonly { readonly name: string; readonly scope: string; readonly reason: string; readonly byteLength: number }[]
  /** Not learned: they stay as they are. */
  readonly kept: readonly ReportKept[]
  /** How many fields of each kind are gone. */
  readonly dropped: Readonly<Record<string, number>>
  readonly renamed: Readonly<Record<string, number>>
  readonly calibration: ReportCalibration | null
  /** What of the input survives in the skeleton; null: not audited. */
  readonly audit: Audit | null
  readonly notes: readonly string[]
  readonly written: readonly string[]
  readonly milliseconds: number
}
export interface MaterializeOptions {
  readonly output?: string
  readonly overwrite?: boolean
  /** In the model (default), or large values in a data file beside it. */
  readonly data?: (typeof skeletonChoices.data)[number]
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  readonly onRead?: OnRead
}
export const skeletonChoices = { data: ['inline', 'external'] } as const
export interface MaterializeReport {
  readonly schema: 1
  readonly tool: string
  readonly input: string
  readonly output: string
  readonly seed: string
  /** What wrote the skeleton. */
  readonly by: string
  /** How many tensors were drawn. */
  readonly tensors: number
  /** Of the model with all values in it, as the skeleton has it too. */
  readonly byteLength: number
  readonly sha256: string
  readonly data: (typeof skeletonChoices.data)[number]
  readonly files: readonly { readonly name: string; readonly byteLength: number }[]
  readonly notes: readonly string[]
  readonly written: readonly string[]
  readonly milliseconds: number
}
