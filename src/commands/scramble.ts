import { usage } from '../errors.js'
import { escapeControls } from '../report/escapeControls.js'
import type { ScrambleOptions, ScrambleReport } from '../reports.js'
import { type Command, exits, type Parsed } from './command.js'
import { deliver, reportFile } from './deliver.js'
import { type Flag, outputFlag, overwriteFlag, reportFlags } from './flags.js'
import { type Io, print } from './io.js'
import { notRunning } from './notRunning.js'
import { attend } from './progress.js'
import { groups } from './reinitFlags.js'
import { onModel } from './stdinModel.js'

/** Flags that mean the same as in the main job. */
const common = (...names: readonly string[]) =>
  names.map((name) => groups.flatMap((g) => g.flags).find((f) => f.name === name) as unknown as Flag<ScrambleOptions>)

const NO_AUDIT: Flag<ScrambleOptions> = {
  name: 'no-audit',
  summary: "don't look for what was learned in the result",
  option: () => ({ audit: false }),
}

export const scrambleCommand: Command<ScrambleOptions> = {
  name: 'scramble',
  usage: '<model> [values] [names] [output] [checks]',
  summary: 'a model that may be shared: nothing left that was learned',
  operands: { noun: 'model', names: ['model'] },
  groups: [
    {
      heading: 'Values',
      flags: [
        ...common('seed'),
        {
          name: 'like',
          value: 'WHAT',
          choices: ['auto', 'moments'],
          fallback: 'auto',
          summary: "how large new values are: as auto chooses, or by each tensor's own mean and deviation, moved and rounded",
          option: ([like]) => ({ like: like === 'moments' ? 'moments' : 'auto' }),
        },
        {
          name: 'calibrate',
          summary: "scale each layer to its activations' deviation in the input, by runs of both",
          option: () => ({ calibrate: 'original' }),
        },
        { name: 'calibrate-unit', summary: 'scale each layer to deviation 1 (LSUV)', option: () => ({ calibrate: 'unit' }) },
      ],
    },
    {
      heading: 'Names',
      flags: [
        { name: 'rename', summary: 'neutral names, but for inputs, outputs and their dimensions', option: () => ({ rename: 'inner' }) },
        { name: 'rename-all', summary: 'neutral names for those too', option: () => ({ rename: 'all' }) },
      ],
    },
    {
      heading: 'Output',
      flags: [
        outputFlag('<stem>.scrambled.onnx beside the input', 'the model that is written'),
        overwriteFlag,
        {
          name: 'data',
          value: 'HOW',
          choices: ['copy', 'inline'],
          fallback: 'copy',
          summary: 'external data: beside the model, or in it',
          option: ([data]) => ({ data: data === 'inline' ? 'inline' : 'copy' }),
        },
        ...common('dry-run'),
      ],
    },
    {
      heading: 'Checks (on by default)',
      flags: [...common('no-verify'), NO_AUDIT, ...common('no-run', 'run', 'run-timeout', 'dim', 'input', 'strict')],
    },
    { heading: 'Report', flags: reportFlags },
  ],
  examples: [
    ['scramble model.onnx', 'writes model.scrambled.onnx'],
    ['scramble model.onnx --rename --calibrate -o bug.onnx', 'for a bug report: neutral names, activations as large as they were'],
    ['scramble model.onnx --like moments --seed 7', 'deviations about those of the trained weights'],
  ],
  exits,
  async run(parsed, io) {
    const [model = ''] = parsed.operands
    refuseTwoScales(parsed.given)
    if (parsed.options.output === '-') throw usage('-o -: a scrambled model is written to a file, give its name.')
    if (model === '-' && parsed.options.output === undefined) throw usage('The model comes from stdin: give the output with -o FILE.')
    const file = reportFile(parsed, [model, parsed.options.output ?? ''])
    const job = (path: string) => call(path, parsed, io)
    const report = await onModel(model, io, job, (made) => ({ ...made, input: '-', model: { ...made.model, path: '-' } }))
    await deliver({ of: 'scramble', report }, parsed, file, io, io.stdout)
    const found = offence(report, parsed.options)
    if (found !== null) await print(io.stderr, [`onnx-reinit: ${escapeControls(found)}\n`])
    return found === null ? 0 : 1
  },
}

/** Two that mean different scales. */
export function refuseTwoScales(given: Parsed<object>['given']): void {
  if (given.has('calibrate') && given.has('calibrate-unit')) throw usage('--calibrate and --calibrate-unit exclude each other.')
}

async function call(path: string, { options, given }: Parsed<ScrambleOptions>, io: Io): Promise<ScrambleReport> {
  const { scramble } = await import('../scramble.js')
  return attend(io, given.has('quiet'), (attended) => scramble(path, { ...options, ...attended }))
}

export const LEAKED = 'what was learned survives: nothing was kept'

/** Why a job that came to its end is status 1 all the same; null: it is not. */
function offence({ audit, run, calibration }: ScrambleReport, { strict, dryRun }: ScrambleOptions): string | null {
  if (run.status === 'failed') return notRunning(run)
  if (audit && !audit.clean) return LEAKED
  if (!strict || dryRun) return null
  if (calibration?.message) return `--strict: not calibrated: ${calibration.message}`
  return run.status === 'passed' ? null : `--strict: the result was not run (${run.status})`
}
