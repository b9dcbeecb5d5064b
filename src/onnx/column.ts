type Numbers = Uint8Array | Int32Array | Uint32Array | Float64Array

/** Elements that are in a plain list, which costs the least while there are few: most graphs are small. A power of two. */
const FEW = 1024
const FEW_BITS = 10

/** Numbers that are appended one by one; beyond the first few in typed arrays each twice as long as the one before: nothing is copied, or left over, as they grow. */
export class Column<A extends Numbers> {
  length = 0
  private readonly few: number[] = []
  /** Piece p has the elements from FEW × 2^p on, and as many. */
  private readonly pieces: A[] = []
  constructor(private readonly make: (length: number) => A) {}

  push(value: number): void {
    const index = this.length++
    if (index < FEW) this.few.push(value)
    else {
      if (index === FEW << this.pieces.length) this.pieces.push(this.make(index))
      this.set(index, value)
    }
  }

  at(index: number): number {
    if (index < FEW) return this.few[index] as number
    const piece = pieceOf(index)
    return (this.pieces[piece] as A)[index - (FEW << piece)] as number
  }

  set(index: number, value: number): void {
    if (index < FEW) this.few[index] = value
    else {
      const piece = pieceOf(index)
      ;(this.pieces[piece] as A)[index - (FEW << piece)] = value
    }
  }
}

const pieceOf = (index: number) => 31 - FEW_BITS - Math.clz32(index)

export const bytes = () => new Column((length) => new Uint8Array(length))
export const integers = () => new Column((length) => new Int32Array(length))
/** Below 4 GiB. */
export const positions32 = () => new Column((length) => new Uint32Array(length))
export const positions = () => new Column((length) => new Float64Array(length))
