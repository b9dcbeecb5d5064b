import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Real paths of many files, as `realpathSync` gives them; a folder that several are in is resolved once. */
export function realPaths(): (path: string) => string {
  const folders = new Map<string, string>()
  return (path) => {
    if (lstatSync(path).isSymbolicLink()) return realpathSync(path)
    const folder = dirname(path)
    const real = folders.get(folder) ?? realpathSync(folder)
    folders.set(folder, real)
    return join(real, basename(path))
  }
}
