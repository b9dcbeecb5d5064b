import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { readFully } from './source.js'

/** Writes below this are gathered in a page of the file, so that a million values of four bytes don't cost a million system calls. */
const SMALL_BYTES = 512
const PAGE_BYTES = 4096

/** Writes at positions of a file that has its full length. */
export class FileWriter {
  private readonly descriptor: number
  private readonly byteLength: number
  private page: Uint8Array | null = null
  private pageStart = 0
  private isDirty = false

  constructor(path: string) {
    this.descriptor = openSync(path, 'r+')
    this.byteLength = fstatSync(this.descriptor).size
  }

  write(bytes: Uint8Array, at: number): void {
    if (bytes.length >= SMALL_BYTES) {
      this.flush()
      this.page = null
      writeFully(this.descriptor, bytes, at)
      return
    }
    for (let done = 0; done < bytes.length; ) {
      const page = this.pageAt(at + done)
      const from = at + done - this.pageStart
      const part = bytes.subarray(done, done + page.length - from)
      page.set(part, from)
      this.isDirty = true
      done += part.length
    }
  }

  close(): void {
    try {
      this.flush()
    } finally {
      closeSync(this.descriptor)
    }
  }

  private pageAt(position: number): Uint8Array {
    if (this.page && position >= this.pageStart && position < this.pageStart + this.page.length) return this.page
    this.flush()
    this.pageStart = position - (position % PAGE_BYTES)
    this.page = readFully(this.descriptor, new Uint8Array(Math.min(PAGE_BYTES, this.byteLength - this.pageStart)), this.pageStart)
    return this.page
  }

  private flush(): void {
    if (this.page && this.isDirty) writeFully(this.descriptor, this.page, this.pageStart)
    this.isDirty = false
  }
}

/** Writes all of `bytes`; one write may return short. */
export function writeFully(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done, bytes.length - done, position + done)
}
