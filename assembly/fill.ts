// src/init/plainDraw.ts, sixteen blocks at a time in four groups of four: lanes are the blocks of a group, registers their words. Four groups
// keep the multipliers busy while each waits for its own last round.

/** Words of sixteen blocks: of each group w0, w1, w2 and w3. */
const WORDS = memory.data(256, 16)
/** The key's two words in each round, in all lanes. */
const KEYS = memory.data(320, 16)
const BLOCKS = 16
const BYTES = 256

function schedule(k0: i32, k1: i32): void {
  for (let round = 0; round < 10; round++) {
    v128.store(KEYS + (round << 5), i32x4.splat(k0))
    v128.store(KEYS + (round << 5), i32x4.splat(k1), 16)
    k0 += 0x9e3779b9
    k1 += 0xbb67ae85
  }
}

/** Blocks block + i and the next. */
// @ts-ignore: decorator
@inline
function numbers(block: i64, i: i64): v128 {
  return i64x2.add(i64x2.splat(block + i), i64x2(0, 1))
}

/** WORDS of blocks block … block + 15. */
function philox(block: i64, h0: i32, h1: i32): void {
  const m0 = i32x4.splat(0xd2511f53)
  const m1 = i32x4.splat(0xcd9e8d57)
  let a0 = v128.shuffle<i32>(numbers(block, 0), numbers(block, 2), 0, 2, 4, 6)
  let b0 = v128.shuffle<i32>(numbers(block, 0), numbers(block, 2), 1, 3, 5, 7)
  let c0 = i32x4.splat(h0)
  let d0 = i32x4.splat(h1)
  let a1 = v128.shuffle<i32>(numbers(block, 4), numbers(block, 6), 0, 2, 4, 6)
  let b1 = v128.shuffle<i32>(numbers(block, 4), numbers(block, 6), 1, 3, 5, 7)
  let c1 = i32x4.splat(h0)
  let d1 = i32x4.splat(h1)
  let a2 = v128.shuffle<i32>(numbers(block, 8), numbers(block, 10), 0, 2, 4, 6)
  let b2 = v128.shuffle<i32>(numbers(block, 8), numbers(block, 10), 1, 3, 5, 7)
  let c2 = i32x4.splat(h0)
  let d2 = i32x4.splat(h1)
  let a3 = v128.shuffle<i32>(numbers(block, 12), numbers(block, 14), 0, 2, 4, 6)
  let b3 = v128.shuffle<i32>(numbers(block, 12), numbers(block, 14), 1, 3, 5, 7)
  let c3 = i32x4.splat(h0)
  let d3 = i32x4.splat(h1)
  let p: v128, q: v128, r: v128, s: v128
  for (let key = KEYS; key < KEYS + 320; key += 32) {
    const k0 = v128.load(key)
    const k1 = v128.load(key, 16)
    p = i64x2.extmul_low_i32x4_u(a0, m0)
    q = i64x2.extmul_high_i32x4_u(a0, m0)
    r = i64x2.extmul_low_i32x4_u(c0, m1)
    s = i64x2.extmul_high_i32x4_u(c0, m1)
    a0 = v128.xor(v128.xor(v128.shuffle<i32>(r, s, 1, 3, 5, 7), b0), k0)
    b0 = v128.shuffle<i32>(r, s, 0, 2, 4, 6)
    c0 = v128.xor(v128.xor(v128.shuffle<i32>(p, q, 1, 3, 5, 7), d0), k1)
    d0 = v128.shuffle<i32>(p, q, 0, 2, 4, 6)
    p = i64x2.extmul_low_i32x4_u(a1, m0)
    q = i64x2.extmul_high_i32x4_u(a1, m0)
    r = i64x2.extmul_low_i32x4_u(c1, m1)
    s = i64x2.extmul_high_i32x4_u(c1, m1)
    a1 = v128.xor(v128.xor(v128.shuffle<i32>(r, s, 1, 3, 5, 7), b1), k0)
    b1 = v128.shuffle<i32>(r, s, 0, 2, 4, 6)
    c1 = v128.xor(v128.xor(v128.shuffle<i32>(p, q, 1, 3, 5, 7), d1), k1)
    d1 = v128.shuffle<i32>(p, q, 0, 2, 4, 6)
    p = i64x2.extmul_low_i32x4_u(a2, m0)
    q = i64x2.extmul_high_i32x4_u(a2, m0)
    r = i64x2.extmul_low_i32x4_u(c2, m1)
    s = i64x2.extmul_high_i32x4_u(c2, m1)
    a2 = v128.xor(v128.xor(v128.shuffle<i32>(r, s, 1, 3, 5, 7), b2), k0)
    b2 = v128.shuffle<i32>(r, s, 0, 2, 4, 6)
    c2 = v128.xor(v128.xor(v128.shuffle<i32>(p, q, 1, 3, 5, 7), d2), k1)
    d2 = v128.shuffle<i32>(p, q, 0, 2, 4, 6)
    p = i64x2.extmul_low_i32x4_u(a3, m0)
    q = i64x2.extmul_high_i32x4_u(a3, m0)
    r = i64x2.extmul_low_i32x4_u(c3, m1)
    s = i64x2.extmul_high_i32x4_u(c3, m1)
    a3 = v128.xor(v128.xor(v128.shuffle<i32>(r, s, 1, 3, 5, 7), b3), k0)
    b3 = v128.shuffle<i32>(r, s, 0, 2, 4, 6)
    c3 = v128.xor(v128.xor(v128.shuffle<i32>(p, q, 1, 3, 5, 7), d3), k1)
    d3 = v128.shuffle<i32>(p, q, 0, 2, 4, 6)
  }
  v128.store(WORDS, a0, 0)
  v128.store(WORDS, b0, 16)
  v128.store(WORDS, c0, 32)
  v128.store(WORDS, d0, 48)
  v128.store(WORDS, a1, 64)
  v128.store(WORDS, b1, 80)
  v128.store(WORDS, c1, 96)
  v128.store(WORDS, d1, 112)
  v128.store(WORDS, a2, 128)
  v128.store(WORDS, b2, 144)
  v128.store(WORDS, c2, 160)
  v128.store(WORDS, d2, 176)
  v128.store(WORDS, a3, 192)
  v128.store(WORDS, b3, 208)
  v128.store(WORDS, c3, 224)
  v128.store(WORDS, d3, 240)
}

