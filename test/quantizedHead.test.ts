import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { inspect } from '../src/inspect.js'
import { reinit } from '../src/reinit.js'
import { attribute, folderOf, input, node, output } from './buildModel.js'
import { dequantizedWeights, storedNumbers } from './dequantize.js'
import { codes, quantizedModel, quantizedModels, scale, tensor, withDequantizedBias } from './quantizedModels.js'
import { moments } from './redraw.js'

// three processes each
vi.setConfig({ testTimeout: 60_000 })

/** Models whose layer has no number of classes that could change, and what is said of them. */
const refused: Readonly<Record<string, RegExp>> = {
  'DequantizeLinear, uint4 in blocks with zero points': /scales or zero points "w.scale" \[64,4\] that are not one a class/,
  DynamicQuantizeLSTM: /DynamicQuantizeLSTM .* no operator whose number of outputs can change/,
  QAttention: /QAttention .* no operator/,
  'GatherBlockQuantized, bytes of two': /GatherBlockQuantized .* no operator/,
  'GatherBlockQuantized, int4': /GatherBlockQuantized .* no operator/,
  'Gather of integers': /Gather .* no operator/,
}
const FIVE_SIGMA = (count: number) => 5 / Math.sqrt(2 * count)

test.each(Object.entries(quantizedModels).flatMap(([name, m]) => [7, 201].map((n) => [name, n, m] as const)))(
  '%s, %i classes',
  async (name, numClasses, { bytes, weight, run = 'passed' }) => {
    const folder = folderOf({ 'm.onnx': bytes })
    const output = join(folder, 'out.onnx')
    const call = reinit(join(folder, 'm.onnx'), { layers: [weight], init: 'he_normal', numClasses, output })
    if (refused[name]) {
      await expect(call).rejects.toMatchObject({ code: 'conflict' })
      await expect(call).rejects.toThrow(refused[name])
      expect(readdirSync(folder)).toEqual(['m.onnx'])
      return
    }
    const report = await call
    expect(report.run.status).toBe(run)
    if (run === 'passed') expect(report.run.outputs[0]?.shape[1]).toBe(numClasses)
    expect(report.bytes.identicalOutside).toBe(true)
    expect(report.changed.flatMap((c) => c.checks).filter((c) => !c.passed)).toEqual([])
    const change = report.changed.find((c) => c.name === weight)
    expect(change?.shape).toContain(numClasses)
    const values = dequantizedWeights(output).get(weight) ?? []
    expect(values.length % numClasses).toBe(0)
    expect(values.length).toBeGreaterThan(0)
    const { std } = moments(values)
    expect(Math.abs(std / (change?.expected.std ?? 0) - 1)).toBeLessThan(Math.max(0.04, FIVE_SIGMA(values.length)))
  },
)

/** The values of classes of a matrix, a list each: `axis` of `dims` has the classes. */
function classesOf(values: Float64Array | readonly number[], dims: readonly number[], axis: number): number[][] {
  const inner = dims.slice(axis + 1).reduce((n, d) => n * d, 1)
  const size = dims[axis] ?? 1
  const lists = Array.from({ length: size }, (): number[] => [])
  values.forEach((v: number, i: number) => lists[Math.floor(i / inner) % size]?.push(v))
  return lists
}

const KEPT = [3, 0, 70]
const changeable = Object.entries(quantizedModels).filter(([name]) => !refused[name])

test.each(changeable.flatMap(([name, m]) => [7, 201].map((n) => [name, n, m] as const)))(
  '%s, %i classes, of which three are kept to the bit',
  async (_, numClasses, { bytes, weight, run = 'passed' }) => {
    const folder = folderOf({ 'm.onnx': bytes })
    const [input, output] = [join(folder, 'm.onnx'), join(folder, 'out.onnx')]
    const classes = (await inspect(input, { layers: [weight] })).head?.classes ?? (await inspect(input, { head: true })).head?.classes ?? 0
    const keepClasses = KEPT.map((k) => k % classes)
    const report = await reinit(input, {
      layers: [weight],
      init: 'normal:std=0.05',
      numClasses,
      keepClasses,
      output,
      run: numClasses === 7,
    })
    expect(report.run.status).toBe(numClasses === 7 ? run : 'disabled')
    expect(report.bytes.identicalOutside).toBe(true)
    expect(report.changed.flatMap((c) => c.checks).filter((c) => !c.passed)).toEqual([])
    const change = report.changed.find((c) => c.name === weight)
    const [before, after] = [input, output].map((path) => dequantizedWeights(path).get(weight) ?? [])
    const axis = change?.shape.indexOf(numClasses) ?? 0
    const rest = change?.shape.length === 3 ? [(after?.length ?? 0) / numClasses] : (change?.shape.filter((_, i) => i !== axis) ?? [])
    const dims = (n: number) => [...rest.slice(0, axis), n, ...rest.slice(axis)]
    const old = classesOf(before ?? [], dims(classes), axis)
    const now = classesOf(after ?? [], dims(numClasses), axis)
    expect(new Set(keepClasses.map((from) => `${old[from]}`)).size).toBe(3)
    keepClasses.forEach((from, to) => expect(now[to]).toEqual(old[from]))
    const drawn = now.slice(keepClasses.length).flat()
    const { std } = moments(drawn)
    expect(Math.abs(std / 0.05 - 1)).toBeLessThan(Math.max(0.04, FIVE_SIGMA(drawn.length)))
  },
)

