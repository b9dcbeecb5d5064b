/** C[m×n] += A[m×k]·B[k×n] in float64; each element is summed over k in ascending order, every product and sum rounded, so that any tiling gives the same bits. */
export type Multiply = (m: number, n: number, k: number, a: Matrix, b: Matrix, c: Matrix) => void

/** Elements of `data` from `start`, `rowStride` and `columnStride` apart (1 for B's and C's columns). */
export interface Matrix {
  readonly data: Float64Array
  readonly start: number
  readonly rowStride: number
  readonly columnStride: number
}

/** Columns of a panel; part of the published values of `orthogonal`, as the order of the sums depends on it. */
export const PANEL = 32

/** What the factorization works in; the compiled kernel lends its own memory. */
export interface QrMemory {
  /** The matrix, row by row, rows `stride` apart. */
  readonly a: Float64Array
  readonly stride: number
  /** rows × PANEL */
  readonly v: Float64Array
  /** PANEL × PANEL for each panel. */
  readonly t: Float64Array
  /** 2 · PANEL rows, `stride` apart. */
  readonly w: Float64Array
  readonly multiply: Multiply
}

/**
 * Overwrites `a` (rows ≥ columns) with the Q of its QR factorization, R's diagonal made positive: Householder reflections in panels, applied
 * as I − V·T·Vᵀ (Schreiber & Van Loan 1989, compact WY; LAPACK's geqrf and orgqr).
 */
export function orthonormalize(memory: QrMemory, rows: number, columns: number): void {
  const { a, v, t, stride } = memory
  const signs = new Float64Array(columns)
  for (let j = 0; j < columns; j += PANEL) {
    const width = Math.min(PANEL, columns - j)
    const panelT = t.subarray((j / PANEL) * PANEL * PANEL)
    const height = rows - j
    copyPanel(a, stride, j, height, width, v)
    factorPanel(v, height, width, panelT, signs.subarray(j))
    storePanel(a, stride, j, height, width, v)
    clearUpper(v, width)
    reflect(memory, columns, j, j + width, height, width, panelT, true)
  }
  for (let j = Math.floor((columns - 1) / PANEL) * PANEL; j >= 0; j -= PANEL) {
    const width = Math.min(PANEL, columns - j)
    const height = rows - j
    copyPanel(a, stride, j, height, width, v)
    clearUpper(v, width)
    // these columns of Q begin as those of the identity
    for (let i = 0; i < height; i++) a.fill(0, (j + i) * stride + j, (j + i) * stride + (i < width ? columns : j + width))
    for (let i = 0; i < width; i++) a[(j + i) * stride + j + i] = 1
    reflect(memory, columns, j, j, height, width, t.subarray((j / PANEL) * PANEL * PANEL), false)
  }
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) a[i * stride + j] = (a[i * stride + j] as number) * (signs[j] as number)
}

function copyPanel(a: Float64Array, stride: number, j: number, height: number, width: number, v: Float64Array): void {
  for (let i = 0; i < height; i++) {
    const from = (j + i) * stride + j
    for (let c = 0; c < PANEL; c++) v[i * PANEL + c] = c < width ? (a[from + c] as number) : 0
  }
}

function storePanel(a: Float64Array, stride: number, j: number, height: number, width: number, v: Float64Array): void {
  for (let i = 0; i < height; i++) for (let c = 0; c < width; c++) a[(j + i) * stride + j + c] = v[i * PANEL + c] as number
}

/** V has ones on the diagonal and zeros above, where the panel keeps R. */
function clearUpper(v: Float64Array, width: number): void {
  for (let i = 0; i < width; i++) for (let c = i; c < PANEL; c++) v[i * PANEL + c] = c === i ? 1 : 0
}

