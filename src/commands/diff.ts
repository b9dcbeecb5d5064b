import { usage } from '../errors.js'
import type { DiffOptions } from '../reports.js'
import { type Command, expectOperands } from './command.js'
import { deliver, reportFile } from './deliver.js'
import { type FlagGroup, overwriteReport, reportFlags } from './flags.js'
import type { Io } from './io.js'
import { parseFlags } from './parseFlags.js'
import { attend } from './progress.js'
import { inTemporaryFolder, spoolStdin } from './stdinModel.js'

const usageLine = 'diff <before> <after> [--only P]'

const groups: readonly FlagGroup<DiffOptions>[] = [
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
]

export const diffCommand: Command = {
  usage: usageLine,
  summary: 'which tensors differ, and that nothing else does',
  groups,
  examples: [
    ['diff model.onnx model.reinit.onnx', 'what a re-initialization changed'],
    ['diff model.onnx model.reinit.onnx --only fc -q', 'in a script: is fc all that changed?'],
  ],
  exits: [
    ['0', 'equal; with --only, nothing outside it differs'],
    ['1', 'different, or a model is unreadable'],
    ['2', 'usage: unknown flag, a pattern that matches nothing'],
  ],
  async run(argv, io) {
    const parsed = parseFlags(argv, groups)
    expectOperands(parsed.operands, ['before', 'after'], usageLine)
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
  return inTemporaryFolder(async (folder) => {
    const stdin = await spoolStdin(io, folder)
    return { ...(await call(before === '-' ? stdin : before, after === '-' ? stdin : after)), before, after }
  })
}
