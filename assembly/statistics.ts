// src/init/measure.ts and the bins of src/init/statistics.ts, over float32 values at `at`.

/**
 * Writes mean (of this chunk), Σ(v − mean)², smallest and largest as float64 to `out`. One pass, by distances from the first value: it is at
 * most √count deviations from the mean, so that little cancels.
 */
export function moments(at: usize, count: i32, out: usize): void {
  const first = <f64>load<f32>(at)
  const origin = first - first === 0 ? first : 0
  const shift = f64x2.splat(origin)
  let sum0 = f64x2.splat(0)
  let sum1 = f64x2.splat(0)
  let squares0 = f64x2.splat(0)
  let squares1 = f64x2.splat(0)
  let low = f32x4.splat(Infinity)
  let high = f32x4.splat(-Infinity)
  let i = 0
  for (; i + 4 <= count; i += 4) {
    const v = v128.load(at + (i << 2))
    const a = f64x2.sub(f64x2.promote_low_f32x4(v), shift)
    const b = f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3)), shift)
    sum0 = f64x2.add(sum0, a)
    sum1 = f64x2.add(sum1, b)
    squares0 = f64x2.add(squares0, f64x2.mul(a, a))
    squares1 = f64x2.add(squares1, f64x2.mul(b, b))
    low = f32x4.pmin(low, v)
    high = f32x4.pmax(high, v)
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
  }
  const mean = sum / count
  store<f64>(out, origin + mean)
  store<f64>(out, max<f64>(0, squares - mean * sum), 8)
  store<f64>(out, smallest, 16)
  store<f64>(out, largest, 24)
}

/** counts[k] (u32) grows by the values in [edge k−1, edge k), k = 0 … last. */
export function bins(at: usize, count: i32, first: f64, perUnit: f64, last: i32, counts: usize): void {
  const one = f64x2.splat(1)
  const start = f64x2.splat(first)
  const scale = f64x2.splat(perUnit)
  const zero = f64x2.splat(0)
  const end = f64x2.splat(last)
  let i = 0
  for (; i + 2 <= count; i += 2) {
    const v = f64x2.promote_low_f32x4(v128.load64_zero(at + (i << 2)))
    const x = f64x2.add(f64x2.mul(f64x2.sub(v, start), scale), one)
    // NaN is below zero, too
    const bin = i32x4.trunc_sat_f64x2_s_zero(f64x2.pmin(f64x2.pmax(zero, x), end))
    const a = counts + (i32x4.extract_lane(bin, 0) << 2)
    store<u32>(a, load<u32>(a) + 1)
    const b = counts + (i32x4.extract_lane(bin, 1) << 2)
    store<u32>(b, load<u32>(b) + 1)
  }
  for (; i < count; i++) {
    const x = (<f64>load<f32>(at + (i << 2)) - first) * perUnit + 1
    const bin = x > 0 ? (x < last ? <i32>x : last) : 0
    const a = counts + (bin << 2)
    store<u32>(a, load<u32>(a) + 1)
  }
}
