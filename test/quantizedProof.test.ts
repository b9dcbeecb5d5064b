import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findWeights } from '../src/findWeights.js'
import { makePlan } from '../src/makePlan.js'
import { planFills } from '../src/planFills.js'
import { readModel } from '../src/readModel.js'
import { resolveRules } from '../src/recipe/resolveRules.js'
import { verifyPlan } from '../src/verifyPlan.js'
import { writePlan } from '../src/writePlan.js'
import { attribute, folderOf, input, node, output } from './buildModel.js'
import { codes, quantizedModel, scale, tensor, zeros } from './quantizedModels.js'

/** Everything that is written of a quantized layer: int4 codes as varints, scales a column, zero points that move, a bias in new steps. */
const layer = quantizedModel(
  node('QuantizeLinear', ['x', 'x.scale', 'x.zero'], ['x.q']),
  node('DequantizeLinear', ['x.q', 'x.scale', 'x.zero'], ['x.values']),
  node('DequantizeLinear', ['w', 'w.scale', 'w.zero'], ['w.values'], { extra: [attribute.int('axis', 1)] }),
  node('DequantizeLinear', ['b', 'b.scale'], ['b.values'], { extra: [attribute.int('axis', 0)] }),
  node('Gemm', ['x.values', 'w.values', 'b.values'], ['y'], { name: 'layer' }),
  tensor('w', 'UINT4', [4, 6], codes(12, 0, 255), 'int32_data'),
  scale('w.scale', [6], 0.03),
  tensor('w.zero', 'UINT4', [6], [0xff, 0xff, 0xff]),
  tensor('b', 'INT32', [6], codes(6, -300, 300)),
  tensor(
    'b.scale',
    'FLOAT',
    [6],
    Array.from({ length: 6 }, (_, i) => Math.fround(0.01 * 0.03 * (1 + (i % 5) / 10))),
  ),
  tensor('x.scale', 'FLOAT', [], [0.01]),
  zeros('x.zero', 'UINT8', [], 128),
  input('x', [2, 4]),
  output('y', [2, 6]),
)

test('any byte of a quantized layer that is another is found', async () => {
  const folder = folderOf({ 'm.onnx': layer })
  const model = readModel(join(folder, 'm.onnx'))
  const options = { all: true, init: 'he_normal', bias: 'keep' } as const
  const { weights } = findWeights(model)
  const [rule] = resolveRules(options)
  if (!rule) throw new Error('no rule')
  const { fills } = planFills(model, weights, new Set(weights), [{ rule, weights: new Set(weights) }], options)
  expect(fills.map((f) => [f.weight.tensor.name, f.part?.kind])).toEqual([
    ['w', 'integers'],
    ['w.scale', 'scales'],
    ['w.zero', 'zero_points'],
    ['b', 'integers'],
    ['b.scale', 'scales'],
  ])
  const plan = makePlan(model, fills, { output: join(folder, 'out.onnx'), inPlace: false, overwrite: false, data: 'copy' })
  const staged = await writePlan(plan, model)
  const [path = ''] = staged.files
  const bytes = readFileSync(path)
  const proven = await verifyPlan(plan, model, staged, readModel)
  expect(proven).toMatchObject({ identicalOutside: true, fills: fills.map(() => ({ redrawn: true })) })
  const missed: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const spoilt = Uint8Array.from(bytes)
    spoilt[at] = (bytes[at] as number) ^ 1
    writeFileSync(path, spoilt)
    // a tag or a length that is wrong can make the model unreadable: refused as well
    const proof = await verifyPlan(plan, model, staged, readModel).catch((error: Error) => error.name === 'ReinitError')
    if (proof === false || (proof !== true && proof.identicalOutside && proof.fills.every((f) => f.redrawn))) missed.push(at)
  }
  expect(missed).toEqual([])
  staged.discard()
  model.close()
  rmSync(folder, { recursive: true })
})
