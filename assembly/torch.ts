// src/init/torch/float32.ts and the 16-element blocks of samplers.ts, two elements at a time. float32 values are held in float64: a rounded
// product or sum is one operation and a narrowing, a fused multiply-add is exact but where float64 rounds onto the middle of two float32.

/** Lanes of a fused multiply-add that fell onto such a middle, of the block at hand: plain TypeScript does it again. */
let doubtful: v128 = i64x2.splat(0)

/** Fused multiply-add of float32. */
// @ts-ignore: decorator
@inline
function fma(a: v128, b: v128, c: v128): v128 {
  const sum = f64x2.add(f64x2.mul(a, b), c)
  doubtful = v128.or(doubtful, i64x2.eq(v128.and(sum, i64x2.splat(0x1fffffff)), i64x2.splat(0x10000000)))
  return narrow(sum)
}

/** The same where a is a small whole number and b short: then sums often lie in the middle exactly, which is no doubt (Knuth's TwoSum tells). */
// @ts-ignore: decorator
@inline
function fmaShort(a: v128, b: v128, c: v128): v128 {
  const product = f64x2.mul(a, b)
  const sum = f64x2.add(product, c)
  const part = f64x2.sub(sum, product)
  const rest = f64x2.add(f64x2.sub(product, f64x2.sub(sum, part)), f64x2.sub(c, part))
  const middle = i64x2.eq(v128.and(sum, i64x2.splat(0x1fffffff)), i64x2.splat(0x10000000))
  doubtful = v128.or(doubtful, v128.and(middle, f64x2.ne(rest, f64x2.splat(0))))
  return narrow(sum)
}

/** Rounded to float32. */
// @ts-ignore: decorator
@inline
function narrow(x: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(x))
}

// @ts-ignore: decorator
@inline
function constant(c: f32): v128 {
  return f64x2.splat(<f64>c)
}

/** `blocks` blocks of 16 uniforms at `at` become normals in place. Returns how many blocks are in doubt; their numbers go to `doubts` (u32), they are left as they were. */
export function torchNormal(at: usize, blocks: i32, mean: f32, std: f32, doubts: usize): i32 {
  let count = 0
  for (let i = 0; i < blocks; i++, at += 64) {
    doubtful = i64x2.splat(0)
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const d = v128.load(at, 48)
    pair(at, mean, std)
    pair(at + 8, mean, std)
    pair(at + 16, mean, std)
    pair(at + 24, mean, std)
    if (v128.any_true(doubtful)) {
      v128.store(at, a)
      v128.store(at, b, 16)
      v128.store(at, c, 32)
      v128.store(at, d, 48)
      store<u32>(doubts + (count << 2), i)
      count++
    }
  }
  return count
}

/** Elements j, j+1 and j+8, j+9. */
function pair(at: usize, mean: f32, std: f32): void {
  const one = f32x4.splat(1)
  const u = f32x4.sub(one, v128.load64_zero(at))
  let e = i32x4.sub(i32x4.shr_u(u, 23), i32x4.splat(126))
  let mantissa = v128.or(v128.and(u, i32x4.splat(0x7fffff)), i32x4.splat(0x3f000000))
  const below = f32x4.lt(mantissa, f32x4.splat(0.7071067811865476))
  e = i32x4.add(e, below)
  mantissa = f32x4.sub(f32x4.add(mantissa, v128.and(mantissa, below)), one)
  const radius = narrow(f64x2.sqrt(f64x2.mul(f64x2.splat(-2), log(f64x2.promote_low_f32x4(mantissa), f64x2.convert_low_i32x4_s(e)))))

  const angle = narrow(f64x2.mul(constant(6.283185307179586), f64x2.promote_low_f32x4(v128.load64_zero(at, 32))))
  const octant = i32x4.trunc_sat_f64x2_s_zero(narrow(f64x2.mul(angle, constant(1.27323954473516))))
  const j = v128.and(i32x4.add(octant, i32x4.splat(1)), i32x4.splat(~1))
  const n = f64x2.convert_low_i32x4_s(j)
  let r = fmaShort(n, constant(-0.78515625), angle)
  r = fmaShort(n, constant(-2.4187564849853516e-4), r)
  r = fmaShort(n, constant(-3.774894977445941e-8), r)
  const z = narrow(f64x2.mul(r, r))
  let cosine = fma(fma(constant(2.443315711809948e-5), z, constant(-1.388731625493765e-3)), z, constant(4.166664568298827e-2))
  cosine = fma(z, narrow(f64x2.mul(cosine, z)), f64x2.mul(z, f64x2.splat(-0.5)))
  cosine = narrow(f64x2.add(cosine, f64x2.splat(1)))
  let sine = fma(fma(constant(-1.9515295891e-4), z, constant(8.3321608736e-3)), z, constant(-1.6666654611e-1))
  sine = f64x2.add(fma(r, narrow(f64x2.mul(sine, z)), r), f64x2.splat(0))

  const wide = i64x2.extend_low_i32x4_s(j)
  const swap = i64x2.ne(v128.and(wide, i64x2.splat(2)), i64x2.splat(0))
  const four = i64x2.splat(4)
  const sineSign = i64x2.shl(v128.and(wide, four), 61)
  const cosineSign = i64x2.shl(v128.andnot(four, i64x2.sub(wide, i64x2.splat(2))), 61)
  const s = v128.xor(v128.bitselect(cosine, sine, swap), sineSign)
  const c = v128.xor(v128.bitselect(sine, cosine, swap), cosineSign)
  const means = constant(mean)
  const stds = constant(std)
  v128.store64_lane(at, f32x4.demote_f64x2_zero(fma(narrow(f64x2.mul(radius, c)), stds, means)), 0)
  v128.store64_lane(at, f32x4.demote_f64x2_zero(fma(narrow(f64x2.mul(radius, s)), stds, means)), 0, 32)
}

/** ln of (1 + m)·2ᵉ. */
// @ts-ignore: decorator
@inline
function log(m: v128, e: v128): v128 {
  const z = narrow(f64x2.mul(m, m))
  let y = constant(7.0376836292e-2)
  y = fma(y, m, constant(-1.151461031e-1))
  y = fma(y, m, constant(1.167699874e-1))
  y = fma(y, m, constant(-1.2420140846e-1))
  y = fma(y, m, constant(1.4249322787e-1))
  y = fma(y, m, constant(-1.6668057665e-1))
  y = fma(y, m, constant(2.0000714765e-1))
  y = fma(y, m, constant(-2.4999993993e-1))
  y = fma(y, m, constant(3.3333331174e-1))
  y = fma(narrow(f64x2.mul(y, m)), z, narrow(f64x2.mul(e, constant(-2.1219444e-4))))
  y = narrow(f64x2.sub(y, f64x2.mul(z, f64x2.splat(0.5))))
  return fmaShort(e, constant(0.693359375), narrow(f64x2.add(m, y)))
}
