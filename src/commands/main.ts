import { constants } from 'node:os'
import { ReinitError } from '../errors.js'
import { escapeControls } from '../report/escapeControls.js'
import { encode } from '../report/json.js'
import { version } from '../version.js'
import { commands } from './commands.js'
import { type Io, lookOf, print, processIo } from './io.js'

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
  const at = argv.findIndex((word) => !ANYWHERE.has(word))
  const word = argv[at] ?? ''
  const isNamed = Object.hasOwn(commands, word)
  const name = isNamed ? word : 'reinit'
  const rest = isNamed ? argv.toSpliced(at, 1) : argv
  if (isGiven(rest, '--version')) {
    await print(io.stdout, [`${version}\n`])
    return 0
  }
  const load = commands[name] as (typeof commands)[string]
  const command = await load()
  if (!isGiven(rest, '--help') && !isGiven(rest, '-h')) return command.run(rest, io)
  const { help } = await import('./help.js')
  const others = isNamed ? [] : Object.entries(commands).filter(([key]) => key !== name)
  const loaded = await Promise.all(others.map(([, loadOther]) => loadOther()))
  await print(io.stdout, [help(command, loaded, lookOf(io.stdout, io.env, false))])
  return 0
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
  if ((isGiven(argv, '--verbose') || isGiven(argv, '-v')) && error instanceof Error) await print(io.stderr, [`${error.stack}\n`])
  return status
}

function judge(error: unknown, { signal }: Io): { code: string; status: number; message: string } {
  if (signal.aborted) {
    const name = signal.reason as 'SIGINT' | 'SIGTERM'
    return { code: 'interrupted', status: 128 + constants.signals[name], message: `interrupted by ${name}` }
  }
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof ReinitError) return { code: error.code, status: error.exitCode, message }
  if (error instanceof Error && 'syscall' in error) return { code: 'io', status: 1, message }
  return { code: 'internal', status: 1, message: `${message} (unexpected: --verbose shows where)` }
}
