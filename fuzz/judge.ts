import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { diff } from '../src/diff.js'
import { ReinitError } from '../src/errors.js'
import { inspect } from '../src/inspect.js'
import { reinit } from '../src/reinit.js'
import { formats } from '../src/report/formats.js'
import type { ReinitReport } from '../src/reports.js'
import type { Input } from './input.js'

export type Verdict =
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'wrong'; readonly what: string }

/**
 * Inspects, plans, writes and compares one input in an empty folder. Right is: a result of which every byte is proven and only reported
 * tensors differ, or a refusal of one line with the folder as it was.
 */
export async function judge(input: Input, folder: string): Promise<Verdict> {
  try {
    return await follow(input, folder)
  } catch (error) {
    return { kind: 'wrong', what: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

const LOOK = { columns: 80, color: false, unicode: true, verbose: true }
/** What a report may never hold as it is, whatever the file says; line feeds are its own. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

async function follow({ model, files, options, output }: Input, folder: string): Promise<Verdict> {
  const path = join(folder, 'in/m.onnx')
  const given = { 'm.onnx': model, ...files }
  if (existsSync(folder)) clear(folder)
  lay(join(folder, 'in'), given)
  mkdirSync(join(folder, 'in/o'))
  const before = snapshot(folder)
  let report: ReinitReport
  let isShifted = false
  try {
    const inspected = await inspect(path, { stats: true, ...(options.fan ? { fan: options.fan } : {}) })
    await draw({ of: 'inspect', report: inspected })
    // varints of other lengths move what is between them
    isShifted = inspected.parameters.some((p) => p.storage === 'int32_data')
    report = await reinit(path, { ...options, ...(options.inPlace ? {} : { output: join(folder, 'in', output) }) })
  } catch (error) {
    if (!(error instanceof ReinitError)) throw error
    const changed = differences(before, snapshot(folder))
    if (changed.length > 0) return { kind: 'wrong', what: `refused (${error.message}), yet changed: ${changed.join(', ')}` }
    if (/[\r\n]/.test(error.message) || error.message.length > 5002)
      return { kind: 'wrong', what: `a message of several lines or ${error.message.length} characters: ${error.message.slice(0, 3000)}` }
    return error.code === 'proof' ? { kind: 'wrong', what: error.message } : { kind: 'refused', message: error.message }
  }
  await draw({ of: 'reinit', report })
  const { inPlace = false, featureExtractor: isCut = false } = options
  return (await wrongIn(report, given, folder, { inPlace, isCut, isShifted, before })) ?? { kind: 'written' }
}

async function draw(report: Parameters<Awaited<ReturnType<typeof formats.text.load>>>[0]): Promise<void> {
  for (const name of ['text', 'markdown', 'json'] as const) {
    const text = [...(await formats[name].load())(report, LOOK)].join('').replaceAll('\n', '')
    const found = UNSAFE.exec(text)
    if (found)
      throw new Error(
        `${name} holds ${JSON.stringify(found[0])} at ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 20))}`,
      )
  }
}

async function wrongIn(
  report: ReinitReport,
  given: Readonly<Record<string, Uint8Array>>,
  folder: string,
  {
    inPlace,
    isCut,
    isShifted,
    before,
  }: { readonly inPlace: boolean; readonly isCut: boolean; readonly isShifted: boolean; readonly before: Snapshot },
): Promise<Verdict | null> {
  const wrong = (what: string): Verdict => ({ kind: 'wrong', what })
  if (report.bytes.identicalOutside !== true) return wrong('bytes are not proven')
  const written = new Set(report.written)
  const changed = differences(before, snapshot(folder)).filter((f) => !written.has(f) && !report.written.some((w) => w.startsWith(f + sep)))
  if (changed.length > 0) return wrong(`written: ${[...written].join(', ')}, and changed: ${changed.join(', ')}`)
  const old = join(folder, 'old')
  lay(old, given)
  const after = inPlace ? join(folder, 'in/m.onnx') : (report.output as string)
  const { changed: differ, added, removed, restEqual, rest, outside } = await diff(join(old, 'm.onnx'), after)
  const names = new Set(report.changed.map((c) => c.name))
  const others = [...differ.map((d) => d.name), ...added].filter((name) => !names.has(name) && !report.head)
  if (others.length > 0 || (removed.length > 0 && !isCut))
    return wrong(`differ, and are not reported: ${others.join(', ')}; gone: ${removed.join(', ')}`)
  const isSplice = report.head || isCut || added.length > 0
  if (!restEqual && !isSplice) return wrong(`beside tensors: ${rest}, ${outside} outside`)
  if (isSplice || isShifted || Object.keys(report.model.externalFiles).length > 0) return null
  const [a, b] = [readFileSync(join(old, 'm.onnx')), readFileSync(after)]
  const count = a.length === b.length ? a.reduce((n, byte, i) => n + Number(byte !== b[i]), 0) : 0
  return count > report.bytes.changed ? wrong(`${count} bytes differ, ${report.bytes.changed} are reported`) : null
}

/** Writes files below a folder. */
function lay(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name)
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
}

/** Empties a folder: `rmSync` takes as long as a small model does. */
function clear(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) unlinkSync(path)
    else {
      clear(path)
      rmdirSync(path)
    }
  }
}

type Snapshot = ReadonlyMap<string, string>

function snapshot(folder: string, found = new Map<string, string>()): Snapshot {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) snapshot(path, found.set(path, 'folder'))
    else found.set(path, `${statSync(path).mtimeMs} ${readFileSync(path).toString('latin1')}`)
  }
  return found
}

const differences = (a: Snapshot, b: Snapshot): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path))