/** Registers of one element number each, to four blocks in a row. */
// @ts-ignore: decorator
@inline
function store(at: usize, v0: v128, v1: v128, v2: v128, v3: v128): void {
  const a = v128.shuffle<i32>(v0, v1, 0, 4, 1, 5)
  const b = v128.shuffle<i32>(v0, v1, 2, 6, 3, 7)
  const c = v128.shuffle<i32>(v2, v3, 0, 4, 1, 5)
  const d = v128.shuffle<i32>(v2, v3, 2, 6, 3, 7)
  v128.store(at, v128.shuffle<i64>(a, c, 0, 2))
  v128.store(at, v128.shuffle<i64>(a, c, 1, 3), 16)
  v128.store(at, v128.shuffle<i64>(b, d, 0, 2), 32)
  v128.store(at, v128.shuffle<i64>(b, d, 1, 3), 48)
}

/** p·z + c, both rounded. */
// @ts-ignore: decorator
@inline
function step(p: v128, z: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(p, z), f32x4.splat(c))
}

/** −2·ln u. */
// @ts-ignore: decorator
@inline
function minusTwoLog(u: v128): v128 {
  const one = f32x4.splat(1)
  const base = i32x4.splat(0x3f3504f3)
  const i = i32x4.sub(u, base)
  const m = i32x4.add(v128.and(i, i32x4.splat(0x7fffff)), base)
  const s = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one))
  const z = f32x4.mul(s, s)
  let p = f32x4.splat(-0.5974372625350952)
  p = step(p, z, -0.7995507121086121)
  p = step(p, z, -1.333335518836975)
  p = step(p, z, -4)
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(i, 23))
  return f32x4.add(f32x4.mul(s, p), f32x4.mul(e, f32x4.splat(-1.3862943649291992)))
}

// @ts-ignore: decorator
@inline
function signed(w: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(w), f32x4.splat(4.656612873077393e-10))
}

