/** Texts stand in pages; a longer one has a page of its own. */
const PAGE_BITS = 16
const PAGE = 1 << PAGE_BITS

const decoder = new TextDecoder()

/** The bytes of texts, one behind the other. */
export class TextPages {
  private readonly pages: Buffer[] = []
  private last = Buffer.alloc(0)
  /** Of the last page. */
  private used = PAGE

  /** Where the bytes [start, end) of `source` are now. */
  store(source: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (this.used + length > PAGE) {
      this.last = Buffer.allocUnsafe(Math.max(PAGE, length))
      this.pages.push(this.last)
      this.used = 0
    }
    const { last } = this
    // most have few bytes: a call that copies would take longer
    for (let from = start, to = this.used; from < end; ) last[to++] = source[from++] as number
    const place = (this.pages.length - 1) * PAGE + this.used
    this.used += length
    return place
  }

  text(place: number, length: number): string {
    if (length === 0) return ''
    const from = place % PAGE
    return this.page(place).toString('utf8', from, from + length)
  }

  isBytes(place: number, source: Uint8Array, start: number, end: number): boolean {
    const page = this.page(place)
    for (let i = start, j = place % PAGE; i < end; i++, j++) if (source[i] !== page[j]) return false
    return true
  }

  /** `text` is ASCII. */
  isText(place: number, text: string): boolean {
    const page = this.page(place)
    for (let i = 0, j = place % PAGE; i < text.length; i++, j++) if (text.charCodeAt(i) !== page[j]) return false
    return true
  }

  private page(place: number): Buffer {
    return this.pages[place >>> PAGE_BITS] as Buffer
  }
}

/** A text's bytes: where they are no UTF-8, those of what they are read as. */
export function utf8Of(bytes: Uint8Array): Uint8Array {
  let bits = 0
  for (let i = 0; i < bytes.length; i++) bits |= bytes[i] as number
  return bits < 128 ? bytes : Buffer.from(decoder.decode(bytes))
}
