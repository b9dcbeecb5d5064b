// The philox stream, to the last constant: a second implementation can be made from this file and philox.ts. It never changes; its hashes
// are in the tests.
//
// Words. Block b of a tensor's stream (philox.ts) is four 32-bit words w0 … w3 and serves elements 4b … 4b+3 in stored order.
// Arithmetic. float32 throughout, every + − × ÷ √ rounded to nearest even on its own (no fused multiply-add, no library function); f(x)
// below is that rounding. signed(w) and unsigned(w) convert a word to float32, rounded. Horner's rule: p = f(f(p·z) + c), from the last
// coefficient. Parameters are computed in double and rounded once. Values are then cast to the tensor's type (nearest even).
//
// Uniform on [low, high]: x = signed(w)·2⁻³¹ in [−1, 1]; v = f(f(x·f((high−low)/2)) + f((high+low)/2)), below f(low) made f(low), above f(high) f(high).
//
// Normal, Box & Muller 1958: words in pairs (w0, w1) and (w2, w3) give elements in the same pairs.
//   u = f(unsigned(w0)·2⁻³² + 2⁻³³) in [2⁻³³, 1]; r = f(√T(u)·std), T(u) = −2·ln u; r is negated where bit 31 of w1 is set
//   x = signed(w1 << 2)·2⁻³¹ in [−1, 1], an eighth of a turn either way; z = f(x·x); s = f(x·SIN(z)), c = f(1 + f(z·COS(z)))
//   bit 30 of w1 clear: values f(f(c·r) + mean), f(f(s·r) + mean); set: s and c change places
//
// T(u): i = bits(u) − 0x3f3504f3; e = i >> 23, signed; m = float of bits (i & 0x7fffff) + 0x3f3504f3, in [√½, √2);
//   s = f(f(m−1) ÷ f(m+1)); z = f(s·s); T = f(f(s·LOG(z)) + f(e·f(−2·ln 2)))
//
// Truncated normal, by inverting the distribution function of one word. With erf's X = erf(|bound−mean|/(std·√2)), the mass left of the mean
//   takes the words below LEFT = round(2³²·left/(left+right)), the others are right of it; n = w counts from the left end, n = ~w from the
//   right; y = f(f(unsigned(n)·step) + first), at most 1, is the two-sided tail probability 1−|x|, first = 1−X + step/2, step = mass/words.
//   x = f(1−y); l = f(T(f(y·f(2−y)))·½); l < 5: p = CENTRE(f(l−2.5)), else p = TAIL(f(f(√l)−4.5)); z = f(x·p), negated on the left;
//   v = f(f(z·std) + mean), below f(low) made f(low), above f(high) f(high).
//   Where more mass is left than right, everything is mirrored: mean and bounds as they are, std negative, left and right exchanged.

import type { Values } from '../types.js'
import { erf } from './erf.js'
import { type Stream, words } from './philox.js'
import type { RandomDraw } from './rules.js'

const f = Math.fround

export const SIN = [0.7853981852531433, -0.08074543625116348, 0.00249000103212893, -3.59504520019982e-5].map(f)
export const COS = [-0.3084244132041931, 0.01585020124912262, -0.00031902003684081137].map(f)
export const LOG = [-4, -1.333335518836975, -0.7995507121086121, -0.5974372625350952].map(f)
export const MINUS_TWO_LN2 = f(-1.3862943649291992)
/** √2·erf⁻¹(x)/x by l = −ln(1−x²), about l = 2.5; relative error 1e-7. */
export const CENTRE = [
  2.1233136653900146, 0.3488026559352875, -0.005908171180635691, -0.0017730098916217685, 0.00030915025854483247, -6.218075213837437e-6,
  -4.990594334230991e-6, 4.861117872678733e-7, 4.035765144294601e-8,
].map(f)
/** The same by √l about 4.5, from 5 to 46; relative error 1e-6. */
export const TAIL = [
  6.144414901733398, 1.4286900758743286, 0.000414128735428676, -0.0006286596762947738, 0.000289434363367036, -4.293419260648079e-5,
  -3.1799620046513155e-5, -5.876114300917834e-6, 1.3830655916535761e-5, -3.0187673019099748e-6,
].map(f)

/** A draw with its parameters in float32, as the transforms and the compiled kernel take them. */
export type Transform =
  | { readonly kind: 'uniform'; readonly half: number; readonly middle: number; readonly low: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly std: number }
  | {
      readonly kind: 'truncated_normal'
      readonly mean: number
      readonly std: number
      readonly low: number
      readonly high: number
      /** Words below it are left of the mean. */
      readonly left: number
      /** y = n·step + first, on the left and on the right. */
      readonly steps: readonly [number, number]
      readonly firsts: readonly [number, number]
    }

