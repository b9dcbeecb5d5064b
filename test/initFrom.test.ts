// Values that come from elsewhere: another model's, and a tensor's own in another order.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { reinit } from '../src/index.js'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'
import { storedTensors } from './storedTensors.js'

const old = Array.from({ length: 12 }, (_, i) => i + 1)
const other = Array.from({ length: 12 }, (_, i) => -i)
const folder = b.folderOf({
  'm.onnx': b.linearModel({ weight: { values: old } }),
  'other.onnx': b.linearModel({ weight: { values: other } }),
  'elsewhere.onnx': b.linearModel({ weight: { external: { location: 'w.data' } } }),
  'w.data': b.raw('FLOAT', other),
  'wide.onnx': b.linearModel({ inFeatures: 6, outFeatures: 2, weight: { values: other } }),
  'codes.onnx': b.linearModel({ weight: { type: 'INT8', values: other } }),
  'bare.onnx': b.model(b.graph(b.initializer({ name: 'w', dims: [1], values: [1] }), b.node('Add', ['x', 'w'], ['y']))),
})
afterAll(() => rmSync(folder, { recursive: true }))
const path = (name: string) => join(folder, name)
const output = path('out.onnx')
const job = (init: ReinitOptions['init'] & {}, more: ReinitOptions = {}) =>
  reinit(path('m.onnx'), { layers: ['fc.weight'], init, run: false, output, overwrite: true, ...more })
const written = () => [...new Float32Array(Uint8Array.from(storedTensors(output).get('fc.weight') as Uint8Array).buffer)]

test.each(['other.onnx', 'elsewhere.onnx'].flatMap((file) => (['philox', 'torch'] as const).map((rng) => [file, rng] as const)))(
  'values of %s, under %s',
  async (file, rng) => {
    const { changed, bytes } = await job({ name: 'from', parameters: { file: path(file) } }, { rng })
    expect(written()).toEqual(b.raw('FLOAT', other).length === 48 ? other.map(Math.fround) : [])
    expect(changed[0]).toMatchObject({ initializer: 'from', before: { mean: 6.5 }, after: { mean: -5.5 } })
    expect(bytes.identicalOutside).toBe(true)
  },
)

test.each([
  ['bare.onnx', /^--init from: .*bare\.onnx has no tensor "fc\.weight"\. Leave it out with --exclude\.$/],
  ['wide.onnx', /^--init from: tensor "fc\.weight" is \[4, 3\], but \[\d, \d\] in .*wide\.onnx\.$/],
  ['codes.onnx', /^--init from: tensor "fc\.weight" of .*codes\.onnx holds INT8 values, which can't be copied\.$/],
  ['gone.onnx', /gone\.onnx does not exist\.$/],
])('%s is refused', async (file, message) => {
  rmSync(output, { force: true })
  await expect(job({ name: 'from', parameters: { file: path(file) } })).rejects.toThrow(message)
})

test.each(['philox', 'torch'] as const)('a shuffle under %s: the same values, in another order, and again the same', async (rng) => {
  await job('shuffle', { rng })
  const once = written()
  expect(once).not.toEqual(old)
  expect(once.toSorted((x, y) => x - y)).toEqual(old)
  await job('shuffle', { rng })
  expect(written()).toEqual(once)
})
