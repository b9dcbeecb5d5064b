// Packed q, k, v of unequal widths: each is a matrix of its own.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFill } from '../src/init/makeFill.js'
import { resolveInitializer } from '../src/init/resolveInitializer.js'
import { accumulate } from '../src/init/statistics.js'
import { reinit, type ReinitOptions } from '../src/index.js'
import type { FillTarget } from '../src/types.js'
import { folderOf } from './buildModel.js'
import { decodedTensors } from './decodedTensors.js'
import { linear } from './init/target.js'

/** q [32, 32], k [32, 32], v [32, 96] side by side, q's columns first. */
const WIDTHS = [32, 32, 96]
const INPUTS = 32

async function redraw(options: ReinitOptions) {
  const output = join(folderOf({}), 'model.onnx')
  const report = await reinit('fixtures/models/fused_unequal_projections.onnx', { layers: ['qkv'], output, ...options })
  const bytes = decodedTensors(output).find((t) => t.name === 'qkv.weight')?.values as Uint8Array
  const all = new Float32Array(Uint8Array.from(bytes).buffer)
  let before = 0
  const matrices = WIDTHS.map((width) => {
    const first = before
    before += width
    return Array.from({ length: INPUTS }, (_, row) => [...all.subarray(row * 160 + first, row * 160 + first + width)])
  })
  return { report, matrices, change: report.changed.find((c) => c.name === 'qkv.weight') }
}

const std = (matrix: readonly number[][]) => Math.sqrt(matrix.flat().reduce((sum, v) => sum + v * v, 0) / matrix.flat().length)

/** Columns are the outputs' vectors: WᵀW or WWᵀ, whichever is the smaller, is the identity. */
function departure(matrix: readonly number[][]): number {
  const columns = (matrix[0] as number[]).map((_, c) => matrix.map((row) => row[c] as number))
  const vectors = columns.length <= matrix.length ? columns : matrix
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * (b[i] as number), 0)
  return Math.max(...vectors.flatMap((a, i) => vectors.map((b, j) => Math.abs(dot(a, b) - Number(i === j)))))
}

test.each([
  // 2/(32+32), 2/(32+96)
  ['xavier_normal', {}, [1 / 32, 1 / 32, 1 / 64]],
  ['xavier_uniform', {}, [1 / 32, 1 / 32, 1 / 64]],
  ['glorot_normal:truncated=true', {}, [1 / 32, 1 / 32, 1 / 64]],
  ['he_normal:mode=fan_out', {}, [2 / 32, 2 / 32, 2 / 96]],
  ['he_normal', {}, [2 / 32, 2 / 32, 2 / 32]],
  ['xavier_normal', { fan: 'effective' }, [1 / 32, 1 / 32, 1 / 64]],
  // torch's formula takes the packed tensor for one matrix
  ['xavier_normal', { fan: 'torch' }, [2 / 192, 2 / 192, 2 / 192]],
  ['xavier_normal', { rng: 'torch' }, [1 / 32, 1 / 32, 1 / 64]],
  ['he_uniform:mode=fan_out', { rng: 'torch' }, [2 / 32, 2 / 32, 2 / 96]],
] as const)('%s %o: each matrix has the deviation of its own fans', async (init, options, variances) => {
  const { matrices, change, report } = await redraw({ init, ...options })
  for (const [m, matrix] of matrices.entries()) expect(Math.abs(std(matrix) / Math.sqrt(variances[m] as number) - 1)).toBeLessThan(0.07)
  const mixture = WIDTHS.reduce((sum, width, m) => sum + (width / 160) * (variances[m] as number), 0)
  expect(change?.expected.std).toBeCloseTo(Math.sqrt(mixture), 6)
  const isOne = variances[0] === variances[2] && !('rng' in options)
  expect(change?.checks.map((c) => c.name)).toEqual(
    isOne
      ? ['mean', 'variance', 'shape', 'range']
      : [1, 2, 3].flatMap((m) => ['mean', 'variance', 'shape', 'range'].map((n) => `${n} of matrix ${m}`)),
  )
  expect(change?.checks.filter((c) => !c.passed)).toEqual([])
  const note = report.notes.find((n) => n.startsWith('qkv.weight'))
  if (isOne) expect(note).toBeUndefined()
  else
    expect(note).toContain(`std ${WIDTHS.map((w, m) => `${Number(Math.sqrt(variances[m] as number).toPrecision(4))} of ${w}`).join(', ')}`)
  expect(report.run.status).toBe('passed')
})

// torch 2.15: manual_seed(0), then the rule on torch.empty(32, 32), torch.empty(32, 32), torch.empty(96, 32); transposed and side by side
test.each([
  ['xavier_normal', 'f4dccafeaf793150ce1b9925aa7d6188908749928e42217869c2e444b392248a'],
  ['xavier_uniform', '29379166c06d93630d8b0bfaf390d656bbbcc40caf0d17d3755f2a8ac9c3aa2f'],
])('%s --rng torch: as three Linear layers one after the other', async (init, sha256) => {
  expect((await redraw({ init, rng: 'torch', seed: 0, run: false })).change?.sha256).toBe(sha256)
})

