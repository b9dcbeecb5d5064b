import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reinit } from '../src/reinit.js'
import { folderOf } from './buildModel.js'
import { dequantizedWeights } from './dequantize.js'
import { quantizedModels } from './quantizedModels.js'
import { moments } from './redraw.js'

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

test('classes that are kept need the scales that they had', async () => {
  const folder = folderOf({ 'm.onnx': quantizedModels.QLinearMatMul?.bytes ?? new Uint8Array(0) })
  const call = reinit(join(folder, 'm.onnx'), { layers: ['w'], init: 'he_normal', numClasses: 7, keepClasses: [0] })
  await expect(call).rejects.toThrow(/--keep-classes: "w" is quantized/)
})
