import { usage } from '../errors.js'
import type { AuditOptions } from '../reports.js'
import type { Command } from './command.js'
import { deliver, reportFile } from './deliver.js'
import { overwriteReport, reportFlags } from './flags.js'
import { attend } from './progress.js'

export const auditCommand: Command<AuditOptions> = {
  name: 'audit',
  usage: '<before> <after> [--keep P]',
  summary: 'whether anything that the first model learned is left in the second',
  operands: { noun: 'model', names: ['before', 'after'] },
  groups: [
    {
      heading: 'What may stay',
      flags: [
        {
          name: 'keep',
          value: 'P',
          repeats: true,
          summary: 'tensors that may keep their values, as --layers selects them; may be repeated',
          option: (keep) => ({ keep }),
        },
        {
          name: 'no-strings',
          summary: 'doc strings, producer, domain and metadata may stay',
          option: () => ({ strings: false }),
        },
        {
          name: 'renamed',
          summary: 'names of nodes, values and tensors must be gone too, but for the inputs and outputs',
          option: () => ({ renamed: true }),
        },
      ],
    },
    { heading: 'Report', flags: [overwriteReport, ...reportFlags] },
  ],
  notes: [
    {
      heading: 'What is looked for',
      terms: [
        ['equal', 'a tensor with all its old values'],
        [
          'run',
          'eight or more of its values one after the other (of narrow types more), anywhere in the bytes of the model and its data files',
        ],
        ['shuffled', 'its values in another order, also scaled, shifted or negated'],
        ['correlated', 'values that follow the old ones: scaled, shifted, negated, rounded, transposed, a row of them'],
        ['extremes, moments', 'least and greatest value, or mean and deviation, nearer to the old ones than chance brings them'],
        ['string', 'text of doc strings, producer, domain and metadata; with --renamed, names'],
        ['unread', 'values that can not be read, and so not judged'],
      ],
    },
  ],
  examples: [
    ['audit model.onnx model.scrambled.onnx', 'may the second be shared?'],
    ['audit model.onnx shared.onnx --keep mel_filters --json', 'in CI, with a fixed basis that may stay'],
  ],
  exits: [
    ['0', 'nothing that was learned is left'],
    ['1', 'something is, or a model is unreadable'],
    ['2', 'usage: unknown flag, a pattern that matches nothing'],
  ],
  async run(parsed, io) {
    const [before = '', after = ''] = parsed.operands
    if (before === '-' || after === '-') throw usage('audit reads both models from files, with their data: give paths.')
    const file = reportFile(parsed, [before, after])
    const { audit } = await import('../audit.js')
    const report = await attend(io, parsed.given.has('quiet'), (attended) => audit(before, after, { ...parsed.options, ...attended }))
    await deliver({ of: 'audit', report }, parsed, file, io, io.stdout)
    return report.clean ? 0 : 1
  },
}
