// src/init/qr.ts' product C += A·B in float64, in tiles; each element of C is summed over k in ascending order, so the tiles don't show.

/** Rows, columns and depth of the part that stays in the first-level cache. */
const ROWS: i32 = 64
const COLUMNS: i32 = 32
const DEPTH: i32 = 32

/** Strides in bytes; B's and C's columns are adjacent. */
export function multiply(m: i32, n: i32, k: i32, a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, c: usize, cRow: i32): void {
  for (let i0 = 0; i0 < m; i0 += ROWS) {
    const i1 = min(m, i0 + ROWS)
    for (let j0 = 0; j0 < n; j0 += COLUMNS) {
      const j1 = min(n, j0 + COLUMNS)
      for (let k0 = 0; k0 < k; k0 += DEPTH) {
        const depth = min(DEPTH, k - k0)
        let i = i0
        for (; i + 4 <= i1; i += 4) {
          let j = j0
          const ai = a + i * aRow + k0 * aColumn
          for (; j + 4 <= j1; j += 4) tile(depth, ai, aRow, aColumn, b + k0 * bRow + (j << 3), bRow, c + i * cRow + (j << 3), cRow)
          for (; j < j1; j++)
            for (let r = 0; r < 4; r++) one(depth, ai + r * aRow, aColumn, b + k0 * bRow + (j << 3), bRow, c + (i + r) * cRow + (j << 3))
        }
        for (; i < i1; i++)
          for (let j = j0; j < j1; j++)
            one(depth, a + i * aRow + k0 * aColumn, aColumn, b + k0 * bRow + (j << 3), bRow, c + i * cRow + (j << 3))
      }
    }
  }
}

/** 4 × 4 elements of C. */
// @ts-ignore: decorator
@inline
function tile(depth: i32, a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, c: usize, cRow: i32): void {
  const c1 = c + cRow
  const c2 = c1 + cRow
  const c3 = c2 + cRow
  let s00 = v128.load(c)
  let s01 = v128.load(c, 16)
  let s10 = v128.load(c1)
  let s11 = v128.load(c1, 16)
  let s20 = v128.load(c2)
  let s21 = v128.load(c2, 16)
  let s30 = v128.load(c3)
  let s31 = v128.load(c3, 16)
  const a2 = aRow << 1
  for (let l = 0; l < depth; l++) {
    const left = v128.load(b)
    const right = v128.load(b, 16)
    let x = v128.load64_splat(a)
    s00 = f64x2.add(s00, f64x2.mul(x, left))
    s01 = f64x2.add(s01, f64x2.mul(x, right))
    x = v128.load64_splat(a + aRow)
    s10 = f64x2.add(s10, f64x2.mul(x, left))
    s11 = f64x2.add(s11, f64x2.mul(x, right))
    x = v128.load64_splat(a + a2)
    s20 = f64x2.add(s20, f64x2.mul(x, left))
    s21 = f64x2.add(s21, f64x2.mul(x, right))
    x = v128.load64_splat(a + a2 + aRow)
    s30 = f64x2.add(s30, f64x2.mul(x, left))
    s31 = f64x2.add(s31, f64x2.mul(x, right))
    a += aColumn
    b += bRow
  }
  v128.store(c, s00)
  v128.store(c, s01, 16)
  v128.store(c1, s10)
  v128.store(c1, s11, 16)
  v128.store(c2, s20)
  v128.store(c2, s21, 16)
  v128.store(c3, s30)
  v128.store(c3, s31, 16)
}

function one(depth: i32, a: usize, aColumn: i32, b: usize, bRow: i32, c: usize): void {
  let sum = load<f64>(c)
  for (let l = 0; l < depth; l++) {
    sum += load<f64>(a) * load<f64>(b)
    a += aColumn
    b += bRow
  }
  store<f64>(c, sum)
}
