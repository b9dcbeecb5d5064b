import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { ReinitError } from './errors.js'

export interface Overwrite {
  /** '' for the model, else an external file's location. */
  readonly file: string
  readonly start: number
  readonly end: number
  /** The bytes of [start, end) relative to the range. */
  bytes(start: number, end: number): Uint8Array
}

const CHUNK = 1 << 18

/** Copies `input` beside `output`, puts the bytes there, syncs, proves every byte, renames. Nothing is left on failure. */
export function writeModel(input: string, output: string, overwrites: readonly Overwrite[], prove: boolean): void {
  const temporary = `${output}.${process.pid}.tmp`
  try {
    copyFileSync(input, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    chmodSync(temporary, statSync(input).mode | 0o200)
    const file = openSync(temporary, 'r+')
    try {
      for (const o of overwrites)
        for (let at = o.start; at < o.end; at += CHUNK) {
          const bytes = o.bytes(at - o.start, Math.min(o.end, at + CHUNK) - o.start)
          for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done)
        }
      fsyncSync(file)
      if (prove) proveBytes(input, file, overwrites)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, output)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Every byte outside the overwrites equals the input's; inside, what a second draw gives. */
function proveBytes(input: string, written: number, overwrites: readonly Overwrite[]): void {
  const original = openSync(input, 'r')
  try {
    const a = Buffer.alloc(CHUNK)
    const b = Buffer.alloc(CHUNK)
    for (let at = 0; ; at += CHUNK) {
      const count = readFully(original, a, at)
      if (readFully(written, b, at) !== count)
        throw new ReinitError('proof', `The output has another length than the input near byte ${at}.`)
      for (const o of overwrites) {
        const [from, to] = [Math.max(o.start, at), Math.min(o.end, at + count)]
        if (from < to) a.set(o.bytes(from - o.start, to - o.start), from - at)
      }
      if (a.compare(b, 0, count, 0, count) !== 0)
        throw new ReinitError('proof', `The output differs from the plan in bytes ${at} to ${at + count}: not kept.`)
      if (count < CHUNK) return
    }
  } finally {
    closeSync(original)
  }
}

function readFully(file: number, into: Buffer, position: number): number {
  let done = 0
  for (let count = -1; count !== 0 && done < into.length; done += count)
    count = readSync(file, into, done, into.length - done, position + done)
  return done
}