/** Reflections of one panel (below its diagonal), their −T (upper triangle), and the signs of R's diagonal. */
function factorPanel(v: Float64Array, height: number, width: number, t: Float64Array, signs: Float64Array): void {
  const w = new Float64Array(PANEL)
  for (let j = 0; j < width; j++) {
    const alpha = v[j * PANEL + j] as number
    let squares = 0
    for (let i = j + 1; i < height; i++) squares += (v[i * PANEL + j] as number) * (v[i * PANEL + j] as number)
    const beta = squares === 0 ? alpha : alpha > 0 ? -Math.sqrt(alpha * alpha + squares) : Math.sqrt(alpha * alpha + squares)
    const tau = squares === 0 ? 0 : (beta - alpha) / beta
    signs[j] = beta < 0 ? -1 : 1
    if (squares !== 0) for (let i = j + 1; i < height; i++) v[i * PANEL + j] = (v[i * PANEL + j] as number) / (alpha - beta)
    v[j * PANEL + j] = beta
    // w = vⱼᵀ · the other columns: those to the right are reflected, those to the left make T
    for (let c = 0; c < PANEL; c++) w[c] = c < width ? (v[j * PANEL + c] as number) : 0
    for (let i = j + 1; i < height; i++) {
      const x = v[i * PANEL + j] as number
      for (let c = 0; c < PANEL; c++) w[c] = (w[c] as number) + x * (v[i * PANEL + c] as number)
    }
    for (let i = j; i < height; i++) {
      const x = i === j ? tau : tau * (v[i * PANEL + j] as number)
      for (let c = j + 1; c < width; c++) v[i * PANEL + c] = (v[i * PANEL + c] as number) - x * (w[c] as number)
    }
    for (let i = 0; i < PANEL; i++) t[i * PANEL + j] = 0
    for (let i = 0; i < j; i++) {
      let sum = 0
      for (let k = i; k < j; k++) sum += (t[i * PANEL + k] as number) * (w[k] as number)
      t[i * PANEL + j] = -tau * sum
    }
    t[j * PANEL + j] = tau
  }
  for (let i = 0; i < PANEL * PANEL; i++) t[i] = -(t[i] as number)
}

/** Rows from `top`, columns from `left` of A: A + V·(−T)·VᵀA, or with −Tᵀ. */
function reflect(
  memory: QrMemory,
  columns: number,
  top: number,
  left: number,
  height: number,
  width: number,
  t: Float64Array,
  transposed: boolean,
): void {
  const n = columns - left
  if (n === 0) return
  const { a, v, w, stride, multiply } = memory
  const part: Matrix = { data: a, start: top * stride + left, rowStride: stride, columnStride: 1 }
  const first: Matrix = { data: w, start: 0, rowStride: stride, columnStride: 1 }
  const second: Matrix = { data: w, start: width * stride, rowStride: stride, columnStride: 1 }
  w.fill(0, 0, 2 * width * stride)
  multiply(width, n, height, { data: v, start: 0, rowStride: 1, columnStride: PANEL }, part, first)
  multiply(width, n, width, { data: t, start: 0, rowStride: transposed ? 1 : PANEL, columnStride: transposed ? PANEL : 1 }, first, second)
  multiply(height, n, width, { data: v, start: 0, rowStride: PANEL, columnStride: 1 }, second, part)
}

/** The product in plain TypeScript. */
export const multiply: Multiply = (m, n, k, a, b, c) => {
  for (let i = 0; i < m; i++) {
    const row = c.start + i * c.rowStride
    for (let l = 0; l < k; l++) {
      const x = a.data[a.start + i * a.rowStride + l * a.columnStride] as number
      const from = b.start + l * b.rowStride
      for (let j = 0; j < n; j++) c.data[row + j] = (c.data[row + j] as number) + x * (b.data[from + j] as number)
    }
  }
}

/** Elements from row to row: rows begin on cache lines, and not all in the same set of them. */
export function strideOf(columns: number): number {
  const whole = Math.ceil(columns / LINE) * LINE
  return whole % WAY === 0 ? whole + LINE : whole
}
const LINE = 8
const WAY = 512

/** Numbers of elements that `a`, `v`, `t` and `w` take. */
export const sizesOf = (rows: number, columns: number) =>
  [rows * strideOf(columns), rows * PANEL, Math.ceil(columns / PANEL) * PANEL * PANEL, 2 * PANEL * strideOf(columns)] as const

/** Memory for plain TypeScript. */
export function plainQrMemory(rows: number, columns: number): QrMemory {
  const [a, v, t, w] = sizesOf(rows, columns).map((size) => new Float64Array(size)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  return { a, v, t, w, stride: strideOf(columns), multiply }
}
