import { closeSync, constants, ftruncateSync, openSync, write } from 'node:fs'

/** While one part is written the next is filled. Smaller ones keep the disk waiting, larger ones leave the processor's cache. */
const PART_BYTES = 1 << 21
/** Past the page cache whole sectors are written, from memory that begins at one; no disk has larger ones. */
const SECTOR_BYTES = 4096
const PAGE_BYTES = 65536

/**
 * A file written from its first byte to its last past the page cache: it costs half of writes that are synced behind them, which is what every
 * output is, and pushes nothing out of memory. File systems that can't refuse with EINVAL, at any call.
 */
export class PastCache {
  /** Absent on some systems, whatever its type says. */
  static readonly isKnown = (constants.O_DIRECT as number | undefined) !== undefined

  private readonly descriptor: number
  /** WebAssembly's memory begins at a page of the system's; other memory of JavaScript begins anywhere. */
  private readonly memory = new WebAssembly.Memory({ initial: (2 * PART_BYTES) / PAGE_BYTES }).buffer
  private start = 0
  private filled = 0
  private written = Promise.resolve()

  constructor(
    path: string,
    private readonly byteLength: number,
  ) {
    this.descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_DIRECT, 0o600)
    try {
      ftruncateSync(this.descriptor, byteLength)
    } catch (error) {
      closeSync(this.descriptor)
      throw error
    }
  }

  /** The next bytes of the file, `most` or fewer: to be filled by the caller before the next call, they hold anything. */
  async room(most: number): Promise<Uint8Array> {
    if (this.filled === PART_BYTES) await this.flush()
    const from = this.filled
    this.filled += Math.min(most, PART_BYTES - from)
    return this.part().subarray(from, this.filled)
  }

  /** Everything is written, not yet synced. */
  async end(): Promise<void> {
    await this.flush()
    await this.written
    ftruncateSync(this.descriptor, this.byteLength)
  }

  async close(): Promise<void> {
    // a descriptor stays open as long as it is written to
    await this.written.catch(() => undefined)
    closeSync(this.descriptor)
  }

  private part = () => new Uint8Array(this.memory, this.start % (2 * PART_BYTES), PART_BYTES)

  private async flush(): Promise<void> {
    await this.written
    const bytes = this.part().subarray(0, Math.ceil(this.filled / SECTOR_BYTES) * SECTOR_BYTES)
    this.written = writeLater(this.descriptor, bytes, this.start)
    // who waits for it hears of an error, in the next call
    this.written.catch(() => undefined)
    this.start += this.filled
    this.filled = 0
  }
}

/** Writes all of `bytes` while the caller goes on; one write may return short. */
function writeLater(descriptor: number, bytes: Uint8Array, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, 0, bytes.length, at, (error, count) => {
      if (error) reject(error)
      else if (count === bytes.length) resolve()
      else writeLater(descriptor, bytes.subarray(count), at + count).then(resolve, reject)
    })
  })
}
