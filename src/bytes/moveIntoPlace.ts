import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import { ReinitError } from '../errors.js'

export interface Move {
  readonly from: string
  readonly to: string
}

/**
 * Moves files that are whole and synced to their names, in the order given; the last is the one that makes the others an output. At any
 * moment each name holds a whole file, old or new, or none, and where the last is there the others belong to it: where one of the others is
 * replaced, the old last file goes first (unless `keepLast`: each file is then of use without the others).
 * @throws ReinitError `conflict` where a name was taken meanwhile and `replace` is not set; what was moved is taken back.
 */
export function moveIntoPlace(moves: readonly Move[], { replace, keepLast }: { replace: boolean; keepLast: boolean }): void {
  const last = moves.at(-1)
  const folders = new Set(moves.map(({ to }) => dirname(to)))
  const made = [...folders].flatMap((folder) => mkdirSync(folder, { recursive: true }) ?? [])
  const done: string[] = []
  try {
    if (replace && !keepLast && last && moves.slice(0, -1).some(({ to }) => existsSync(to))) {
      rmSync(last.to, { force: true })
      syncFolder(dirname(last.to))
    }
    for (const move of moves) {
      // data is on the disk under its name before the model that needs it is
      if (move === last) for (const folder of folders) syncFolder(folder)
      if (replace) renameSync(move.from, move.to)
      else moveToFree(move)
      done.push(move.to)
    }
    if (last) syncFolder(dirname(last.to))
  } catch (error) {
    if (!replace) for (const path of done) rmSync(path, { force: true })
    if (!replace) for (const folder of folders) removeEmpty(folder, made)
    throw error
  }
}

/** A rename would replace what another process has put there meanwhile; a link does not. */
function moveToFree({ from, to }: Move): void {
  try {
    linkSync(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || existsSync(to))
      throw new ReinitError('conflict', `${to} was made by another program meanwhile: give --overwrite, or another name with -o.`)
    // a file system without hard links
    renameSync(from, to)
    return
  }
  unlinkSync(from)
}

/** Takes back a folder that was made, and those made for it, where nothing is in them. */
function removeEmpty(folder: string, made: readonly string[]): void {
  for (let f = folder; made.some((m) => f === m || f.startsWith(m + sep)); f = dirname(f)) {
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
