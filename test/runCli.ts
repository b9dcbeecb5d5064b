// The command line in process: its streams are captured, the library is the real one.
import { Readable, Writable } from 'node:stream'
import type { Io, Output } from '../src/commands/io.js'
import { main } from '../src/commands/main.js'

export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** stdout as bytes: a model may go there. */
  readonly bytes: Buffer
}

export interface Around {
  readonly stdin?: Uint8Array
  /** Columns of the terminal that both outputs are; default: none is one. */
  readonly columns?: number
  readonly env?: Io['env']
  readonly signal?: AbortSignal
}

export async function runCli(argv: readonly string[], { stdin, columns, env = {}, signal }: Around = {}): Promise<Ran> {
  const [stdout, stderr] = [capture(columns), capture(columns)]
  const status = await main(argv, {
    stdin: Readable.from(stdin ? [stdin] : []),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
    signal: signal ?? new AbortController().signal,
  })
  return { status, stdout: stdout.bytes().toString(), stderr: stderr.bytes().toString(), bytes: stdout.bytes() }
}

function capture(columns: number | undefined): { stream: Output; bytes(): Buffer } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return {
    stream: Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns }),
    bytes: () => Buffer.concat(chunks),
  }
}
