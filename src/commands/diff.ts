import { usage } from '../errors.js'
import type { DiffOptions } from '../reports.js'
import type { Command } from './command.js'
import { deliver, reportFile } from './deliver.js'
import { overwriteReport, reportFlags } from './flags.js'
import type { Io } from './io.js'
import { attend } from './progress.js'
import { inTemporaryFolder, spoolStdin } from './stdinModel.js'

export const diffCommand: Command<DiffOptions> = {
  name: 'diff',
  usage: '<before> <after> [--only P]',
  summary: 'which tensors differ, and that nothing else does',
  operands: { noun: 'model', names: ['before', 'after'] },
  groups: [
    {
      heading: 'Comparison',
      flags: [
        {
          name: 'only',
          value: 'P',
          repeats: true,
          summary: 'what may differ, as --layers selects it: status 0 if nothing else does; may be repeated',
          option: (only) => ({ only }),
        },
      ],
    },
    { heading: 'Report', flags: [overwriteReport, ...reportFlags] },
  ],
  examples: [
    ['diff model.onnx model.reinit.onnx', 'what a re-initialization changed'],
    ['diff model.onnx model.reinit.onnx --only fc -q', 'in a script: is fc all that changed?'],
  ],
  exits: [
    ['0', 'equal; with --only, nothing outside it differs'],
    ['1', 'different, or a model is unreadable'],
    ['2', 'usage: unknown flag, a pattern that matches nothing'],
  ],
  async run(parsed, io) {
    const [before = '', after = ''] = parsed.operands
    if (before === '-' && after === '-') throw usage('Only one of the two models can be stdin.')
    const file = reportFile(parsed, [before, after])
    const report = await compare(before, after, parsed.options, parsed.given.has('quiet'), io)
    await deliver({ of: 'diff', report }, parsed, file, io, io.stdout)
    return report.equal ? 0 : 1
  },
}

async function compare(before: string, after: string, options: DiffOptions, isQuiet: boolean, io: Io) {
  const { diff } = await import('../diff.js')
  const call = (a: string, b: string) => attend(io, isQuiet, (attended) => diff(a, b, { ...options, ...attended }))
  if (before !== '-' && after !== '-') return call(before, after)
  return inTemporaryFolder(io, async (folder) => {
    const stdin = await spoolStdin(io, folder)
    return { ...(await call(before === '-' ? stdin : before, after === '-' ? stdin : after)), before, after }
  })
}
