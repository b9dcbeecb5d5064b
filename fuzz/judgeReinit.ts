import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { diff } from '../src/diff.js'
import { ReinitError } from '../src/errors.js'
import { inspect } from '../src/inspect.js'
import { reinit } from '../src/reinit.js'
import type { ReinitReport } from '../src/reports.js'
import { attempt, draw, Wrong } from './attempt.js'
import { lay } from './folder.js'
import type { ReinitInput } from './input.js'
import type { Verdict } from './judge.js'

/** Inspects, plans, writes and compares: every byte of a result is proven, and only reported tensors differ. */
export async function judgeReinit({ model, files, options, output }: ReinitInput, folder: string): Promise<Verdict> {
  const path = join(folder, 'in/m.onnx')
  const given = { 'm.onnx': model, ...files }
  lay(join(folder, 'in'), given)
  mkdirSync(join(folder, 'in/o'))
  let isShifted = false
  const report = await attempt(folder, async () => {
    const inspected = await inspect(path, { stats: true, ...(options.fan ? { fan: options.fan } : {}) })
    await draw({ of: 'inspect', report: inspected })
    // varints of other lengths move what is between them
    isShifted = inspected.parameters.some((p) => p.storage === 'int32_data')
    const made = await reinit(path, { ...options, ...(options.inPlace ? {} : { output: join(folder, 'in', output) }) })
    return { of: 'reinit', report: made } as const
  })
  if (report instanceof ReinitError) return { kind: 'refused', message: report.message }
  await refuseWrong(report, given, folder, options, isShifted)
  return { kind: 'written' }
}

async function refuseWrong(
  report: ReinitReport,
  given: Readonly<Record<string, Uint8Array>>,
  folder: string,
  { inPlace = false, featureExtractor: isCut = false }: ReinitInput['options'],
  isShifted: boolean,
): Promise<void> {
  if (report.bytes.identicalOutside !== true) throw new Wrong('bytes are not proven')
  // of old values that are numbers, what goes by them is too
  const none = report.changed.find(
    ({ expected, before }) => Number.isFinite(before?.mean) && Object.values(expected).some((n) => Number.isNaN(n)),
  )
  if (none) throw new Wrong(`${none.name} is drawn as ${none.initializer} with ${JSON.stringify(none.expected)}`)
  const old = join(folder, 'old')
  lay(old, given)
  const after = inPlace ? join(folder, 'in/m.onnx') : (report.output as string)
  const { changed: differ, added, removed, restEqual, rest, outside } = await diff(join(old, 'm.onnx'), after)
  const names = new Set(report.changed.map((c) => c.name))
  const others = [...differ.map((d) => d.name), ...added].filter((name) => !names.has(name) && !report.head)
  if (others.length > 0 || (removed.length > 0 && !isCut))
    throw new Wrong(`differ, and are not reported: ${others.join(', ')}; gone: ${removed.join(', ')}`)
  const isSplice = report.head || isCut || added.length > 0
  if (!restEqual && !isSplice) throw new Wrong(`beside tensors: ${rest}, ${outside} outside`)
  if (isSplice || isShifted || Object.keys(report.model.externalFiles).length > 0) return
  const [a, b] = [readFileSync(join(old, 'm.onnx')), readFileSync(after)]
  const count = a.length === b.length ? a.reduce((n, byte, i) => n + Number(byte !== b[i]), 0) : 0
  if (count > report.bytes.changed) throw new Wrong(`${count} bytes differ, ${report.bytes.changed} are reported`)
}
