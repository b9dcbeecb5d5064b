import { fstatSync, openSync } from 'node:fs'
import type { ByteSource } from '../types.js'
import { closeReader, readError, readFully } from './source.js'

/** What is read, written and compared at a time: large enough that a system call is cheap, small enough for the processor's cache. */
export const CHUNK_BYTES = 1 << 18

/** A file read through one buffer: bytes that `read` gives are good until the next `read`. */
export class FileWindow implements ByteSource {
  readonly byteLength: number
  private readonly descriptor: number
  private buffer: Uint8Array | null = null
  private from = 0
  private to = 0

  constructor(private readonly path: string) {
    this.descriptor = openSync(path, 'r')
    this.byteLength = fstatSync(this.descriptor).size
  }

  read(start: number, end: number): Uint8Array {
    if (start < this.from || end > this.to) this.load(start, end)
    return (this.buffer as Uint8Array).subarray(start - this.from, end - this.from)
  }

  /** Fills `into` from `start` on, past the buffer. */
  readInto(into: Uint8Array, start: number): void {
    try {
      readFully(this.descriptor, into, start)
    } catch (error) {
      throw readError(error, this.path)
    }
  }

  close(): void {
    closeReader(this.descriptor)
  }

  private load(start: number, end: number): void {
    const size = Math.max(end - start, Math.min(CHUNK_BYTES, this.byteLength))
    if (this.buffer === null || this.buffer.length < size) this.buffer = new Uint8Array(size)
    this.from = this.to = 0
    const stop = Math.max(end, Math.min(this.byteLength, start + size))
    this.readInto(this.buffer.subarray(0, stop - start), start)
    this.from = start
    this.to = stop
  }
}
