// Vitest's global setup: every test, and every process that a test starts, makes its temporary files in one folder, which goes when the run ends.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const TEMPORARY_PREFIX = 'onnx-reinit-tests-'

/** Before any worker starts: they inherit the environment. What it gives is called in the end. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), TEMPORARY_PREFIX))
  // as a system's own folder is: a test runs the program as another user
  chmodSync(folder, 0o755)
  // os.tmpdir() reads the first, on Windows one of the others
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
