import { existsSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ioError } from '../bytes/ioError.js'
import { usage } from '../errors.js'
import { formats } from '../report/formats.js'
import type { AnyReport, Write } from '../report/report.js'
import type { Parsed } from './command.js'
import { type Io, lookOf, type Output, print } from './io.js'

export interface ReportFile {
  readonly path: string
  load(this: void): Promise<Write>
}

/**
 * Where --report goes, judged before any work: an unknown ending, a folder that is not there and a file that holds something are refused.
 * `taken`: paths that the job reads or writes itself.
 */
export function reportFile({ given }: Parsed<object>, taken: readonly string[]): ReportFile | null {
  const path = given.get('report')?.[0]
  if (path === undefined) return null
  const known = Object.values(formats).filter((format) => format.ending !== null)
  const format = known.find(({ ending }) => path.toLowerCase().endsWith(ending as string))
  if (!format) throw usage(`--report ${path}: the ending says the format, one of ${known.map((f) => f.ending).join(', ')}.`)
  if (taken.some((other) => resolve(other) === resolve(path))) throw usage(`--report ${path} is a file of this job: give another name.`)
  if (!existsSync(dirname(resolve(path)))) throw usage(`--report ${path}: there is no folder ${dirname(path)}.`)
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > 0 && !given.has('overwrite')) throw usage(`--report ${path} exists: give --overwrite or another name.`)
  return { path, load: format.load }
}

/** The report, where the flags say: JSON or text on `stream`, and a file. */
export async function deliver(
  report: AnyReport,
  { given }: Parsed<object>,
  file: ReportFile | null,
  io: Io,
  stream: Output,
): Promise<void> {
  const look = lookOf(stream, io.env, given.has('verbose'))
  if (file) await save(file, (await file.load())(report, { ...look, columns: null, color: false, unicode: true }))
  if (given.has('json')) await print(stream, (await formats.json.load())(report, look))
  else if (!given.has('quiet')) await print(stream, (await formats.text.load())(report, look))
}

async function save({ path }: ReportFile, chunks: Iterable<string>): Promise<void> {
  try {
    const file = await open(path, 'w')
    try {
      for (const chunk of chunks) await file.write(chunk)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw ioError(error, `The report ${path} can't be written`)
  }
}
