import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diff } from '../src/diff.js'
import { ReinitError } from '../src/errors.js'
import { inspect } from '../src/inspect.js'
import { materialize } from '../src/materialize.js'
import type { MaterializeOptions, MaterializeReport } from '../src/reports.js'
import { attempt, Wrong } from './attempt.js'
import { lay } from './folder.js'
import type { SkeletonInput } from './input.js'
import type { Verdict } from './judge.js'

/** Draws of a skeleton whose size and hash are put right: it is hostile in all but these. */
const ATTEMPTS = 3
/** Of a model that is drawn at all: one input should take milliseconds. */
const MAX_BYTES = 2 ** 20

/**
 * Materializes what somebody made of a skeleton: a model of the size and hash that it tells, or a refusal. Where these alone are wrong they
 * are put right, since whoever makes the file can do so.
 */
export async function judgeSkeleton({ model, data }: SkeletonInput, folder: string): Promise<Verdict> {
  const path = join(folder, 'in/s.onnx')
  lay(join(folder, 'in'), { 's.onnx': model })
  mkdirSync(join(folder, 'in/o'))
  const output = join(folder, 'in/o/out.onnx')
  const draw = (options: MaterializeOptions) =>
    attempt(folder, async () => ({ of: 'materialize', report: await materialize(path, options) }) as const, { fails: true })
  let bytes: Buffer = Buffer.from(model)
  for (let i = 1; ; i++) {
    const report = await draw({ output, data })
    if (!(report instanceof ReinitError)) {
      await refuseWrong(report, output, draw)
      await refuseUnreadable(path, output, folder)
      return { kind: 'written' }
    }
    const { message } = report
    const righted = i < ATTEMPTS ? righten(bytes, message) : null
    if (righted === null) return { kind: 'refused', message }
    bytes = righted
    writeFileSync(path, bytes)
  }
}

/** With the size or hash that the message asks for; null: it is about something else. */
function righten(bytes: Buffer, message: string): Buffer | null {
  const [, made = ''] = /^The skeleton says \d+ bytes, but its tensors make a model of (\d+)\.$/.exec(message) ?? []
  if (made !== '' && Number(made) <= MAX_BYTES) return replaced(bytes, /"byteLength":[ \d]{16}/, `"byteLength":${made.padStart(16)}`)
  const [, found = ''] = /^The model that was drawn has SHA-256 ([0-9a-f]{64}),/.exec(message) ?? []
  return found === '' ? null : replaced(bytes, /"sha256":"[0-9a-f]{64}"/, `"sha256":"${found}"`)
}

function replaced(bytes: Buffer, pattern: RegExp, text: string): Buffer | null {
  const index = bytes.toString('latin1').search(pattern)
  return index < 0 ? null : Buffer.concat([bytes.subarray(0, index), Buffer.from(text), bytes.subarray(index + text.length)])
}

async function refuseWrong(
  { sha256, byteLength, data, files }: MaterializeReport,
  output: string,
  draw: (options: MaterializeOptions) => Promise<MaterializeReport | ReinitError>,
): Promise<void> {
  for (const { name, byteLength: size } of files) {
    const found = statSync(join(output, '..', name)).size
    if (found !== size) throw new Wrong(`${name} has ${found} bytes, ${size} are reported`)
  }
  const again = await draw({ output: other(output), data: data === 'inline' ? 'external' : 'inline' })
  if (again instanceof ReinitError) throw new Wrong(`with data elsewhere: ${again.message}`)
  const whole = readFileSync(data === 'inline' ? output : other(output))
  const hash = createHash('sha256').update(whole).digest('hex')
  if (hash !== sha256 || whole.length !== byteLength)
    throw new Wrong(`${whole.length} bytes of SHA-256 ${hash}, not ${byteLength} of ${sha256}`)
}

/** What can be read without its values can be read with them, and is the same wherever they are. */
async function refuseUnreadable(skeleton: string, output: string, folder: string): Promise<void> {
  const read = (path: string) => attempt(folder, async () => ({ of: 'inspect', report: await inspect(path, {}) }) as const)
  if ((await read(skeleton)) instanceof ReinitError) return
  const whole = await read(output)
  if (whole instanceof ReinitError) throw new Wrong(`what was written is refused: ${whole.message}`)
  const { changed, added, removed } = await diff(output, other(output))
  const others = [...changed.map((c) => c.name), ...added, ...removed]
  if (others.length > 0) throw new Wrong(`differ by where data is: ${others.join(', ')}`)
}

/** The same with its data elsewhere. */
const other = (output: string) => join(output, '../other.onnx')
