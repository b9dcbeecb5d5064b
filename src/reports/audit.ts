// What is left of one model in another.

import type { Audit } from '../types.js'
import type { OnProgress, OnRead } from './options.js'

export interface AuditOptions {
  /** Patterns (as --layers) of tensors that may keep their values. */
  readonly keep?: readonly string[]
  /** Whether what the input says about itself (doc strings, producer, domain, metadata) must be gone; default true. */
  readonly strings?: boolean
  /** Names of nodes, values and tensors must be gone too, but for the model's inputs and outputs. */
  readonly renamed?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
  readonly onRead?: OnRead
}
export interface AuditReport extends Audit {
  readonly schema: 1
  readonly tool: string
  readonly before: string
  readonly after: string
}
