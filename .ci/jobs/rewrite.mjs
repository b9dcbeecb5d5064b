import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, sep } from 'node:path'

/**
 * Inspects a model and re-initializes all of it without the run, into a folder of its own.
 * `outcome`: rewritten · nothing (no parameters) · refused · unreadable; `failures`: what must not be.
 * @param {{ path: string, folder: string }} task
 */
export default async function rewrite({ inspect, reinit, diff, ReinitError }, { path, folder }) {
  const failures = []
  const attempt = async (what, call) => {
    try {
      return { value: await call() }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (!(error instanceof ReinitError)) failures.push(`${what}: ${error?.name}: ${message} ${place(error)}`)
      else if (/[\r\n]/.test(message)) failures.push(`${what}: more than one line: ${JSON.stringify(message)}`)
      else if (message.trim() === '') failures.push(`${what}: no message`)
      return { code: error.code ?? 'none', message }
    }
  }
  mkdirSync(folder, { recursive: true })
  const output = join(folder, 'out.onnx')
  const inspected = await attempt('inspect with stats', () => inspect(path, { stats: true }))
  const done = await attempt('reinit', () => reinit(path, { all: true, init: 'he_normal', output, run: false }))
  const left = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((f) => !f.isDirectory())
    .map((f) => join(f.parentPath, f.name))
  let alarms = 0
  if (done.value) {
    const { bytes, written, changed } = done.value
    alarms = changed.flatMap((c) => c.checks).filter((c) => !c.passed).length
    if (bytes.identicalOutside !== true) failures.push('reinit: bytes outside the plan not proven')
    if (changed.length === 0) failures.push('reinit: nothing changed, and no error')
    if (inspected.message) failures.push(`inspect with stats: ${inspected.message}, yet reinit rewrites it`)
    if (written.length !== left.length || left.some((f) => !written.includes(f)))
      failures.push(`reinit: wrote ${written.length} files, but ${left.length} are there`)
    const compared = await attempt('diff', () => diff(path, output))
    if (compared.value) failures.push(...outsideReport(compared.value, changed))
    else failures.push(`diff: ${compared.message}`)
  } else {
    if (left.length > 0) failures.push(`reinit: left ${left.map((f) => f.split(sep).at(-1)).join(' ')} behind after ${done.message}`)
    if (!['usage', 'conflict', 'invalid', 'io'].includes(done.code)) failures.push(`reinit: ${done.code}: ${done.message}`)
  }
  rmSync(folder, { recursive: true, force: true })
  return { outcome: outcomeOf(done), message: done.message ?? '', alarms, failures }
}

function outcomeOf({ value, code, message }) {
  if (value) return 'rewritten'
  if (code === 'usage' && message.startsWith('The model has no parameters')) return 'nothing'
  return code === 'usage' || code === 'conflict' ? 'refused' : 'unreadable'
}

/** What `diff` finds between the two files that the report doesn't list. */
function outsideReport({ changed, added, removed, restEqual, rest }, reported) {
  const key = ({ scope, name }) => `${scope} ${name}`
  const listed = new Set(reported.map(key))
  const others = changed.filter((c) => !listed.has(key(c)))
  return [
    ...others.map((c) => `diff: ${key(c).trim()} differs (${c.what}), which the report doesn't list`),
    ...(added.length + removed.length > 0 ? [`diff: ${added.length} tensors added, ${removed.length} removed`] : []),
    ...(restEqual ? [] : [`diff: outside tensors: ${rest}`]),
  ]
}

/** Where an error that nobody expected came from. */
const place = (error) => /\((?:file:\/\/)?([^()]*:\d+:\d+)\)/.exec(error?.stack ?? '')?.[0] ?? ''
