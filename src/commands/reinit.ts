import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ReinitError, usage } from '../errors.js'
import { initializers } from '../init/initializers.js'
import { escapeControls } from '../report/escapeControls.js'
import type { ReinitOptions, ReinitPasses } from '../reports.js'
import { type Command, exits, type Parsed } from './command.js'
import { deliver, reportFile } from './deliver.js'
import { type Io, isClosed, print } from './io.js'
import { notRunning } from './notRunning.js'
import { attend } from './progress.js'
import { groups, initializerFlags, ruleFlagNames } from './reinitFlags.js'
import { inTemporaryFolder, spoolStdin } from './stdinModel.js'

export const reinitCommand: Command<ReinitOptions> = {
  name: '',
  usage: '<model> [selection] [initializer] [output] [checks]',
  summary: 'the main job: select, fill, write, prove',
  operands: { noun: 'model', names: ['model'] },
  groups,
  notes: [
    {
      heading: 'Initializers for --init NAME:key=value,…',
      terms: Object.entries(initializers).map(([name, { summary, parameters }]) => {
        const keys = Object.keys(parameters).join(', ')
        return [name, keys === '' ? summary : `${summary} (${keys})`]
      }),
    },
  ],
  examples: [
    ['model.onnx --layers fc --xavier-normal', 'writes model.reinit.onnx'],
    ['model.onnx --head --he-normal --seed 7 -o new.onnx', 'the last layers, whatever their names'],
    ['model.onnx --all --init trunc_normal:std=0.02 --in-place', 'every parameter, in the file itself'],
    ["model.onnx -l 'encoder.*' -x '*.norm*' --xavier-uniform --dry-run", 'the plan alone'],
    ['model.onnx --config recipe.yaml', 'several rules, from a file'],
  ],
  exits,
  hint(flag) {
    const name = flag.replaceAll('-', '_')
    const isInitializer = Object.entries(initializers).some(([key, { aliases }]) => key === name || aliases.includes(name))
    return isInitializer ? `write --init ${name}` : undefined
  },
  async run(given, io) {
    requireOneInitializer(given)
    const parsed = await withRecipe(given)
    const [model = ''] = parsed.operands
    const { output, dryRun } = parsed.options
    const isStreamed = output === '-' || (model === '-' && output === undefined && !dryRun)
    refuseStreams(parsed, model === '-', isStreamed, io)
    const file = reportFile(parsed, [model, output ?? '', ...(parsed.given.get('config') ?? [])])
    const finish = async (report: ReinitPasses) => {
      await deliver({ of: 'reinit', report }, parsed, file, io, isStreamed && !dryRun ? io.stderr : io.stdout)
      const found = offence(report, parsed.options)
      if (found !== null) await print(io.stderr, [`onnx-reinit: ${escapeControls(found)}\n`])
      return found === null ? 0 : 1
    }
    if (model !== '-' && !isStreamed) return finish(await call(model, parsed, io))
    return inTemporaryFolder(io, async (folder) => {
      const path = model === '-' ? await spoolStdin(io, folder) : model
      const streamed = join(folder, 'stdout')
      const given = isStreamed ? { output: streamed, data: 'inline' as const } : {}
      const report = await call(path, { ...parsed, options: { ...parsed.options, ...given } }, io)
      if (isStreamed && report.output !== null && !(await send(streamed, io))) return 1
      return finish(renamed(report, model, isStreamed))
    })
  },
}

async function call(path: string, { options, given }: Parsed<ReinitOptions>, io: Io): Promise<ReinitPasses> {
  const { reinitPasses } = await import('../reinit.js')
  // JSON alone shows them
  const digests = given.has('json') || /\.json$/i.test(given.get('report')?.[0] ?? '')
  return attend(io, given.has('quiet'), (attended) => reinitPasses(path, { ...options, ...attended, digests }))
}

/** Flags go before the recipe's settings; a selection and an initializer are one more of its rules. */
async function withRecipe(parsed: Parsed<ReinitOptions>): Promise<Parsed<ReinitOptions>> {
  const path = parsed.given.get('config')?.[0]
  if (path === undefined) return parsed
  const { readRecipe } = await import('../recipe/readRecipe.js')
  return { ...parsed, options: { ...(await readRecipe(path)), ...parsed.options } }
}

function requireOneInitializer({ given }: Parsed<ReinitOptions>): void {
  const flags = [...given.keys()].filter((name) => initializerFlags.has(name)).map((name) => `--${name}`)
  if (flags.length > 1) throw usage(`One initializer is needed, ${flags.length} are given: ${flags.join(', ')}.`)
  if (flags.length === 1) return
  const ofRule = [...given.keys()].find((name) => ruleFlagNames.has(name))
  if (given.has('feature-extractor')) return
  if (!given.has('config')) throw usage('No initializer is given: for example --xavier-normal, --he-normal, or --init NAME (see --help).')
  if (ofRule !== undefined)
    throw usage(`--${ofRule} beside --config makes one more rule, which needs an initializer: for example --xavier-normal.`)
}

/** What can't go together with a model that comes from stdin or goes to stdout. */
function refuseStreams({ given, options }: Parsed<ReinitOptions>, isStdin: boolean, isStreamed: boolean, io: Io): void {
  if ((isStdin || isStreamed) && options.inPlace) throw usage('--in-place needs a file: - is none.')
  if (!isStreamed) return
  if (given.has('json')) throw usage('The model goes to stdout, so --json can not: give -o FILE, or --report FILE.json.')
  if (options.data !== undefined && options.data !== 'inline')
    throw usage(`On stdout there is only the model: --data ${options.data} needs -o FILE.`)
  if (io.stdout.isTTY && !options.dryRun) throw usage('The model would go to a terminal: redirect stdout, or give -o FILE.')
}

/** False where the reader went away before the end. */
async function send(path: string, { stdout, signal }: Io): Promise<boolean> {
  try {
    await pipeline(createReadStream(path), stdout, { end: false, signal })
    return true
  } catch (error) {
    if (isClosed(error)) return false
    throw signal.aborted ? error : new ReinitError('io', `The model can't be written to stdout: ${(error as Error).message}.`)
  }
}

/** The report of a job on temporary files speaks of what the user gave. */
function renamed(report: ReinitPasses, model: string, isStreamed: boolean): ReinitPasses {
  const named = { ...report, input: model, model: { ...report.model, path: model } }
  return isStreamed && report.output !== null ? { ...named, output: '-', written: ['-'] } : named
}

/** Reasons that the user gave: tensors that were left out on request don't offend --strict. */
const ASKED: ReadonlySet<string> = new Set(['bias-kept', 'not-selected'])

/** Why a job that came to its end is status 1 all the same; null: it is not. What is not proven has thrown before. */
function offence({ run, skipped, kept }: ReinitPasses, { strict, dryRun }: ReinitOptions): string | null {
  if (run.status === 'failed') return notRunning(run)
  if (!strict) return null
  const left = [...skipped, ...kept].filter(({ reason }) => !ASKED.has(reason)).length
  if (left > 0) return `--strict: ${left} ${left === 1 ? 'tensor was' : 'tensors were'} skipped`
  return run.status === 'passed' || dryRun ? null : `--strict: the result was not run (${run.status})`
}
