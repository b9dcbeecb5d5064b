import type { RunOptions } from '../types.js'

/** Of the memory that is free: the runtime holds the weights, copies of some, and what lies between layers. */
const MEMORY_SHARE = 1 / 3

/** Why a model of `byteLength`, external data included, is not run, in words; null: it is. */
export function refusedMemory(byteLength: number, { force = false }: RunOptions): string | null {
  const memory = process.availableMemory()
  return force || byteLength <= memory * MEMORY_SHARE ? null : `${byteLength} bytes are over a third of ${memory} bytes of free memory`
}
