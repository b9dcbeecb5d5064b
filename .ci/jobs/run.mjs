import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Seconds that one run may take: far above any of the corpora. */
const TIMEOUT_SECONDS = 30
/**
 * What shows that a file is right whose outputs are not finite with He's values: it is finite with others. Small ones don't grow from layer to
 * layer beyond their type (float16 ends at 65504), positive ones don't leave what a logarithm or a root takes.
 */
export const reasons = { overflows: 'he_normal:gain=0.1', 'out of domain': 'uniform:a=0.01,b=0.1' }

/**
 * Re-initializes all of a model and runs it: the library's status, or one of `reasons`.
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
  if (result.status !== 'failed' || !result.message.includes('not finite')) return result
  for (const [reason, init] of Object.entries(reasons)) {
    if ((await runWith(init)).status === 'passed') return { status: reason, message: result.message }
  }
  return result
}
