import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { secondsAndPeak } from './measure.mjs'
import { models } from './models.mjs'

const MAX_MIB = 80
/** At 100,000 initializers. */
const MAX_MIB_MANY = 200
const layer = (name) => ['--layers', models[name].layer, '--xavier-normal', '--no-run']
const all = ['--all', '--xavier-normal', '--no-run']

/**
 * What a size costs, bytes and values proven: maximum resident set and CPU seconds of one run.
 * @type {readonly { model: keyof typeof models, what: string, flags: readonly string[] | null, atMost: number }[]} `flags` null: inspect
 */
export const sizes = [
  ...['mlp', 'bert', 'inline', 'two', 'single', 'four', 'unaligned', 'ten'].flatMap((model) => [
    { model, what: 'one layer', flags: layer(model), atMost: MAX_MIB },
    { model, what: 'every tensor', flags: all, atMost: MAX_MIB },
  ]),
  { model: 'files', what: 'one layer', flags: layer('files'), atMost: MAX_MIB_MANY },
  { model: 'initializers', what: 'inspect', flags: null, atMost: MAX_MIB_MANY },
  { model: 'initializers', what: 'one layer', flags: layer('initializers'), atMost: MAX_MIB_MANY },
  { model: 'initializers', what: 'every tensor', flags: all, atMost: MAX_MIB_MANY },
  { model: 'nodes', what: 'one layer', flags: layer('nodes'), atMost: Number.POSITIVE_INFINITY },
]

/** @param {(typeof sizes)[number]} size */
export function measureSize({ model, flags }, { cli, folder }) {
  const output = join(folder, 'out')
  const input = join(folder, 'models', model, 'model.onnx')
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
  const args = flags ? [input, '--output', join(output, 'model.onnx'), ...flags] : ['inspect', input]
  const found = secondsAndPeak([process.execPath, cli, ...args], folder)
  rmSync(output, { recursive: true, force: true })
  return found
}
