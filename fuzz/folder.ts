// The folder that an input is judged in: what is put there, and what becomes of it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Writes files below a folder. */
export function lay(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name)
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
}

/** Empties a folder: `rmSync` takes as long as a small model does. */
export function clear(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) unlinkSync(path)
    else {
      clear(path)
      rmdirSync(path)
    }
  }
}

export type Snapshot = ReadonlyMap<string, string>

export function snapshot(folder: string, found = new Map<string, string>()): Snapshot {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) snapshot(path, found.set(path, 'folder'))
    else found.set(path, `${statSync(path).mtimeMs} ${readFileSync(path).toString('latin1')}`)
  }
  return found
}

/** Paths of what is new, gone or other. */
export const differences = (a: Snapshot, b: Snapshot): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path))
