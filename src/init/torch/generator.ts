/** PyTorch's CPU generator after torch.manual_seed: MT19937 (Matsumoto & Nishimura 1998) and the normal that was drawn but not yet used. */
export class Generator {
  /** The second normal of the last pair of a tensor below 16 elements, unscaled; it waits for the next such tensor. */
  cachedNormal: number | null = null
  private readonly state = new Uint32Array(SIZE)
  private at = SIZE

  /** Of the seed MT19937 takes the lower 32 bits. */
  constructor(seed: bigint) {
    let previous = Number(seed & 0xffffffffn)
    this.state[0] = previous
    for (let j = 1; j < SIZE; j++) {
      previous = (Math.imul(1812433253, previous ^ (previous >>> 30)) + j) >>> 0
      this.state[j] = previous
    }
  }

  /** The next 32 bits, unsigned. */
  random(): number {
    if (this.at === SIZE) this.twist()
    let y = this.state[this.at++] as number
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** Uniform [0, 1) as float32 tensors take it: the lower 24 bits of a draw. */
  uniform24(): number {
    return (this.random() & 0xffffff) * 2 ** -24
  }

  /** Uniform [0, 1) as float64 takes it: the lower 53 bits of two draws, the first one upper. */
  uniform53(): number {
    const upper = this.random() & 0x1fffff
    return (upper * 2 ** 32 + this.random()) * 2 ** -53
  }

  private twist(): void {
    const s = this.state
    for (let i = 0; i < SIZE; i++) {
      const y = ((s[i] as number) & 0x80000000) | ((s[i + 1 < SIZE ? i + 1 : 0] as number) & 0x7fffffff)
      const far = i + PERIOD < SIZE ? i + PERIOD : i + PERIOD - SIZE
      s[i] = (s[far] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.at = 0
  }
}

const SIZE = 624
const PERIOD = 397
