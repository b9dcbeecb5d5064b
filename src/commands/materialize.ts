import { usage } from '../errors.js'
import { type MaterializeOptions, skeletonChoices } from '../reports.js'
import { type Command, exits } from './command.js'
import { deliver, reportFile } from './deliver.js'
import { outputFlag, overwriteFlag, reportFlags } from './flags.js'
import type { Io } from './io.js'
import { attend } from './progress.js'
import { onModel } from './stdinModel.js'

export const materializeCommand: Command<MaterializeOptions> = {
  name: 'materialize',
  usage: '<skeleton> [-o FILE]',
  summary: 'draws the values of a skeleton: the same bytes, anywhere',
  operands: { noun: 'model', names: ['skeleton'] },
  groups: [
    {
      heading: 'Output',
      flags: [
        outputFlag('<stem>.onnx beside the skeleton, without .skeleton', 'the model that is written'),
        overwriteFlag,
        {
          name: 'data',
          value: 'HOW',
          choices: skeletonChoices.data,
          fallback: skeletonChoices.data[0],
          summary: 'values in the model, or in a data file beside it',
          option: ([data]) => ({ data: data === 'external' ? 'external' : 'inline' }),
        },
      ],
    },
    { heading: 'Report', flags: reportFlags },
  ],
  examples: [
    ['materialize model.skeleton.onnx', 'writes model.onnx, and checks its hash'],
    ['materialize model.skeleton.onnx -o big.onnx --data external', 'beyond 2 GiB: big.onnx and big.onnx.data'],
  ],
  exits,
  async run(parsed, io) {
    const { options, given } = parsed
    const [skeleton = ''] = parsed.operands
    const file = reportFile(parsed, [skeleton, options.output ?? ''])
    if (skeleton === '-' && options.output === undefined) throw usage('A skeleton from stdin has no name: give the model one with -o.')
    const job = (path: string) => call(path, options, given.has('quiet'), io)
    const report = await onModel(skeleton, io, job, (made) => ({ ...made, input: '-' }))
    await deliver({ of: 'materialize', report }, parsed, file, io, io.stdout)
    return 0
  },
}

async function call(path: string, options: MaterializeOptions, isQuiet: boolean, io: Io) {
  const { materialize } = await import('../materialize.js')
  return attend(io, isQuiet, (attended) => materialize(path, { ...options, ...attended }))
}
