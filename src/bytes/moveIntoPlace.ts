import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import { ReinitError } from '../errors.js'

export interface Move {
  readonly from: string
  readonly to: string
}

/**
 * Moves files that are whole and synced to their names, in the order given; the last is the one that makes the others an output. At any
 * moment each name holds a whole file, old or new, or none, and where the last is there the others belong to it: where one of the others is
 * replaced, the old last file goes first (unless `keepLast`: each file is then of use without the others). On an error what was moved is
 * taken back, and what was replaced is put back.
 * @throws ReinitError `conflict` where a name was taken meanwhile and `replace` is not set.
 */
export function moveIntoPlace(moves: readonly Move[], { replace, keepLast }: { replace: boolean; keepLast: boolean }): void {
  const last = moves.at(-1)
  const folders = new Set(moves.map(({ to }) => dirname(to)))
  const made: string[] = []
  const undo: (() => void)[] = []
  try {
    for (const folder of folders) made.push(mkdirSync(folder, { recursive: true }) ?? '')
    const old = new Map(replace ? moves.flatMap(keepOld) : [])
    if (replace && !keepLast && last && moves.slice(0, -1).some(({ to }) => existsSync(to))) {
      undo.push(() => putBack(last.to, old.get(last.to)))
      rmSync(last.to, { force: true })
      syncFolder(dirname(last.to))
    }
    for (const move of moves) {
      // data is on the disk under its name before the model that needs it is
      if (move === last) for (const folder of folders) syncFolder(folder)
      if (replace) renameSync(move.from, move.to)
      else moveToFree(move)
      undo.push(() => putBack(move.to, old.get(move.to)))
    }
    if (last) syncFolder(dirname(last.to))
  } catch (error) {
    for (const step of undo.reverse()) step()
    for (const folder of folders) removeEmpty(folder, made)
    throw error
  }
}

/** A second name of the file that is to be replaced, beside the one that replaces it; null where it can't have one. */
function keepOld({ from, to }: Move): [to: string, kept: string | null][] {
  if (!existsSync(to)) return []
  const kept = `${from}.old`
  try {
    linkSync(to, kept)
    return [[to, kept]]
  } catch {
    return [[to, null]]
  }
}

/** The old file comes back, where it was kept; what was not there before goes. */
function putBack(path: string, kept: string | null | undefined): void {
  try {
    if (kept === undefined) rmSync(path, { force: true })
    else if (kept !== null) renameSync(kept, path)
  } catch {
    // nothing more can be done, and the first error is what matters
  }
}

/** A rename would replace what another process has put there meanwhile; a link does not. The first name goes with its folder. */
function moveToFree({ from, to }: Move): void {
  try {
    linkSync(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || existsSync(to))
      throw new ReinitError('conflict', `${to} was made by another program meanwhile: give --overwrite, or another name with -o.`)
    // a file system without hard links
    renameSync(from, to)
  }
}

/** Takes back a folder that was made, and those made for it, where nothing is in them. */
function removeEmpty(folder: string, made: readonly string[]): void {
  for (let f = folder; made.some((m) => m !== '' && (f === m || f.startsWith(m + sep))); f = dirname(f)) {
    try {
      rmdirSync(f)
    } catch {
      return
    }
  }
}

export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes names durable; some systems can't open or sync a folder, and have no need. */
function syncFolder(path: string): void {
  try {
    syncFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EIO' || code === 'ENOSPC' || code === 'EDQUOT') throw error
  }
}
