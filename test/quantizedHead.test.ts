import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reinit } from '../src/reinit.js'
import { folderOf } from './buildModel.js'
import { quantizedModels } from './quantizedModels.js'

test.each(Object.entries(quantizedModels))('%s', async (name, { bytes, weight }) => {
  const folder = folderOf({ 'm.onnx': bytes })
  const output = join(folder, 'out.onnx')
  let text: string
  try {
    const r = await reinit(join(folder, 'm.onnx'), { layers: [weight], init: 'xavier_normal', numClasses: 7, output })
    text = `${r.run.status} ${JSON.stringify(r.run.outputs.map((o) => o.shape))} ${r.run.message ?? ''} ${r.changed.map((c) => `${c.name}[${c.shape}]${c.checks.filter((k) => !k.passed).map((k) => `!${k.name}`)}`)}`
  } catch (e) {
    text = String((e as {code?: string}).code) + ' ' + (e as Error).message + ((e as {code?: string}).code ? '' : (e as Error).stack)
  }
  console.log(`@@ ${name}: ${text}`)
  expect(readdirSync(folder).length).toBeGreaterThan(0)
})
