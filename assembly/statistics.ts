// src/init/measure.ts over float32 values, in one pass.

/**
 * Writes mean (of this chunk), Σ(v − mean)², smallest and largest as float64 to `out`, by distances from the first value: it is at most
 * √count deviations from the mean, so that little cancels. Where `counts` is not 0, counts[k] (u32) grows by the values in
 * [edge k−1, edge k), k = 0 … last.
 */
export function measure(at: usize, count: i32, out: usize, counts: usize, first: f64, perUnit: f64, last: i32): void {
  const one = <f64>load<f32>(at)
  const origin = one - one === 0 ? one : 0
  const shift = f64x2.splat(origin)
  const start = f64x2.splat(first)
  const scale = f64x2.splat(perUnit)
  const end = i32x4.splat(last)
  let sum0 = f64x2.splat(0)
  let sum1 = f64x2.splat(0)
  let squares0 = f64x2.splat(0)
  let squares1 = f64x2.splat(0)
  let low = f32x4.splat(Infinity)
  let high = f32x4.splat(-Infinity)
  let i = 0
  for (; i + 4 <= count; i += 4) {
    const v = v128.load(at + (i << 2))
    const v0 = f64x2.promote_low_f32x4(v)
    const v1 = f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3))
    const a = f64x2.sub(v0, shift)
    const b = f64x2.sub(v1, shift)
    sum0 = f64x2.add(sum0, a)
    sum1 = f64x2.add(sum1, b)
    squares0 = f64x2.add(squares0, f64x2.mul(a, a))
    squares1 = f64x2.add(squares1, f64x2.mul(b, b))
    low = f32x4.pmin(low, v)
    high = f32x4.pmax(high, v)
    if (counts === 0) continue
    const bin0 = binsOf(v0, start, scale)
    const bin1 = binsOf(v1, start, scale)
    const bin = i32x4.min_s(i32x4.max_s(v128.shuffle<i64>(bin0, bin1, 0, 2), i32x4.splat(0)), end)
    increase(counts, i32x4.extract_lane(bin, 0))
    increase(counts, i32x4.extract_lane(bin, 1))
    increase(counts, i32x4.extract_lane(bin, 2))
    increase(counts, i32x4.extract_lane(bin, 3))
  }
  sum0 = f64x2.add(sum0, sum1)
  squares0 = f64x2.add(squares0, squares1)
  let sum = f64x2.extract_lane(sum0, 0) + f64x2.extract_lane(sum0, 1)
  let squares = f64x2.extract_lane(squares0, 0) + f64x2.extract_lane(squares0, 1)
  let smallest = f32x4.extract_lane(low, 0)
  let largest = f32x4.extract_lane(high, 0)
  for (let lane = 1; lane < 4; lane++) {
    store<v128>(out, low)
    const l = load<f32>(out + (lane << 2))
    store<v128>(out, high)
    const h = load<f32>(out + (lane << 2))
    if (l < smallest) smallest = l
    if (h > largest) largest = h
  }
  for (; i < count; i++) {
    const v = load<f32>(at + (i << 2))
    const distance = <f64>v - origin
    sum += distance
    squares += distance * distance
    if (v < smallest) smallest = v
    if (v > largest) largest = v
    if (counts !== 0) increase(counts, min(max(i32x4.extract_lane(binsOf(f64x2.splat(v), start, scale), 0), 0), last))
  }
  const mean = sum / count
  store<f64>(out, origin + mean)
  store<f64>(out, max<f64>(0, squares - mean * sum), 8)
  store<f64>(out, smallest, 16)
  store<f64>(out, largest, 24)
}

/** Two bins in the lower lanes, not yet cut to those that there are; NaN's is 0. */
// @ts-ignore: decorator
@inline
function binsOf(v: v128, start: v128, scale: v128): v128 {
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(f64x2.mul(f64x2.sub(v, start), scale), f64x2.splat(1)))
}

// @ts-ignore: decorator
@inline
function increase(counts: usize, bin: i32): void {
  const at = counts + (bin << 2)
  store<u32>(at, load<u32>(at) + 1)
}
