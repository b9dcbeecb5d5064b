import yargs from 'yargs'
import { ReinitError, usage } from '../errors.js'
import { initializers } from '../init/initializers.js'
import { inspect } from '../inspect.js'
import { reinit } from '../reinit.js'
import type { InspectOptions } from '../types.js'

const names = Object.keys(initializers).flatMap((n) => [n, n.replace(/^xavier/, 'glorot').replace(/^he/, 'kaiming')])
const escape = (text: string) => text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** argv → one library call → report → exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    return await run(argv)
  } catch (error) {
    const { code, exitCode } = error instanceof ReinitError ? error : { code: 'io', exitCode: 1 }
    const message = escape(error instanceof Error ? error.message : String(error))
    if (argv.includes('--json')) console.log(JSON.stringify({ schema: 1, error: { code, message } }))
    console.error(`onnx-reinit: ${message}`)
    return exitCode
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const inspecting = argv[0] === 'inspect'
  let parser = yargs([...(inspecting ? argv.slice(1) : argv)])
    .usage('onnx-reinit <model> --layers P --xavier-normal\nonnx-reinit inspect <model>')
    .parserConfiguration({ 'dot-notation': false })
    .option('layers', { alias: 'l', type: 'string', array: true, nargs: 1, describe: 'layer paths, tensor or node names, globs' })
    .option('exclude', { alias: 'x', type: 'string', array: true, nargs: 1, describe: 'taken away, last' })
    .option('all', { type: 'boolean', describe: 'every parameter' })
    .option('json', { type: 'boolean', describe: 'the report as JSON on stdout' })
  if (!inspecting) {
    parser = parser
      .option('init', { type: 'string', choices: names, describe: 'initializer' })
      .options({ gain: { type: 'number' }, seed: { type: 'string' }, bias: { type: 'string', describe: 'zeros, keep or a number' } })
      .option('shared', { type: 'string', choices: ['rewrite'], describe: 'change tensors that other layers use too' })
      .options({ output: { alias: 'o', type: 'string' }, overwrite: { type: 'boolean' }, 'dry-run': { type: 'boolean' } })
      .options({
        verify: { type: 'boolean', default: true, describe: 'prove the bytes' },
        run: { type: 'boolean', default: false, describe: 'not available in this version' },
      })
    for (const name of names) parser = parser.option(name.replace('_', '-'), { type: 'boolean' })
  }
  const args = (await parser
    .strictOptions()
    .help()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? usage(message)
    })
    .parse()) as Record<string, unknown> & { _: (string | number)[] }
  if (args['help']) return 0
  for (const [flag, value] of Object.entries(args))
    if (Array.isArray(value) && !/^(_|l|layers|x|exclude)$/.test(flag)) throw usage(`--${flag} is given twice.`)
  if (args._.length !== 1) throw usage(`One model is needed, ${args._.length} given. See --help.`)
  const model = String(args._[0])
  if (inspecting) {
    const report = inspect(model, args as InspectOptions)
    if (args['json']) console.log(JSON.stringify(report))
    else
      for (const p of report.parameters)
        console.log(
          escape(`${p.layer}  ${p.name}  ${p.role}  [${p.shape.join(', ')}]  ${p.fanIn === null ? '' : `${p.fanIn} → ${p.fanOut}`}`),
        )
    return 0
  }
  const given = names.filter((n) => args[n.replace('_', '-')] === true).concat((args['init'] as string | undefined) ?? [])
  if (given.length !== 1) throw usage(`One initializer is needed, ${given.length} given: for example --xavier-normal.`)
  if (args['run']) throw usage('--run: the run in onnxruntime is not available in this version.')
  const report = reinit(model, { ...args, init: given[0] as string })
  if (args['json']) console.log(JSON.stringify(report))
  else {
    for (const c of report.changed)
      console.log(
        escape(
          `${c.layer}  ${c.name}  [${c.shape.join(', ')}]  ${c.fanIn === null ? '' : `${c.fanIn} → ${c.fanOut}`}  ${c.initializer}  std ${c.expected.std.toPrecision(4)}`,
        ),
      )
    if (report.kept.length > 0) console.log(`! ${report.kept.length} tensors still hold their old values:`)
    for (const k of report.kept) console.log(escape(`!   ${k.name}: ${k.detail}`))
    if (report.bytes.identicalOutside)
      console.log(`ok bytes: ${report.bytes.changed} of ${report.bytes.total} rewritten; every other byte is as it was`)
    console.log(report.output === null ? 'nothing written (--dry-run)' : escape(`wrote ${report.output}, seed ${report.seed}`))
  }
  return 0
}
