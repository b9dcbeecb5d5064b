import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { embedKernel } from '../assembly/embedKernel.mjs'
import { alternate, run } from './measure.mjs'
import { onnxLoad } from './peers.mjs'

const child = join(import.meta.dirname, 'indexingChild.mjs')

/**
 * CPU seconds of indexing alone, each in a process of its own whose start is not counted: ours of 25,000 and 100,000 initializers, and
 * onnx.load of the larger.
 * @param {{ python: string | null, folder: string }} setting
 */
export async function measureIndexing({ python, folder }, rounds) {
  const module = join(folder, 'index.mjs')
  await build({
    stdin: {
      contents: "export { readModel } from './src/readModel.ts'\nexport { findWeights } from './src/findWeights.ts'",
      resolveDir: '.',
    },
    ...{ bundle: true, format: 'esm', platform: 'node', outfile: module, plugins: [embedKernel], logLevel: 'error' },
  })
  const path = (model) => join(folder, 'models', model, 'model.onnx')
  const jobs = [
    ...['initializers', 'quarter'].map((model) => ({ name: model, command: [process.execPath, child, module, path(model)] })),
    ...(python ? [{ name: 'onnx.load', command: [python, onnxLoad, path('initializers')] }] : []),
  ]
  const found = alternate(jobs, rounds, (command) => JSON.parse(run(command).stdout))
  rmSync(module)
  return found.map((round) => ({
    ...{ 'onnx.load': round['onnx.load'] },
    ...{ read: round.initializers.read, find: round.initializers.find, readQuarter: round.quarter.read, findQuarter: round.quarter.find },
  }))
}
