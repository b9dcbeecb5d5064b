import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeAll, expect, test } from 'vitest'
import { makeFill } from '../src/init/makeFill.js'
import { reinit } from '../src/index.js'
import type { FanKind } from '../src/types.js'
import { attribute, folderOf, graph, initializer, input, model, node, output } from './buildModel.js'
import { linear } from './init/target.js'

/** Layers of 1-D convolution by operator, kernel dims, groups and stride: 2 signals of 64 channels, 128 long. */
const layers = {
  plain: ['Conv', [64, 64, 3], 1, 1],
  strided: ['Conv', [64, 64, 4], 1, 2],
  depthwise: ['Conv', [64, 1, 9], 64, 1],
  grouped: ['Conv', [64, 16, 3], 4, 1],
  transposed: ['ConvTranspose', [64, 64, 3], 1, 1],
  'transposed, stride 2': ['ConvTranspose', [64, 64, 4], 1, 2],
  'transposed, fewer outputs': ['ConvTranspose', [64, 16, 3], 1, 1],
  'transposed, grouped': ['ConvTranspose', [64, 16, 4], 4, 2],
} as const satisfies Record<string, readonly [string, readonly number[], number, number]>

const LENGTH = 128
const x = new Float32Array(2 * 64 * LENGTH)
beforeAll(() => {
  const normal = { name: 'normal', parameters: { mean: 0, std: 1 } }
  const { filler } = makeFill(normal, linear(128, LENGTH, { name: 'x' }), 1n)
  if (filler.access === 'random') filler.fill(x, 0)
})

/** Variance of the outputs over that of the inputs, borders left out; weights have variance 1/fan_in. */
async function varianceRatio(layer: keyof typeof layers, fan: FanKind): Promise<number> {
  const [opType, dims, group, stride] = layers[layer]
  const extra = [attribute.int('group', group), attribute.ints('strides', [stride])]
  const count = dims.reduce<number>((n, d) => n * d, 1)
  const values = Array<number>(count).fill(0)
  const bytes = model(
    graph(
      node(opType, ['x', 'w'], ['y'], { name: 'layer', extra }),
      initializer({ name: 'w', dims: [...dims], values }),
      input('x', [2, 64, LENGTH]),
      output('y', [2, 'channels', 'length']),
    ),
  )
  const path = join(folderOf({ 'model.onnx': bytes }), 'model.onnx')
  const report = await reinit(path, { all: true, init: 'lecun_normal', fan, run: false, seed: 3 })
  const session = await InferenceSession.create(readFileSync(report.output as string), { logSeverityLevel: 3 })
  const { y } = await session.run({ x: new Tensor('float32', x, [2, 64, LENGTH]) })
  const [length = 0, data] = [y?.dims[2], y?.data as Float32Array]
  const inner = data.filter((_, i) => i % length >= 8 && i % length < length - 8)
  return inner.reduce((sum, v) => sum + v * v, 0) / inner.length / (x.reduce((sum, v) => sum + v * v, 0) / x.length)
}

test.each(Object.keys(layers) as (keyof typeof layers)[])(
  '%s: with effective fans the output has the variance of the input',
  async (layer) => {
    expect(Math.abs((await varianceRatio(layer, 'effective')) - 1)).toBeLessThan(0.1)
  },
)

/** What the other two give, as the README's table says. */
test.each([
  ['transposed, stride 2', 'graph', 0.5],
  ['transposed, stride 2', 'torch', 0.5],
  ['transposed, fewer outputs', 'torch', 4],
  ['depthwise', 'torch', 1],
  ['transposed, grouped', 'graph', 0.5],
] as const)('%s with --fan %s: %d', async (layer, fan, ratio) => {
  expect(Math.abs((await varianceRatio(layer, fan)) / ratio - 1)).toBeLessThan(0.15)
})
