/** What stops a job. `invalid`, `io`, `proof` and `runtime` are exit status 1, `usage` and `conflict` 2. */
export type ErrorCode = 'invalid' | 'io' | 'proof' | 'runtime' | 'usage' | 'conflict'

/** An error that a user can act on: one line that says what, where, both numbers and what to do. */
export class ReinitError extends Error {
  override readonly name = 'ReinitError'
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message)
  }
  /** The exit status of the command line. */
  get exitCode(): 1 | 2 {
    return this.code === 'usage' || this.code === 'conflict' ? 2 : 1
  }
}

export const invalid = (message: string) => new ReinitError('invalid', message)
export const usage = (message: string) => new ReinitError('usage', message)
