import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { ReinitError } from '../errors.js'
import type { ByteSource } from '../types.js'
import { ioError } from './ioError.js'

/** A page of small fields; reads that go on where the last ended double up to MAX_WINDOW. */
const MIN_WINDOW = 4096
const MAX_WINDOW = 1 << 18
/** The byte order mark, decoded, and in UTF-8. */
const MARK = 0xfeff
const MARK_BYTES = [0xef, 0xbb, 0xbf]

export interface FileSource extends ByteSource {
  close(): void
}

/** A pipe is opened without waiting for someone who writes to it. Windows has no such flag, and no such pipes. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * A file read by position; never more of it in memory than what was asked for.
 * @throws Error with the system's code: EISDIR for a folder, ESPIPE for what can't be read by position.
 */
export function fileSource(path: string): FileSource {
  const descriptor = openSync(path, READ)
  const stat = fstatSync(descriptor)
  if (!stat.isFile()) {
    closeSync(descriptor)
    throw Object.assign(new Error(`${path} is not a file`), { code: stat.isDirectory() ? 'EISDIR' : 'ESPIPE' })
  }
  return {
    byteLength: stat.size,
    read(start, end) {
      try {
        return readFully(descriptor, new Uint8Array(end - start), start)
      } catch (error) {
        throw readError(error, path)
      }
    },
    close: () => closeReader(descriptor),
  }
}

/** What was read is right, whatever the system says when the file is closed. */
export function closeReader(descriptor: number): void {
  try {
    closeSync(descriptor)
  } catch {
    // the descriptor is gone all the same
  }
}

/** What to say where a file of which the length was known can't be read. */
export function readError(error: unknown, path: string): unknown {
  if (error instanceof RangeError) return new ReinitError('io', `${path} became shorter while it was read: try again.`)
  return ioError(error, `${path} can't be read`)
}

/** Fills `into` from `position`; one read may return short. */
export function readFully(descriptor: number, into: Uint8Array, position: number): Uint8Array {
  for (let done = 0; done < into.length; ) {
    const count = readSync(descriptor, into, done, into.length - done, position + done)
    if (count === 0) throw new RangeError(`file ends at byte ${position + done}, ${position + into.length} expected`)
    done += count
  }
  return into
}

/** A source with a window over another: many small reads become few, payloads that are skipped are never read. */
export class Window {
  /** What is loaded now: the file from `from` on. */
  bytes: Uint8Array = new Uint8Array(0)
  /** The same memory. */
  private buffer: Buffer = Buffer.alloc(0)
  private from = 0
  private size = MIN_WINDOW
  readonly byteLength: number
  constructor(private readonly source: ByteSource) {
    this.byteLength = source.byteLength
  }

  /** The byte at `at`; `at` must be below byteLength. */
  byte(at: number): number {
    const index = at - this.from
    if (index >= 0 && index < this.bytes.length) return this.bytes[index] as number
    this.load(at, at + 1)
    return this.bytes[at - this.from] as number
  }

  /** The index in `bytes` of the byte at `start`, behind which then all up to `end` are. */
  locate(start: number, end: number): number {
    if (start < this.from || end > this.from + this.bytes.length) this.load(start, end)
    return start - this.from
  }

  slice(start: number, end: number): Uint8Array {
    if (start < this.from || end > this.from + this.bytes.length) {
      if (end - start > MAX_WINDOW) return this.source.read(start, end)
      this.load(start, end)
    }
    return this.bytes.subarray(start - this.from, end - this.from)
  }

  /** UTF-8, without a byte order mark in front. */
  text(start: number, end: number): string {
    if (start < this.from || end > this.from + this.bytes.length) this.load(start, end)
    const text = this.buffer.toString(undefined, start - this.from, end - this.from)
    return text.charCodeAt(0) === MARK ? text.slice(1) : text
  }

  /** The index in `bytes` where a text's bytes start that stand at [start, end): behind a byte order mark. */
  locateText(start: number, end: number): number {
    const at = this.locate(start, end)
    if (this.bytes[at] !== MARK_BYTES[0] || end - start < MARK_BYTES.length) return at
    return MARK_BYTES.every((byte, i) => this.bytes[at + i] === byte) ? at + MARK_BYTES.length : at
  }

  private load(start: number, end: number): void {
    const previousEnd = this.from + this.bytes.length
    this.size = start === previousEnd ? Math.min(this.size * 2, MAX_WINDOW) : MIN_WINDOW
    this.bytes = this.source.read(start, Math.min(this.byteLength, Math.max(end, start + this.size)))
    this.buffer = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
    this.from = start
  }
}
