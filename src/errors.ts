/** What stops a job. `invalid`, `io`, `proof` and `runtime` are exit status 1, `usage` and `conflict` 2. */
export type ErrorCode = 'invalid' | 'io' | 'proof' | 'runtime' | 'usage' | 'conflict'

/** An error that a user can act on: one line that says what, where, both numbers and what to do. */
export class ReinitError extends Error {
  override readonly name = 'ReinitError'
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(oneLine(message))
  }
  /** The exit status of the command line. */
  get exitCode(): 1 | 2 {
    return this.code === 'usage' || this.code === 'conflict' ? 2 : 1
  }
}

/** A name in a message can be a file's whole length: of a longer line the middle goes. Paths of 4,096 bytes fit. */
const MAX_MESSAGE = 5000

function oneLine(message: string): string {
  const line = message.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u${(c.codePointAt(0) as number).toString(16).padStart(4, '0')}`)
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE - 1000)} … ${line.slice(-999)}`
}

export const invalid = (message: string) => new ReinitError('invalid', message)
export const usage = (message: string) => new ReinitError('usage', message)
