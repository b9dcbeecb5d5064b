/** Texts stand in pages; a longer one has a page of its own. */
const PAGE = 1 << 16

const decoder = new TextDecoder()

/** The bytes of texts, one behind the other. */
export class TextPages {
  private readonly pages: Buffer[] = []
  /** Of the last page. */
  private used = PAGE

  /** Where the bytes [start, end) of `source` are now. */
  store(source: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (this.used + length > PAGE) {
      this.pages.push(Buffer.allocUnsafe(Math.max(PAGE, length)))
      this.used = 0
    }
    const page = this.pages.at(-1) as Buffer
    for (let i = 0; i < length; i++) page[this.used + i] = source[start + i] as number
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
    return this.pages[Math.floor(place / PAGE)] as Buffer
  }
}

/** A text's bytes: where they are no UTF-8, those of what they are read as. */
export function utf8Of(bytes: Uint8Array): Uint8Array {
  let bits = 0
  for (let i = 0; i < bytes.length; i++) bits |= bytes[i] as number
  return bits < 128 ? bytes : Buffer.from(decoder.decode(bytes))
}