/** Codes, scales, zero points and biases that have an entry a class, by their names; the last axis but one or the only one. */
const fourBits = quantizedModel(
  node('DequantizeLinear', ['w', 'w.scale', 'w.zero'], ['w.values'], { extra: [attribute.int('axis', 0)] }),
  node('Relu', ['x'], ['f']),
  node('Gemm', ['f', 'w.values'], ['y'], { name: 'layer', extra: [attribute.int('transB', 1)] }),
  tensor('w', 'UINT4', [40, 32], codes(640, 0, 255)),
  scale('w.scale', [40], 0.02),
  tensor('w.zero', 'UINT4', [40], codes(20, 0x66, 0xaa)),
  input('x', [4, 32]),
  output('y', [4, 40]),
)
const perClass: Readonly<Record<string, readonly [bytes: Uint8Array, tensors: readonly string[], same: readonly string[]]>> = {
  QGemm: [quantizedModels.QGemm?.bytes ?? new Uint8Array(0), ['w', 'w.scale', 'w.zero', 'b'], ['x.scale', 'x.zero']],
  'a bias in steps of its own': [withDequantizedBias([40], 'own'), ['w', 'w.scale', 'w.zero', 'b', 'b.scale'], ['x.scale']],
  'a bias in other steps': [withDequantizedBias([40], 'other'), ['w', 'w.scale', 'b', 'b.scale'], ['x.scale']],
  'zero points of four bits': [fourBits, ['w', 'w.scale', 'w.zero'], []],
  'one scale for all': [withDequantizedBias([], 'own'), ['w', 'b'], ['w.scale', 'w.zero', 'b.scale', 'x.scale']],
}

test.each(
  Object.entries(perClass).flatMap(([name, c]) =>
    ['normal:std=0.05', 'zeros'].filter((init) => init !== 'zeros' || c[0] !== fourBits).map((init) => [name, init, c] as const),
  ),
)('%s, %s: kept classes keep integers, scales and biases', async (_, init, [bytes, tensors, same]) => {
  const folder = folderOf({ 'm.onnx': bytes })
  const [input, output] = [join(folder, 'm.onnx'), join(folder, 'out.onnx')]
  const keepClasses = [39, 5]
  const report = await reinit(input, { layers: ['layer'], init, bias: 0.01, numClasses: 9, keepClasses, output })
  expect(report.run).toMatchObject({ status: 'passed', features: { status: 'equal' } })
  expect(report.changed.flatMap((c) => c.checks).filter((c) => !c.passed)).toEqual([])
  const [before, after] = [input, output].map(storedNumbers)
  for (const name of tensors) {
    const [old, now] = [before, after].map((numbers) => numbers?.get(name) ?? { dims: [], values: [] })
    const width = (old?.dims[1] ?? 1) as number
    expect(now?.dims[0]).toBe(9)
    keepClasses.forEach((from, to) =>
      expect(now?.values.slice(to * width, (to + 1) * width)).toEqual(old?.values.slice(from * width, (from + 1) * width)),
    )
  }
  for (const name of same) expect(after?.get(name)).toEqual(before?.get(name))
})

test('zero points that stay and share bytes can not be those of kept classes', async () => {
  const folder = folderOf({ 'm.onnx': fourBits })
  const call = reinit(join(folder, 'm.onnx'), { layers: ['layer'], init: 'zeros', numClasses: 9, keepClasses: [3] })
  await expect(call).rejects.toMatchObject({ exitCode: 2 })
  await expect(call).rejects.toThrow('--keep-classes: "w.zero" holds UINT4 numbers of classes, several in a byte')
})

test('what kept classes have in common with new ones can be too narrow or too coarse for these', async () => {
  const folder = folderOf({ 'm.onnx': quantizedModels['DequantizeLinear, one scale, uint8']?.bytes ?? new Uint8Array(0) })
  const job = (init: string) => reinit(join(folder, 'm.onnx'), { layers: ['w'], init, numClasses: 7, keepClasses: [0] })
  await expect(job('normal:std=1')).rejects.toThrow(
    /"w" gets .* a scale in common, which holds -0\.262 to 0\.248, and 79\.[0-9] % of the new/,
  )
  await expect(job('uniform:a=-0.3,b=0.3')).rejects.toThrow(/% of the new values would be beyond: give another gain/)
  await expect(job('normal:std=0.001')).rejects.toThrow(/steps of 0\.002 are too coarse for a deviation of 0\.001/)
  expect(readdirSync(folder)).toEqual(['m.onnx'])
})
