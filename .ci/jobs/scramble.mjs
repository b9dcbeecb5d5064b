import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Seconds that one run may take: far above any of the corpora. */
const TIMEOUT_SECONDS = 30

/**
 * Scrambles a model with a run, audits the result, and strips and materializes it twice. `outcome`: scrambled · refused · unreadable;
 * `failures`: what must not be.
 * @param {{ path: string, folder: string, calibrate: boolean }} task
 */
export default async function scrambleJob({ scramble, audit, strip, materialize, ReinitError }, { path, folder, calibrate }) {
  mkdirSync(folder, { recursive: true })
  const failures = []
  const attempt = async (what, call) => {
    try {
      return await call()
    } catch (error) {
      if (error instanceof ReinitError) return { code: error.code, message: error.message }
      failures.push(`${what}: ${error?.stack ?? error}`)
      return { code: 'none', message: String(error) }
    }
  }
  try {
    const output = join(folder, 'scrambled.onnx')
    const options = { output, timeout: TIMEOUT_SECONDS, ...(calibrate && { calibrate: 'original' }) }
    const scrambled = await attempt('scramble', () => scramble(path, options))
    if (scrambled.code) {
      if (scrambled.code === 'proof' || scrambled.code === 'runtime') failures.push(`scramble: ${scrambled.message}`)
      return { outcome: outcomeOf(scrambled.code), message: scrambled.message, failures }
    }
    const { run, deviations } = scrambled
    const { status, message = '' } = run
    const report = { outcome: 'scrambled', status, message, ratios: deviations.flatMap((d) => (d.ratio === null ? [] : [d.ratio])) }
    // what is written has passed its own audit, and passes another of the files
    failures.push(...(scrambled.audit ? leaksOf(scrambled.audit) : []))
    if (scrambled.output !== null) failures.push(...(await auditOf(audit, path, output, attempt)))
    if (calibrate) return { ...report, failures }
    return { ...report, ...(await skeletonOf(strip, materialize, path, folder, attempt, failures)), failures }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const outcomeOf = (code) => (code === 'usage' || code === 'conflict' ? 'refused' : 'unreadable')

async function auditOf(audit, path, output, attempt) {
  const found = await attempt('audit', () => audit(path, output))
  if (found.code) return [`audit: ${found.message}`]
  return leaksOf(found)
}

const leaksOf = ({ leaks }) => leaks.slice(0, 3).map((leak) => `audit: ${JSON.stringify(leak)}`)

/** Sizes of the model and its skeleton, which gives its hash again and again. */
async function skeletonOf(strip, materialize, path, folder, attempt, failures) {
  const skeleton = join(folder, 'skeleton.onnx')
  const stripped = await attempt('strip', () => strip(path, { output: skeleton }))
  if (stripped.code || stripped.output === null) {
    failures.push(...(stripped.code ? [`strip: ${stripped.message}`] : leaksOf(stripped.audit).map((leak) => `strip: ${leak}`)))
    return {}
  }
  const { sha256 } = stripped.materialized
  const hashOf = async (name, data) => {
    const output = join(folder, name)
    const made = await attempt('materialize', () => materialize(skeleton, { output, data }))
    if (made.code) return made.message
    return data === 'inline' ? createHash('sha256').update(readFileSync(output)).digest('hex') : made.sha256
  }
  for (const [name, data] of [
    ['once.onnx', 'inline'],
    ['again.onnx', 'inline'],
    ['outside.onnx', 'external'],
  ]) {
    const found = await hashOf(name, data)
    if (found !== sha256) failures.push(`materialize --data ${data}: ${found} instead of ${sha256}`)
  }
  return { byteLength: stripped.inputByteLength, skeletonByteLength: statSync(skeleton).size }
}
