import type { Stats } from 'node:fs'

/** What `statSync` or `lstatSync` says of a path; ENOENT and ENOTDIR (a file on the way) are both: not there. */
export function statIfThere(stat: (path: string) => Stats, path: string): Stats | null {
  try {
    return stat(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}
