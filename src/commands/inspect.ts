import { choices, type InspectOptions } from '../reports.js'
import type { FanKind } from '../types.js'
import { type Command, exits } from './command.js'
import { deliver, reportFile } from './deliver.js'
import { overwriteReport, reportFlags, selectionFlags } from './flags.js'
import type { Io } from './io.js'
import { attend } from './progress.js'
import { onModel } from './stdinModel.js'

export const inspectCommand: Command<InspectOptions> = {
  name: 'inspect',
  usage: '<model> [selection] [--stats]',
  summary: 'every parameter: layer, role, shape, fan_in, fan_out',
  operands: { noun: 'model', names: ['model'] },
  groups: [
    { heading: 'Selection (marks what the same flags would select)', flags: selectionFlags },
    {
      heading: 'Facts',
      flags: [
        { name: 'stats', summary: 'mean, standard deviation, minimum and maximum of every parameter', option: () => ({ stats: true }) },
        {
          name: 'fan',
          value: 'KIND',
          choices: choices.fan,
          fallback: choices.fan[0],
          summary: 'what fan_in and fan_out count',
          option: ([kind]) => ({ fan: kind as FanKind }),
        },
      ],
    },
    { heading: 'Report', flags: [overwriteReport, ...reportFlags] },
  ],
  examples: [
    ['inspect model.onnx --stats', 'the layers by name, and what their weights look like'],
    ["inspect model.onnx --layers 'encoder.*.attention' --json", 'what a pattern selects'],
  ],
  exits,
  async run(parsed, io) {
    const [model = ''] = parsed.operands
    const file = reportFile(parsed, [model])
    const job = (path: string) => call(path, parsed.options, parsed.given.has('quiet'), io)
    const report = await onModel(model, io, job, (found) => ({ ...found, model: { ...found.model, path: '-' } }))
    await deliver({ of: 'inspect', report }, parsed, file, io, io.stdout)
    return 0
  },
}

async function call(path: string, options: InspectOptions, isQuiet: boolean, io: Io) {
  const { inspectPasses } = await import('../inspect.js')
  return attend(io, isQuiet, async (attended) => inspectPasses(path, { ...options, ...attended }))
}
