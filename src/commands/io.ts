import type { Readable, Writable } from 'node:stream'
import { ReinitError } from '../errors.js'
import type { Look } from '../report/report.js'

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** What a command has of the process: tests give their own. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted with the signal's name. */
  readonly signal: AbortSignal
}

/**
 * SIGINT, SIGTERM and SIGHUP (a terminal that goes) abort the job, which then cleans up; a second one ends the process at once. A stream is
 * opened when it is asked for.
 */
export function processIo(): Io {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort(name))
  return {
    get stdin() {
      return process.stdin
    },
    get stdout() {
      return unfailing(process.stdout)
    },
    get stderr() {
      return unfailing(process.stderr)
    },
    env: process.env,
    signal: controller.signal,
  }
}

/** A write's callback has the error too: without a listener the process would die of it. */
const unfailing = (stream: Output): Output => (stream.listenerCount('error', ignore) > 0 ? stream : stream.on('error', ignore))
const ignore = () => {}

const PIECE = 1 << 16

/** Writes in pieces, as fast as they are taken. A reader that has gone (`| head`) ends the writing, and is no error. */
export async function print(stream: Output, chunks: Iterable<string>): Promise<void> {
  let pending = ''
  for (const chunk of chunks) {
    pending += chunk
    if (pending.length < PIECE) continue
    if (!(await write(stream, pending))) return
    pending = ''
  }
  if (pending !== '') await write(stream, pending)
}

/** False where nobody reads any more. */
function write(stream: Output, text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (!error) resolve(true)
      else if (isClosed(error)) resolve(false)
      else reject(new ReinitError('io', `The report can't be written: ${error.message}.`))
    })
  })
}

export const isClosed = (error: unknown) => ['EPIPE', 'ERR_STREAM_DESTROYED'].includes((error as NodeJS.ErrnoException).code ?? '')

export function lookOf({ isTTY, columns }: Output, env: Io['env'], verbose: boolean): Look {
  const isDumb = env['TERM'] === 'dumb'
  return { columns: isTTY ? (columns ?? 80) : null, color: isTTY === true && !env['NO_COLOR'] && !isDumb, unicode: isUnicode(env), verbose }
}

/** A locale that is set decides; without one, every terminal but the kernel's console shows UTF-8. */
function isUnicode(env: Io['env']): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG']
  return locale ? /utf-?8/i.test(locale) : env['TERM'] !== 'linux'
}
