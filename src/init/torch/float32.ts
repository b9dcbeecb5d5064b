// log, sin and cos as PyTorch's normal_fill_AVX2 computes them, eight float32 at a time with fused multiply-adds: after Cephes, by way of
// avx_mathfun (J. Pommier). Every step rounds to float32.

import { fma32 } from './fma.js'

const f = Math.fround
const bits = new DataView(new ArrayBuffer(4))

const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
  3.3333331174e-1,
].map(f)

/** ln x, x in (0, 1]. */
export function log(x: number): number {
  bits.setFloat32(0, x)
  const pattern = bits.getUint32(0)
  let e = (pattern >>> 23) - 126
  bits.setUint32(0, (pattern & 0x7fffff) | 0x3f000000)
  let m = bits.getFloat32(0)
  if (m < SQRT_HALF) {
    e--
    m = f(m + m)
  }
  m = f(m - 1)
  const z = f(m * m)
  let y = LOG[0] as number
  for (let k = 1; k < LOG.length; k++) y = fma32(y, m, LOG[k] as number)
  y = fma32(f(y * m), z, f(e * LN2_LOW))
  y = f(y - f(z * 0.5))
  return fma32(e, LN2_HIGH, f(m + y))
}
const SQRT_HALF = f(Math.SQRT1_2)
const LN2_LOW = f(-2.1219444e-4)
const LN2_HIGH = 0.693359375

const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f) as [number, number, number]
const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f) as [number, number, number]
const FOUR_OVER_PI = f(1.27323954473516)
const MINUS_PI_4 = [-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8].map(f) as [number, number, number]

/** [sin x, cos x], x ≥ 0. */
export function sinCos(x: number): [number, number] {
  const j = (Math.trunc(f(x * FOUR_OVER_PI)) + 1) & ~1
  let r = fma32(j, MINUS_PI_4[0], x)
  r = fma32(j, MINUS_PI_4[1], r)
  r = fma32(j, MINUS_PI_4[2], r)
  const z = f(r * r)
  const cosine = f(fma32(z, f(fma32(fma32(COS[0], z, COS[1]), z, COS[2]) * z), f(z * -0.5)) + 1)
  const sine = f(fma32(r, f(fma32(fma32(SIN[0], z, SIN[1]), z, SIN[2]) * z), r) + 0)
  const [s, c] = j & 2 ? [cosine, sine] : [sine, cosine]
  return [j & 4 ? -s : s, (j - 2) & 4 ? c : -c]
}
