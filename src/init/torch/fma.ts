// Fused multiply-add, a·b + c rounded once, which JavaScript does not have.

const f = Math.fround
const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)

/** float32: the product is exact in double; only a sum that double rounds onto the middle between two float32 needs its remainder. */
export function fma32(a: number, b: number, c: number): number {
  const product = a * b
  const sum = product + c
  double[0] = sum
  if (((halves[0] as number) & 0x1fffffff) !== 0x10000000) return f(sum)
  const rest = remainder(product, c, sum)
  return rest === 0 ? f(sum) : f(next(sum, rest))
}

/** float64: Boldo & Melquiond 2008, with Dekker's product and the last sum but one rounded to odd. */
export function fma64(a: number, b: number, c: number): number {
  const high = a * b
  const low = productRest(a, b, high)
  const t = c + low
  const tRest = remainder(c, low, t)
  const v = high + t
  const vRest = remainder(high, t, v)
  let z = tRest + vRest
  const zRest = remainder(tRest, vRest, z)
  double[0] = z
  if (zRest !== 0 && ((halves[0] as number) & 1) === 0) z = next(z, zRest)
  return v + z
}

/** What a + b lacks of `sum` (Knuth's TwoSum). */
function remainder(a: number, b: number, sum: number): number {
  const bPart = sum - a
  return a - (sum - bPart) + (b - bPart)
}

/** What a·b lacks of `product` (Dekker 1971). */
function productRest(a: number, b: number, product: number): number {
  const [ah, bh] = [upper(a), upper(b)]
  const [al, bl] = [a - ah, b - bh]
  return al * bl - (product - ah * bh - al * bh - ah * bl)
}

function upper(x: number): number {
  const scaled = x * 134217729
  return scaled - (scaled - x)
}

/** The double after x in the direction of `towards`' sign. */
function next(x: number, towards: number): number {
  double[0] = x
  const grows = x > 0 === towards > 0
  const [low, high] = halves as unknown as [number, number]
  if (grows) {
    halves[0] = low + 1
    if (low === 0xffffffff) halves[1] = high + 1
  } else {
    halves[0] = low - 1
    if (low === 0) halves[1] = high - 1
  }
  return double[0] as number
}
