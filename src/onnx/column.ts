type Numbers = Uint8Array | Int32Array | Uint32Array | Float64Array

/** Elements of the first piece, a power of two: most graphs are small. */
const FIRST = 8

/** Numbers that are appended one by one, in typed arrays each twice as long as the one before: nothing is copied, or left over, as they grow. */
export class Column<A extends Numbers> {
  length = 0
  private readonly pieces: A[] = []
  private last: A
  /** Of the last piece. */
  private used = 0
  constructor(private readonly make: (length: number) => A) {
    this.last = make(0)
  }

  push(value: number): void {
    if (this.used === this.last.length) {
      this.last = this.make(FIRST << this.pieces.length)
      this.pieces.push(this.last)
      this.used = 0
    }
    this.last[this.used++] = value
    this.length++
  }

  at(index: number): number {
    const piece = pieceOf(index)
    return (this.pieces[piece] as A)[index - startOf(piece)] as number
  }

  set(index: number, value: number): void {
    const piece = pieceOf(index)
    ;(this.pieces[piece] as A)[index - startOf(piece)] = value
  }
}

const pieceOf = (index: number) => 31 - Math.clz32(Math.floor(index / FIRST) + 1)
const startOf = (piece: number) => (FIRST << piece) - FIRST

export const bytes = () => new Column((length) => new Uint8Array(length))
export const integers = () => new Column((length) => new Int32Array(length))
/** Below 4 GiB. */
export const positions32 = () => new Column((length) => new Uint32Array(length))
export const positions = () => new Column((length) => new Float64Array(length))