test.each([{}, { rng: 'torch' as const }])('orthogonal %o: each matrix is', async (options) => {
  const { matrices, change } = await redraw({ init: 'orthogonal', ...options })
  for (const matrix of matrices) expect(departure(matrix)).toBeLessThan(1e-5)
  expect(change?.checks.map((c) => [c.name, c.passed])).toEqual([1, 2, 3].map((m) => [`orthogonal of matrix ${m}`, true]))
})

test('eye and sparse: each matrix has its own diagonal, and its own zeros', async () => {
  const eyes = (await redraw({ init: 'eye' })).matrices
  for (const matrix of eyes) expect(matrix.every((row, r) => row.every((v, c) => v === Number(r === c)))).toBe(true)
  const sparse = await redraw({ init: 'sparse:sparsity=0.25' })
  for (const [m, matrix] of sparse.matrices.entries())
    for (const row of matrix) expect(row.filter((v) => v === 0)).toHaveLength((WIDTHS[m] as number) / 4)
  expect(sparse.change?.checks.filter((c) => !c.passed)).toEqual([])
})

test('quantized: the integers stand for the draws of each matrix', async () => {
  const output = join(folderOf({}), 'model.onnx')
  const report = await reinit('fixtures/models/fused_unequal_projections.onnx', { layers: ['second'], init: 'xavier_normal', output })
  const { checks = [], expected } = report.changed.find((c) => c.name === 'second.weight_quantized') ?? {}
  expect(checks.filter((c) => !c.passed)).toEqual([])
  expect(checks.map((c) => c.name)).toEqual(expect.arrayContaining(['variance of matrix 1', 'variance of matrix 3', 'deviation']))
  // 2/(96+16) of a third, 2/(96+64) of two
  expect(expected?.std).toBeCloseTo(Math.sqrt(2 / 112 / 3 + (2 / 160) * (2 / 3)), 9)
  const scales = new Float32Array(Uint8Array.from(valuesOf(output, 'second.weight_scale')).buffer)
  const codes = new Int8Array(Uint8Array.from(valuesOf(output, 'second.weight_quantized')).buffer)
  const part = (from: number, to: number) =>
    Array.from({ length: 96 }, (_, row) => [...codes.subarray(row * 96 + from, row * 96 + to)].map((v, i) => v * (scales[from + i] ?? NaN)))
  for (const [from, to, variance] of [
    [0, 16, 2 / 112],
    [16, 32, 2 / 112],
    [32, 96, 2 / 160],
  ] as const)
    expect(Math.abs(std(part(from, to)) / Math.sqrt(variance) - 1)).toBeLessThan(0.07)
})

const valuesOf = (path: string, name: string) => decodedTensors(path).find((t) => t.name === name)?.values as Uint8Array

test('values by the fans of the first matrix alone are caught', () => {
  const target = linear(160, 32, {
    dims: [32, 160],
    layout: ['in', 'out'],
    matrices: WIDTHS.map((width) => ({ width, fan: { fanIn: 32, fanOut: width } })),
  })
  const xavier = resolveInitializer('xavier_normal')
  const { distribution, structure } = makeFill(xavier, target, 0n)
  const checksOf = (values: Float32Array) => {
    const tests = accumulate(distribution, 'FLOAT', values.length, structure)
    for (let at = 0; at < values.length; at += 999) tests.add(values.subarray(at, at + 999))
    return tests.finish().checks.flatMap((c) => (c.passed ? [] : [c.name]))
  }
  expect(checksOf(drawn(target))).toEqual([])
  expect(checksOf(drawn({ ...linear(160, 32), fan: { fanIn: 32, fanOut: 32 } }))).toContain('variance of matrix 3')
})

// a published stream never changes
test('the streams of matrices are frozen, and any chunk gives the same values', () => {
  const matrices = [7, 5, 12].map((width) => ({ width, fan: { fanIn: 10, fanOut: width } }))
  const target = linear(24, 10, { dims: [10, 24], layout: ['in', 'out'], matrices })
  const { filler } = makeFill(resolveInitializer('xavier_normal'), target, 7n)
  const all = drawn(target, 7n)
  expect(createHash('sha256').update(all).digest('hex')).toBe('e5a53fdad9e23b6bfbe2c3dc5253fb2aed95d859240f7feafc56c7a4f60537c5')
  for (let start = 0; start < 240; start += 13)
    for (const length of [0, 1, 3, 5, 24, 48, 77]) {
      const part = new Float64Array(Math.min(length, 240 - start))
      if (filler.access === 'random') filler.fill(part, start)
      expect([...part]).toEqual([...all.subarray(start, start + length)])
    }
})

function drawn(target: FillTarget, seed = 0n): Float32Array {
  const values = new Float32Array(target.elementCount)
  const { filler } = makeFill(resolveInitializer('xavier_normal'), target, seed)
  if (filler.access === 'random') filler.fill(values, 0)
  return values
}