/** Parameters as the stream rounds them. */
export function transformOf(draw: RandomDraw): Transform {
  if (draw.kind === 'normal') return { kind: draw.kind, mean: f(draw.mean), std: f(draw.std) }
  const { low, high } = draw
  if (draw.kind === 'uniform')
    return { kind: draw.kind, half: f((high - low) / 2), middle: f((high + low) / 2), low: f(low), high: f(high) }
  const { mean, std } = draw
  const [a, b] = [erf((low - mean) / (std * Math.SQRT2)), erf((high - mean) / (std * Math.SQRT2))]
  // |x| runs over [near, far) on either side of the mean
  const sides = [
    { near: Math.max(0, -b), far: Math.max(0, -a) },
    { near: Math.max(0, a), far: Math.max(0, b) },
  ] as const
  const mass = ({ near, far }: { near: number; far: number }) => far - near
  const mirrored = mass(sides[0]) > mass(sides[1])
  const [left, right] = mirrored ? [sides[1], sides[0]] : sides
  const words = Math.round((2 ** 32 * mass(left)) / (b - a))
  const leftStep = words > 0 ? mass(left) / words : 0
  const rightStep = mass(right) / (2 ** 32 - words)
  return {
    kind: draw.kind,
    mean: f(mean),
    std: mirrored ? -f(std) : f(std),
    low: f(low),
    high: f(high),
    left: words,
    steps: [f(leftStep), f(rightStep)],
    firsts: [f(1 - left.far + leftStep / 2), f(1 - right.far + rightStep / 2)],
  }
}

/** Words a call of the transforms takes at most: they stay in the processor's cache. */
const CHUNK = 4096

/** Elements start … start + out.length of a stream, in plain TypeScript; any chunking gives the same values. */
export function plainDraw(source: Stream, transform: Transform, out: Values, start: number): void {
  const buffer = new Uint32Array(CHUNK)
  const values = new Float32Array(CHUNK)
  inBlocks(start, out.length, CHUNK, (block, skip, count, done) => {
    const needed = Math.ceil((skip + count) / 4) * 4
    words(source, block, buffer.subarray(0, needed))
    apply(transform, buffer, values, needed)
    out.set(values.subarray(skip, skip + count), done)
  })
}

/** Elements start … start + length as runs of at most `most` elements (a multiple of 4): from block `block`, `skip` elements in, `done` before. */
export function inBlocks(
  start: number,
  length: number,
  most: number,
  run: (block: number, skip: number, count: number, done: number) => void,
): void {
  for (let done = 0; done < length; ) {
    const block = Math.floor((start + done) / 4)
    const skip = start + done - 4 * block
    const count = Math.min(most - skip, length - done)
    run(block, skip, count, done)
    done += count
  }
}

/** `count` words (whole blocks) to values. */
function apply(t: Transform, words: Uint32Array, values: Float32Array, count: number): void {
  if (t.kind === 'uniform') uniform(t, words, values, count)
  else if (t.kind === 'normal') normal(t, words, values, count)
  else truncatedNormal(t, words, values, count)
}

function uniform(t: Transform & { kind: 'uniform' }, words: Uint32Array, values: Float32Array, count: number): void {
  const { half, middle, low, high } = t
  for (let i = 0; i < count; i++) {
    const v = f(f(signed(words[i] as number) * half) + middle)
    values[i] = v < low ? low : v > high ? high : v
  }
}

function normal(t: Transform & { kind: 'normal' }, words: Uint32Array, values: Float32Array, count: number): void {
  const { mean, std } = t
  for (let i = 0; i < count; i += 2) {
    const w = words[i + 1] as number
    const u = f(f(f(words[i] as number) * 2 ** -32) + 2 ** -33)
    const length = f(f(Math.sqrt(minusTwoLog(u))) * std)
    const r = w >>> 31 ? -length : length
    const x = signed(w << 2)
    const z = f(x * x)
    const s = f(x * horner(SIN, z))
    const c = f(1 + f(z * horner(COS, z)))
    const swap = (w >>> 30) & 1
    values[i] = f(f((swap ? s : c) * r) + mean)
    values[i + 1] = f(f((swap ? c : s) * r) + mean)
  }
}

function truncatedNormal(t: Transform & { kind: 'truncated_normal' }, words: Uint32Array, values: Float32Array, count: number): void {
  const { mean, std, low, high, left, steps, firsts } = t
  for (let i = 0; i < count; i++) {
    const w = words[i] as number
    const side = w < left ? 0 : 1
    const n = side === 0 ? w : ~w >>> 0
    const y = Math.min(1, f(f(f(n) * steps[side]) + firsts[side]))
    const x = f(1 - y)
    const l = f(minusTwoLog(f(y * f(2 - y))) * 0.5)
    const p = l < 5 ? horner(CENTRE, f(l - 2.5)) : horner(TAIL, f(f(Math.sqrt(l)) - 4.5))
    const z = f(x * p)
    const v = f(f((side === 0 ? -z : z) * std) + mean)
    values[i] = v < low ? low : v > high ? high : v
  }
}

/** A word as a number in [−1, 1]. */
const signed = (word: number) => f(word | 0) * 2 ** -31

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)
const SQRT_HALF_BITS = 0x3f3504f3

/** T(u) = −2·ln u for u in (0, 1], never negative. */
function minusTwoLog(u: number): number {
  float[0] = u
  const i = ((bits[0] as number) - SQRT_HALF_BITS) | 0
  bits[0] = (i & 0x7fffff) + SQRT_HALF_BITS
  const m = float[0] as number
  const s = f(f(m - 1) / f(m + 1))
  return f(f(s * horner(LOG, f(s * s))) + f((i >> 23) * MINUS_TWO_LN2))
}

function horner(coefficients: readonly number[], z: number): number {
  let p = coefficients[coefficients.length - 1] as number
  for (let k = coefficients.length - 2; k >= 0; k--) p = f(f(p * z) + (coefficients[k] as number))
  return p
}
