import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A report of a whole corpus. */
const MAX_BYTES = 1 << 28
/** Far above what any of them takes. */
const TIMEOUT_MILLISECONDS = 600_000

/** What a program writes to stdout. @throws where it does not exit with 0 */
export async function outputOf(program, ...args) {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: MAX_BYTES, timeout: TIMEOUT_MILLISECONDS })
  return stdout
}
