import { createHash, randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ReinitError } from '../errors.js'

/** A run that is older is taken for dead though a process has its number: numbers are used again. */
const MAX_AGE_MS = 24 * 3600 * 1000

const short = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8)
/** .onnx-reinit-HOST-OUTPUT-PROCESS-RANDOM: whose it is, and what for, can be told from the name alone. */
const PATTERN = /^\.onnx-reinit-[0-9a-f]{8}-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}$/

/** Folders of this process; another one with its number is a leftover. */
const own = new Set<string>()

/**
 * A fresh folder in `parent`, on the file system of the output `name` that is made there.
 * @throws ReinitError `conflict` where another run is writing this output.
 */
export function openStaging(parent: string, name: string): string {
  const folder = join(parent, `.onnx-reinit-${short(hostname())}-${short(name)}-${process.pid}-${randomBytes(6).toString('hex')}`)
  mkdirSync(folder, { mode: 0o700 })
  own.add(folder)
  try {
    refuseOther(parent, name, folder)
    return folder
  } catch (error) {
    closeStaging(folder)
    throw error
  }
}

/** Both of two runs that start at once see the other one's folder: neither goes on, or one. */
function refuseOther(parent: string, name: string, folder: string): void {
  const other = stagings(parent).find((s) => s.output === short(name) && s.isAlive && s.folder !== folder)
  if (other)
    throw new ReinitError(
      'conflict',
      `Another run (process ${other.process}) is writing ${join(parent, name)}: wait for it, or give another name with -o.`,
    )
}

/** What can't be removed is a leftover: the next run finds it. */
export function closeStaging(folder: string): void {
  own.delete(folder)
  tryRemove(folder)
}

/** Removes what killed runs left in a folder, and gives the names of what is gone. */
export function removeLeftovers(parent: string): string[] {
  return leftovers(parent).filter(tryRemove)
}

/** In words. */
export const leftoverNote = (path: string): string => `removed ${path}, left behind by a run that was killed`

/** False where the system refuses: it is another user's. */
function tryRemove(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true, force: true })
    return true
  } catch {
    return false
  }
}

/** How many names a file (an inode) has in what killed runs left: links by which a staged model found its data. */
export function leftoverLinks(parent: string, inode: number): number {
  return leftovers(parent)
    .flatMap((folder) => (readdirSync(folder, { recursive: true }) as string[]).map((name) => join(folder, name)))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.ino === inode).length
}

const leftovers = (parent: string) => stagings(parent).flatMap((s) => (s.isAlive ? [] : [s.folder]))

/** The staging folders of this host; those of another host on a shared disk can't be judged and are left alone. */
function stagings(parent: string) {
  const ours = `.onnx-reinit-${short(hostname())}-`
  return readdirSync(parent).flatMap((name) => {
    const [, output, process] = (name.startsWith(ours) && PATTERN.exec(name)) || []
    if (process === undefined) return []
    const folder = join(parent, name)
    return [{ folder, output, process: Number(process), isAlive: isAlive(folder, Number(process)) }]
  })
}

function isAlive(folder: string, id: number): boolean {
  if (id === process.pid) return own.has(folder)
  try {
    process.kill(id, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0) < MAX_AGE_MS
}
