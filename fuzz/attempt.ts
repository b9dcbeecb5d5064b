// What is right of any command, whatever it is given.
import { sep } from 'node:path'
import { ReinitError } from '../src/errors.js'
import { formats } from '../src/report/formats.js'
import type { AnyReport } from '../src/report/report.js'
import { differences, snapshot } from './folder.js'
import { openedBy } from './opened.js'

/** An invariant that does not hold. */
export class Wrong extends Error {}

/**
 * Runs a command on files of a folder. Right is a report whose formats show only what is safe, nothing changed but what it says it has
 * written; or a refusal of one line, and then all is as it was. Either way no other file is opened. `fails`: whether a proof may fail.
 * @throws Wrong, and what is no refusal.
 */
export async function attempt<T extends AnyReport>(
  folder: string,
  job: () => Promise<T>,
  { fails = false }: { readonly fails?: boolean } = {},
): Promise<T['report'] | ReinitError> {
  const before = snapshot(folder)
  const { result, opened } = await openedBy(() => job().catch(refusal))
  const elsewhere = opened.filter((path) => !path.startsWith(folder + sep))
  if (elsewhere.length > 0) throw new Wrong(`opened: ${elsewhere.join(', ')}`)
  const changed = differences(before, snapshot(folder))
  if (result instanceof ReinitError) {
    const { message, code } = result
    if (changed.length > 0) throw new Wrong(`refused (${message}), yet changed: ${changed.join(', ')}`)
    if (/[\r\n]/.test(message) || message.length > 5002)
      throw new Wrong(`a message of several lines or ${message.length} characters: ${message.slice(0, 3000)}`)
    if (code === 'proof' && !fails) throw new Wrong(message)
    return result
  }
  const written = 'written' in result.report ? result.report.written : []
  const others = changed.filter((f) => !written.includes(f) && !written.some((w) => w.startsWith(f + sep)))
  if (others.length > 0) throw new Wrong(`written: ${written.join(', ')}, and changed: ${others.join(', ')}`)
  await draw(result)
  return result.report
}

function refusal(error: unknown): ReinitError {
  if (error instanceof ReinitError) return error
  throw error
}

const LOOK = { columns: 80, color: false, unicode: true, verbose: true }
/** What a report may never hold as it is, whatever the file says; line feeds are its own. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

export async function draw(report: AnyReport): Promise<void> {
  for (const name of ['text', 'markdown', 'json'] as const) {
    const text = [...(await formats[name].load())(report, LOOK)].join('').replaceAll('\n', '')
    const found = UNSAFE.exec(text)
    if (found)
      throw new Wrong(
        `${name} holds ${JSON.stringify(found[0])} at ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 20))}`,
      )
  }
}
