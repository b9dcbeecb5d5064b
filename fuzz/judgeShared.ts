import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { audit } from '../src/audit.js'
import { diff } from '../src/diff.js'
import { ReinitError } from '../src/errors.js'
import { materialize } from '../src/materialize.js'
import type { ScrambleReport } from '../src/reports.js'
import { scramble } from '../src/scramble.js'
import type { AuditLeak } from '../src/types.js'
import { strip } from '../src/strip.js'
import { attempt, Wrong } from './attempt.js'
import { lay } from './folder.js'
import type { ShareInput } from './input.js'
import type { Verdict } from './judge.js'

/**
 * Scrambles a model, strips it, draws its skeleton anew, and looks for the model in the result: both ways give the same bytes, of the hash
 * that was foretold, and nothing that was learned is in them.
 */
export async function judgeShared({ model, files, options, leastBytes, data }: ShareInput, folder: string): Promise<Verdict> {
  const at = (name: string) => join(folder, 'in', name)
  lay(join(folder, 'in'), { 'm.onnx': model, ...files })
  mkdirSync(at('o'))
  const [path, scrambled, skeleton, drawn] = [at('m.onnx'), at('o/scrambled.onnx'), at('o/skeleton.onnx'), at('o/drawn.onnx')]
  const of = <K extends string, R>(kind: K, report: R) => ({ of: kind, report })

  const made = await attempt(folder, async () => of('scramble', await scramble(path, { ...options, run: false, output: scrambled })))
  const { data: _, ...same } = options
  const stripped = await attempt(folder, async () => of('strip', await strip(path, { ...same, leastBytes, output: skeleton })))
  if (made instanceof ReinitError || stripped instanceof ReinitError) {
    // data that tensors share can be told apart where it is moved into the model
    const isSame = stripped instanceof ReinitError && made instanceof ReinitError && made.code === stripped.code
    if (made instanceof ReinitError && (isSame || (options.data === 'copy' && made.code === 'conflict')))
      return { kind: 'refused', message: made.message }
    throw new Wrong(`scramble: ${outcome(made)}; strip: ${outcome(stripped)}`)
  }
  const caught = leaksOf(made)
  if ((caught === null) !== (leaksOf(stripped) === null)) throw new Wrong(`scramble: ${caught}; strip: ${leaksOf(stripped)}`)
  if (caught !== null) {
    if (!made.audit?.leaks.every((leak) => isExplained(leak, made.kept))) throw new Wrong(`scramble: ${caught}`)
    return { kind: 'caught', message: caught }
  }
  if (made.bytes.identicalOutside !== true) throw new Wrong('bytes are not proven')
  const again = await attempt(folder, async () => of('materialize', await materialize(skeleton, { output: drawn, data })))
  if (again instanceof ReinitError) throw new Wrong(`a skeleton is refused: ${again.message}`)
  if (data === 'inline' && sha256(drawn) !== again.sha256) throw new Wrong(`not of its hash: ${sha256(drawn)}, ${again.sha256}`)
  if (options.data === 'inline' && sha256(scrambled) !== again.sha256)
    throw new Wrong(`scrambled ${sha256(scrambled)}, and drawn from the skeleton ${again.sha256}`)
  const { changed, added, removed } = await diff(scrambled, drawn)
  const others = [...changed.map((c) => c.name), ...added, ...removed]
  if (others.length > 0) throw new Wrong(`differ when drawn from the skeleton: ${others.join(', ')}`)
  const judged = await attempt(folder, async () => of('audit', await audit(path, scrambled, { renamed: options.rename === 'all' })))
  if (judged instanceof ReinitError) throw new Wrong(`the audit is refused: ${judged.message}`)
  if (!judged.clean) throw new Wrong(`the audit alone: ${leaksOf({ audit: judged })}`)
  return { kind: 'written' }
}

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const outcome = (report: unknown) => (report instanceof ReinitError ? report.message : 'written')

/** Fewer values are a setting, which no report lists. */
const FEWEST = 8

/**
 * Whether what survives can stand in something that stays, or can't be looked for. Values outside of tensors, and text that runs over fields,
 * are in fields of another kind, a name of bytes: a file that nobody has but this fuzzer.
 */
function isExplained({ kind, name, what, elementCount }: AuditLeak, kept: ScrambleReport['kept']): boolean {
  if (kind === 'unread' || what.endsWith('outside of every tensor')) return true
  return kind === 'string' ? /\p{Cc}/u.test(name) : elementCount < FEWEST || kept.some((k) => k.elementCount >= FEWEST)
}

/** null: clean. */
function leaksOf({ audit: found, written = [] }: Pick<ScrambleReport, 'audit'> & Partial<Pick<ScrambleReport, 'written'>>): string | null {
  if (!found || found.clean) return null
  if (written.length > 0) throw new Wrong(`leaks, and is written: ${written.join(', ')}`)
  return found.leaks
    .slice(0, 5)
    .map(({ kind, name, what }) => `${kind} ${JSON.stringify(name)}: ${what}`)
    .join('; ')
}