// @ts-ignore: decorator
@inline
function clamp(v: v128, low: f32, high: f32): v128 {
  return f32x4.pmin(f32x4.pmax(v, f32x4.splat(low)), f32x4.splat(high))
}

/** Fills `blocks` (a multiple of 16) blocks from block `block` on. */
export function uniform(at: usize, blocks: i32, block: i64, h0: i32, h1: i32, k0: i32, k1: i32, half: f32, middle: f32, low: f32, high: f32): void {
  schedule(k0, k1)
  for (let i = 0; i < blocks; i += BLOCKS) {
    philox(block + i, h0, h1)
    for (let w = WORDS; w < WORDS + BYTES; w += 64, at += 64) {
      store(
        at,
        oneUniform(v128.load(w), half, middle, low, high),
        oneUniform(v128.load(w, 16), half, middle, low, high),
        oneUniform(v128.load(w, 32), half, middle, low, high),
        oneUniform(v128.load(w, 48), half, middle, low, high),
      )
    }
  }
}

// @ts-ignore: decorator
@inline
function oneUniform(w: v128, half: f32, middle: f32, low: f32, high: f32): v128 {
  return clamp(f32x4.add(f32x4.mul(signed(w), f32x4.splat(half)), f32x4.splat(middle)), low, high)
}

export function normal(at: usize, blocks: i32, block: i64, h0: i32, h1: i32, k0: i32, k1: i32, mean: f32, std: f32): void {
  schedule(k0, k1)
  for (let i = 0; i < blocks; i += BLOCKS) {
    philox(block + i, h0, h1)
    for (let w = WORDS; w < WORDS + BYTES; w += 64, at += 64) {
      // two Box–Muller pairs side by side: what one waits for the other fills
      const b0 = v128.load(w, 16)
      const b1 = v128.load(w, 48)
      const r0 = radius(v128.load(w), b0, std)
      const r1 = radius(v128.load(w, 32), b1, std)
      const x0 = signed(i32x4.shl(b0, 2))
      const x1 = signed(i32x4.shl(b1, 2))
      const z0 = f32x4.mul(x0, x0)
      const z1 = f32x4.mul(x1, x1)
      const s0 = sine(x0, z0)
      const s1 = sine(x1, z1)
      const c0 = cosine(z0)
      const c1 = cosine(z1)
      // what differs in sine and cosine where they change places
      const d0 = v128.and(v128.xor(s0, c0), i32x4.shr_s(i32x4.shl(b0, 1), 31))
      const d1 = v128.and(v128.xor(s1, c1), i32x4.shr_s(i32x4.shl(b1, 1), 31))
      store(
        at,
        step(v128.xor(c0, d0), r0, mean),
        step(v128.xor(s0, d0), r0, mean),
        step(v128.xor(c1, d1), r1, mean),
        step(v128.xor(s1, d1), r1, mean),
      )
    }
  }
}

/** √(−2·ln u)·std of words `a`, with bit 31 of words `b` as its sign. */
// @ts-ignore: decorator
@inline
function radius(a: v128, b: v128, std: f32): v128 {
  // unsigned(a)·2⁻³²: both halves are exact, so that their sum is rounded as the whole is
  const upper = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(a, 16)), f32x4.splat(1.52587890625e-5))
  const lower = f32x4.mul(f32x4.convert_i32x4_s(v128.and(a, i32x4.splat(0xffff))), f32x4.splat(2.3283064365386963e-10))
  const u = f32x4.add(f32x4.add(upper, lower), f32x4.splat(1.1641532182693481e-10))
  const length = f32x4.mul(f32x4.sqrt(minusTwoLog(u)), f32x4.splat(std))
  return v128.xor(length, v128.and(b, i32x4.splat(0x80000000)))
}

/** SIN of plainDraw.ts. */
// @ts-ignore: decorator
@inline
function sine(x: v128, z: v128): v128 {
  let s = f32x4.splat(-3.59504520019982e-5)
  s = step(s, z, 0.00249000103212893)
  s = step(s, z, -0.08074543625116348)
  s = step(s, z, 0.7853981852531433)
  return f32x4.mul(x, s)
}

