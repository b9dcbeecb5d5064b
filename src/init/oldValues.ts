import type { Values } from '../types.js'

/** Elements [start, end) of a tensor that is there; good until the next call. */
export type Reader = (start: number, end: number) => Values

/** Elements that are read at a time. */
const CHUNK = 1 << 16

export function inChunks(reader: Reader, elementCount: number, add: (values: Values, start: number) => void): void {
  for (let start = 0; start < elementCount; start += CHUNK) add(reader(start, Math.min(elementCount, start + CHUNK)), start)
}

export function readAll(reader: Reader, out: Values): void {
  inChunks(reader, out.length, (values, start) => out.set(values, start))
}
