import { usage } from '../errors.js'
import type { StripOptions } from '../reports.js'
import { type Command, exits } from './command.js'
import { deliver, reportFile } from './deliver.js'
import { type Flag, numberOf, outputFlag, overwriteFlag, reportFlags } from './flags.js'
import { type Io, print } from './io.js'
import { attend } from './progress.js'
import { LEAKED, refuseTwoScales, scrambleCommand } from './scramble.js'
import { onModel } from './stdinModel.js'

const asScramble = (...names: readonly string[]): Flag<StripOptions>[] =>
  scrambleCommand.groups.flatMap(({ flags }) => flags.filter((f) => names.includes(f.name)))

export const stripCommand: Command<StripOptions> = {
  name: 'strip',
  usage: '<model> [-o FILE]',
  summary: 'a skeleton: graph and shapes, and a recipe of seeds instead of values',
  operands: { noun: 'model', names: ['model'] },
  groups: [
    {
      heading: 'Values and names, as scramble has them',
      flags: asScramble('seed', 'like', 'calibrate', 'calibrate-unit', 'rename', 'rename-all'),
    },
    {
      heading: 'Output',
      flags: [
        outputFlag('<stem>.skeleton.onnx beside the input', 'the skeleton that is written'),
        overwriteFlag,
        {
          name: 'least-bytes',
          value: 'N',
          fallback: '128',
          summary: 'tensors of fewer bytes have their new values in the skeleton',
          option: ([text], flag) => ({ leastBytes: numberOf(text, flag) }),
        },
      ],
    },
    { heading: 'Checks', flags: asScramble('no-audit', 'run-timeout', 'dim', 'input') },
    { heading: 'Report', flags: reportFlags },
  ],
  examples: [
    ['strip model.onnx', 'writes model.skeleton.onnx, some kilobytes'],
    ['materialize model.skeleton.onnx -o model.onnx', 'anywhere, offline: the same bytes'],
  ],
  exits,
  async run(parsed, io) {
    const { options, given } = parsed
    const [model = ''] = parsed.operands
    const file = reportFile(parsed, [model, options.output ?? ''])
    refuseTwoScales(given)
    if (model === '-' && options.output === undefined) throw usage('A model from stdin has no name: give the skeleton one with -o.')
    const job = (path: string) => call(path, options, given.has('quiet'), io)
    const report = await onModel(model, io, job, (made) => ({ ...made, input: '-' }))
    await deliver({ of: 'strip', report }, parsed, file, io, io.stdout)
    if (report.output !== null) return 0
    await print(io.stderr, [`onnx-reinit: ${LEAKED}\n`])
    return 1
  },
}

async function call(path: string, options: StripOptions, isQuiet: boolean, io: Io) {
  const { strip } = await import('../strip.js')
  return attend(io, isQuiet, (attended) => strip(path, { ...options, ...attended }))
}