/** COS of plainDraw.ts. */
// @ts-ignore: decorator
@inline
function cosine(z: v128): v128 {
  let c = f32x4.splat(-0.00031902003684081137)
  c = step(c, z, 0.01585020124912262)
  c = step(c, z, -0.3084244132041931)
  return f32x4.add(f32x4.splat(1), f32x4.mul(z, c))
}

export function truncatedNormal(
  at: usize, blocks: i32, block: i64, h0: i32, h1: i32, k0: i32, k1: i32,
  mean: f32, std: f32, low: f32, high: f32, left: i32, leftStep: f32, rightStep: f32, leftFirst: f32, rightFirst: f32,
): void {
  schedule(k0, k1)
  for (let i = 0; i < blocks; i += BLOCKS) {
    philox(block + i, h0, h1)
    for (let w = WORDS; w < WORDS + BYTES; w += 64, at += 64) {
      const v0 = inverted(v128.load(w), mean, std, low, high, left, leftStep, rightStep, leftFirst, rightFirst)
      const v1 = inverted(v128.load(w, 16), mean, std, low, high, left, leftStep, rightStep, leftFirst, rightFirst)
      const v2 = inverted(v128.load(w, 32), mean, std, low, high, left, leftStep, rightStep, leftFirst, rightFirst)
      const v3 = inverted(v128.load(w, 48), mean, std, low, high, left, leftStep, rightStep, leftFirst, rightFirst)
      store(at, v0, v1, v2, v3)
    }
  }
}

/** One word through the inverse of the distribution function. */
function inverted(w: v128, mean: f32, std: f32, low: f32, high: f32, left: i32, leftStep: f32, rightStep: f32, leftFirst: f32, rightFirst: f32): v128 {
  const one = f32x4.splat(1)
  const isLeft = i32x4.lt_u(w, i32x4.splat(left))
  const n = f32x4.convert_i32x4_u(v128.bitselect(w, v128.not(w), isLeft))
  const stepOf = v128.bitselect(f32x4.splat(leftStep), f32x4.splat(rightStep), isLeft)
  const firstOf = v128.bitselect(f32x4.splat(leftFirst), f32x4.splat(rightFirst), isLeft)
  const y = f32x4.pmin(f32x4.add(f32x4.mul(n, stepOf), firstOf), one)
  const x = f32x4.sub(one, y)
  const l = f32x4.mul(minusTwoLog(f32x4.mul(y, f32x4.sub(f32x4.splat(2), y))), f32x4.splat(0.5))
  const c = f32x4.sub(l, f32x4.splat(2.5))
  let p = f32x4.splat(4.035765144294601e-8)
  p = step(p, c, 4.861117872678733e-7)
  p = step(p, c, -4.990594334230991e-6)
  p = step(p, c, -6.218075213837437e-6)
  p = step(p, c, 0.00030915025854483247)
  p = step(p, c, -0.0017730098916217685)
  p = step(p, c, -0.005908171180635691)
  p = step(p, c, 0.3488026559352875)
  p = step(p, c, 2.1233136653900146)
  const central = f32x4.lt(l, f32x4.splat(5))
  if (!i32x4.all_true(central)) {
    const t = f32x4.sub(f32x4.sqrt(l), f32x4.splat(4.5))
    let q = f32x4.splat(-3.0187673019099748e-6)
    q = step(q, t, 1.3830655916535761e-5)
    q = step(q, t, -5.876114300917834e-6)
    q = step(q, t, -3.1799620046513155e-5)
    q = step(q, t, -4.293419260648079e-5)
    q = step(q, t, 0.000289434363367036)
    q = step(q, t, -0.0006286596762947738)
    q = step(q, t, 0.000414128735428676)
    q = step(q, t, 1.4286900758743286)
    q = step(q, t, 6.144414901733398)
    p = v128.bitselect(p, q, central)
  }
  const z = v128.xor(f32x4.mul(x, p), v128.and(isLeft, i32x4.splat(0x80000000)))
  return clamp(f32x4.add(f32x4.mul(z, f32x4.splat(std)), f32x4.splat(mean)), low, high)
}
