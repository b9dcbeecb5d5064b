import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ReinitError, usage } from '../errors.js'
import type { Io } from './io.js'

/** A folder of the job's own, gone when the job ends in whatever way; messages don't speak of it. */
export async function inTemporaryFolder<T>(job: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-reinit-'))
  try {
    return await job(folder)
  } catch (error) {
    throw error instanceof ReinitError ? new ReinitError(error.code, error.message.replaceAll(folder + sep, '')) : error
  } finally {
    rmSync(folder, { recursive: true, force: true })
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
