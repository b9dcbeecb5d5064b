import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Seconds that one run may take: far above any of the corpora. */
const TIMEOUT_SECONDS = 30

/**
 * Re-initializes all of a model and runs it. Where only the outputs' size is wrong (not finite with He's gain, finite with a small one)
 * `overflow` is true: the numbers got too large for their type, the file is right.
 * @param {{ path: string, folder: string }} task
 */
export default async function run({ reinit }, { path, folder }) {
  const output = join(folder, 'out.onnx')
  const runWith = async (init) => {
    mkdirSync(folder, { recursive: true })
    try {
      const report = await reinit(path, { all: true, init, output, verify: false, timeout: TIMEOUT_SECONDS })
      return { status: report.run.status, message: report.run.message ?? '' }
    } catch (error) {
      return { status: 'error', message: String(error.message) }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const result = await runWith('he_normal')
  if (result.status !== 'failed') return result
  const small = await runWith('he_normal:gain=0.1')
  return { ...result, overflow: small.status === 'passed' }
}
