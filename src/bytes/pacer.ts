import { setImmediate } from 'node:timers/promises'

export interface WorkOptions {
  /** Stops the work with its reason, and what it has made is removed at once. */
  readonly signal?: AbortSignal
  /** Bytes done of all. */
  readonly onProgress?: (stage: string, done: number, total: number) => void
}

/** So often other events (an interrupt) get their turn while files are read and written. */
const TURN_MS = 40

/** Counts bytes of long work: reports them, lets other events in, and stops where it is told to. */
export function pacer(stage: string, total: number, { signal, onProgress }: WorkOptions): (bytes: number) => Promise<void> {
  let done = 0
  let last = Date.now()
  return async (bytes) => {
    done += bytes
    if (Date.now() - last < TURN_MS) return
    onProgress?.(stage, done, total)
    await setImmediate()
    last = Date.now()
    signal?.throwIfAborted()
  }
}
