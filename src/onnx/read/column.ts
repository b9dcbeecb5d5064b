type Numbers = Int32Array | Uint32Array | Float64Array

/** Elements that there is room for at first: most graphs are small. */
const FEW = 16
/** Elements of a piece. A power of two. */
const PIECE_BITS = 13
const PIECE = 1 << PIECE_BITS

/** Numbers that are appended one by one, in typed arrays: beyond the first one nothing is copied, or left over, as they grow. */
export class Column<A extends Numbers> {
  length = 0
  private readonly pieces: A[] = []
  /** The last piece. */
  private open: A
  private used = 0
  constructor(private readonly make: (length: number) => A) {
    this.open = make(0)
  }

  push(value: number): void {
    if (this.used === this.open.length) this.grow()
    this.open[this.used++] = value
    this.length++
  }

  /** `index` must be below `length`. */
  at(index: number): number {
    return (this.pieces[index >>> PIECE_BITS] as A)[index & (PIECE - 1)] as number
  }

  set(index: number, value: number): void {
    ;(this.pieces[index >>> PIECE_BITS] as A)[index & (PIECE - 1)] = value
  }

  private grow(): void {
    if (this.length >= PIECE) {
      this.open = this.make(PIECE)
      this.used = 0
    } else {
      const first = this.make(Math.max(FEW, 2 * this.length))
      first.set(this.open)
      this.open = first
      this.pieces.pop()
    }
    this.pieces.push(this.open)
  }
}

export const integers = () => new Column((length) => new Int32Array(length))
/** Below 4 GiB. */
export const positions32 = () => new Column((length) => new Uint32Array(length))
export const positions = () => new Column((length) => new Float64Array(length))
