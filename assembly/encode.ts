// float32 to the half types, nearest, ties to even.

/** `count` (a multiple of 8) float32 at `at` to float16 at `out`. */
export function float16(at: usize, count: i32, out: usize): void {
  for (let end = at + (count << 2); at < end; at += 32, out += 16) v128.store(out, i16x8.narrow_i32x4_u(half(v128.load(at)), half(v128.load(at, 16))))
}

/** Giesen's float_to_half: normals by carrying into the exponent, subnormals by a sum that rounds them. */
// @ts-ignore: decorator
@inline
function half(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000))
  const bits = v128.xor(x, sign)
  const odd = v128.and(i32x4.shr_u(bits, 13), i32x4.splat(1))
  // exponent 127 → 15, and half of the last place less one
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(bits, i32x4.splat(0xc8000fff)), odd), 13)
  const magic = i32x4.splat(0x3f000000)
  const subnormal = i32x4.sub(f32x4.add(bits, magic), magic)
  const special = v128.bitselect(i32x4.splat(0x7e00), i32x4.splat(0x7c00), i32x4.gt_s(bits, i32x4.splat(0x7f800000)))
  let code = v128.bitselect(subnormal, normal, i32x4.lt_s(bits, i32x4.splat(0x38800000)))
  code = v128.bitselect(special, code, i32x4.ge_s(bits, i32x4.splat(0x47800000)))
  return v128.or(code, i32x4.shr_u(sign, 16))
}

/** The same to bfloat16. */
export function bfloat16(at: usize, count: i32, out: usize): void {
  for (let end = at + (count << 2); at < end; at += 32, out += 16) v128.store(out, i16x8.narrow_i32x4_u(brain(v128.load(at)), brain(v128.load(at, 16))))
}

// @ts-ignore: decorator
@inline
function brain(x: v128): v128 {
  const upper = i32x4.shr_u(x, 16)
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), v128.and(upper, i32x4.splat(1))), 16)
  return v128.bitselect(v128.or(upper, i32x4.splat(0x40)), rounded, f32x4.ne(x, x))
}
