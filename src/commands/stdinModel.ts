import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ioError } from '../bytes/ioError.js'
import { closeStaging, leftoverNote, openStaging, removeLeftovers } from '../bytes/staging.js'
import { ReinitError, usage } from '../errors.js'
import { type Io, print } from './io.js'

/** A folder of the job's own, gone when the job ends in whatever way, a killed one at the next; messages don't speak of it. */
export async function inTemporaryFolder<T>({ stderr }: Io, job: (folder: string) => Promise<T>): Promise<T> {
  const leftovers = removeLeftovers(tmpdir())
  await print(
    stderr,
    leftovers.map((path) => `onnx-reinit: ${leftoverNote(path)}\n`),
  )
  let folder: string
  try {
    folder = openStaging(tmpdir(), randomUUID())
  } catch (error) {
    throw ioError(error, `A folder in ${tmpdir()} can't be made`)
  }
  try {
    return await job(folder)
  } catch (error) {
    throw error instanceof ReinitError ? new ReinitError(error.code, error.message.replaceAll(folder + sep, '')) : error
  } finally {
    closeStaging(folder)
  }
}

/** A model is read by position, which a pipe can't: stdin goes to a file first. Its external data would have no folder. */
export async function spoolStdin({ stdin, signal }: Io, folder: string): Promise<string> {
  if (stdin.isTTY) throw usage('The model - is stdin, which is a terminal: pipe a model into it.')
  const path = join(folder, 'stdin')
  try {
    await pipeline(stdin, createWriteStream(path), { signal })
  } catch (error) {
    throw new ReinitError('io', `stdin can't be read: ${(error as Error).message}.`)
  }
  return path
}

/** A job on a model that is a file, or stdin: then its report is `named` by what the user gave. */
export async function onModel<R>(model: string, io: Io, job: (path: string) => Promise<R>, named: (report: R) => R): Promise<R> {
  return model === '-' ? inTemporaryFolder(io, async (folder) => named(await job(await spoolStdin(io, folder)))) : job(model)
}
