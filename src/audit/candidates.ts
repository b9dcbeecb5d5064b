/** Candidates by their second hash, in columns: a copied model of 436 MB gives two million. */
export class Candidates {
  length = 0
  private seconds = new Uint32Array(1024)
  private streams = new Uint32Array(1024)
  private places = new Float64Array(1024)
  private next = new Int32Array(0)
  private heads = new Int32Array(0)

  add(second: number, stream: number, at: number): void {
    if (this.length === this.seconds.length) {
      this.seconds = grown(this.seconds, new Uint32Array(2 * this.length))
      this.streams = grown(this.streams, new Uint32Array(2 * this.length))
      this.places = grown(this.places, new Float64Array(2 * this.length))
    }
    this.seconds[this.length] = second
    this.streams[this.length] = stream
    this.places[this.length++] = at
  }

  /** All are there: chains of those that share a slot. */
  index(): void {
    const size = 2 ** Math.min(22, Math.max(8, Math.ceil(Math.log2(2 * this.length + 1))))
    this.heads = new Int32Array(size)
    this.next = new Int32Array(this.length)
    for (let i = this.length - 1; i >= 0; i--) {
      const slot = (this.seconds[i] as number) & (size - 1)
      this.next[i] = this.heads[slot] as number
      this.heads[slot] = i + 1
    }
  }

  /** Hands out those with this second hash, at most `limit`. */
  each(second: number, limit: number, on: (stream: number, at: number) => void): void {
    let left = limit
    for (let i = this.heads[second & (this.heads.length - 1)] as number; i > 0 && left > 0; i = this.next[i - 1] as number) {
      if (this.seconds[i - 1] !== second) continue
      on(this.streams[i - 1] as number, this.places[i - 1] as number)
      left--
    }
  }
}

function grown<A extends Uint32Array | Float64Array>(from: A, to: A): A {
  to.set(from)
  return to
}
