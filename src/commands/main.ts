import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { ReinitError, usage } from '../errors.js'
import { nearest } from '../init/nearest.js'
import { escapeControls } from '../report/escapeControls.js'
import { encode } from '../report/json.js'
import { version } from '../version.js'
import { commands, others } from './commands.js'
import { type Io, lookOf, print, processIo } from './io.js'
import { parseFlags } from './parseFlags.js'

/** argv → one library call → report → exit status. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  try {
    return await run(argv, io)
  } catch (error) {
    return await complain(error, argv, io)
  }
}

/** Switches that may stand before the command's name. */
const ANYWHERE: ReadonlySet<string> = new Set(['--json', '-q', '--quiet', '-v', '--verbose', '-h', '--help', '--version'])

async function run(argv: readonly string[], io: Io): Promise<number> {
  if (argv[0] === '--get-yargs-completions') return (await import('./complete.js')).complete(argv.slice(2), io)
  const at = argv.findIndex((word) => !ANYWHERE.has(word))
  const word = argv[at] ?? ''
  const name = Object.hasOwn(commands, word) ? word : ''
  const rest = name === '' ? argv : argv.toSpliced(at, 1)
  if (isGiven(rest, '--version')) {
    await print(io.stdout, [`${version}\n`])
    return 0
  }
  const command = await (commands[name] as (typeof commands)[string])()
  if (isGiven(rest, '--help') || isGiven(rest, '-h')) {
    const { help } = await import('./help.js')
    await print(io.stdout, [await help(command, name === '' ? await others(name) : [], lookOf(io.stdout, io.env, false))])
    return 0
  }
  if (name === '') refuseMistyped(word)
  return command.run(await parseFlags(rest, command, () => others(name)), io)
}

/** `inspct model.onnx` would be a model of that name. */
function refuseMistyped(word: string): void {
  if (/^-|[./\\]/.test(word) || word === '' || existsSync(word)) return
  const near = nearest(word, Object.keys(commands).filter(Boolean)).replaceAll('"', '')
  if (near !== '') throw usage(`There is no file and no command ${word}${near}`)
}

/** Whether a switch stands among the flags: behind -- there are operands. */
function isGiven(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).includes(flag)
}

/** One line on stderr, and with --json an object on stdout; the stack only under --verbose. */
async function complain(error: unknown, argv: readonly string[], io: Io): Promise<number> {
  const { code, status, message } = judge(error, io)
  if (isGiven(argv, '--json')) await print(io.stdout, [`${encode({ schema: 1, error: { code, message } })}\n`])
  await print(io.stderr, [`onnx-reinit: ${escapeControls(message)}\n`])
  if ((isGiven(argv, '--verbose') || isGiven(argv, '-v')) && error instanceof Error) await print(io.stderr, [`${stackOf(error)}\n`])
  return status
}

function judge(error: unknown, { signal }: Io): { code: string; status: number; message: string } {
  if (signal.aborted) {
    const name = signal.reason as 'SIGINT' | 'SIGTERM' | 'SIGHUP'
    return { code: 'interrupted', status: 128 + constants.signals[name], message: `interrupted by ${name}` }
  }
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof ReinitError) return { code: error.code, status: error.exitCode, message }
  if (error instanceof Error && 'syscall' in error) return { code: 'io', status: 1, message }
  return { code: 'internal', status: 1, message: `${message} (unexpected: --verbose shows where)` }
}

/** Its lines are its own, what they quote is not. */
const stackOf = ({ stack = '' }: Error) => stack.split('\n').map(escapeControls).join('\n')
