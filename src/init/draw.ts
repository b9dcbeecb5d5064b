import { philox, type Stream } from './philox.js'

const f = Math.fround
type Values = Float32Array | Float64Array

/**
 * Values start … start + out.length of a stream; block b serves elements 4b … 4b+3, any chunking gives the same values.
 * `transform` turns a block's four words into four float32 values.
 */
function fill(s: Stream, out: Values, start: number, transform: (words: Uint32Array, values: Float32Array) => void): void {
  const words = new Uint32Array(4)
  const values = new Float32Array(4)
  let loaded = -1
  for (let i = 0; i < out.length; i++) {
    const at = start + i
    const block = Math.floor(at / 4)
    if (block !== loaded) {
      philox([block >>> 0, Math.floor(block / 2 ** 32), s.hash[0], s.hash[1]], s.key, words)
      transform(words, values)
      loaded = block
    }
    out[i] = values[at % 4] as number
  }
}

/** Uniform [0, 1): the upper 24 bits of one word × 2⁻²⁴. */
export function uniforms(s: Stream, out: Values, start: number): void {
  fill(s, out, start, (w, v) => {
    for (let i = 0; i < 4; i++) v[i] = ((w[i] as number) >>> 8) * 2 ** -24
  })
}

/** Standard normals by Box–Muller: words in pairs, radius from the first (u = (w>>>8 + 1)·2⁻²⁴ in (0, 1]), angle from the second. */
export function normals(s: Stream, out: Values, start: number): void {
  fill(s, out, start, (w, v) => {
    for (let i = 0; i < 4; i += 2) {
      const radius = f(Math.sqrt(f(-2 * logUnit((((w[i] as number) >>> 8) + 1) * 2 ** -24))))
      const angle = (w[i + 1] as number) >>> 8
      v[i] = radius * sinTurn(angle + 2 ** 22)
      v[i + 1] = radius * sinTurn(angle)
    }
  })
}

const bits = new DataView(new ArrayBuffer(4))
const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
  3.3333331174e-1,
].map(f)

/** ln x for x in (0, 1], Cephes' logf in float32, every step rounded. */
function logUnit(x: number): number {
  bits.setFloat32(0, x)
  let e = (bits.getUint32(0) >>> 23) - 126
  bits.setUint32(0, (bits.getUint32(0) & 0x7fffff) | 0x3f000000)
  let m = bits.getFloat32(0)
  if (m < f(Math.SQRT1_2)) {
    e--
    m = f(m + m)
  }
  m = f(m - 1)
  const z = f(m * m)
  let y = 0
  for (const c of LOG) y = f(f(y * m) + c)
  y = f(f(y * m) * z)
  y = f(y + f(e * f(-2.1219444e-4)))
  y = f(y - f(z * 0.5))
  return f(f(m + y) + f(e * f(0.693359375)))
}

/** sin(2π·t·2⁻²⁴): quadrant from the integer, then Cephes' sinf and cosf polynomials on [−π/4, π/4] in float32. */
function sinTurn(t: number): number {
  const turned = (t + 2 ** 21) & 0xffffff
  const quadrant = turned >>> 22
  const x = f(f((turned & 0x3fffff) - 2 ** 21) * f((2 * Math.PI) / 2 ** 24))
  const z = f(x * x)
  const sin = f(x + f(f(x * z) * f(f(f(f(f(-1.9515295891e-4) * z) + f(8.3321608736e-3)) * z) - f(1.6666654611e-1))))
  const cos = f(
    f(1 - f(z * 0.5)) + f(f(z * z) * f(f(f(f(f(2.443315711809948e-5) * z) - f(1.388731625493765e-3)) * z) + f(4.166664568298827e-2))),
  )
  const value = quadrant & 1 ? cos : sin
  return quadrant & 2 ? -value : value
}
