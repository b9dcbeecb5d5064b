/** Numbers that a seed decides: splitmix32, good enough to choose with. */
export interface Random {
  /** 0 … below − 1. */
  below(below: number): number
  /** True once in `of`. */
  one(of: number): boolean
  pick<T>(list: readonly T[]): T
}

export function random(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  const below = (limit: number) => (limit <= 1 ? 0 : Math.floor((next() / 2 ** 32) * limit))
  return { below, one: (of) => below(of) === 0, pick: (list) => list[below(list.length)] as (typeof list)[number] }
}
