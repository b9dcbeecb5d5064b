import { chmodSync, chownSync, closeSync, fstatSync, ftruncateSync, openSync, statSync } from 'node:fs'
import type { Plan, PlannedFile } from '../types.js'

/**
 * A file of zeros. In the end it has the mode and owner of the file that it replaces, else the mode of its source under the user's umask, and
 * its owner may write it.
 */
export function createFile(
  { path: final, source, byteLength }: PlannedFile,
  path: string,
  plan: Pick<Plan, 'output' | 'overwrite' | 'inPlace'>,
): () => void {
  const replaced = plan.output !== null && (plan.overwrite || plan.inPlace) ? statSync(final, { throwIfNoEntry: false }) : undefined
  const descriptor = openSync(path, 'wx', ((source ? statSync(source.path).mode : 0o666) | 0o200) & 0o777)
  try {
    const created = fstatSync(descriptor)
    ftruncateSync(descriptor, byteLength)
    return () => {
      if (replaced && (replaced.uid !== created.uid || replaced.gid !== created.gid)) giveTo(path, replaced.uid, replaced.gid)
      chmodSync(path, (replaced ?? created).mode & 0o7777)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Only root can give files away: where it fails the file is the user's own, like any that he makes. */
function giveTo(path: string, user: number, group: number): void {
  try {
    chownSync(path, user, group)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}
