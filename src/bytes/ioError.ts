import { ReinitError } from '../errors.js'

/** What the system says, in words that tell what to do. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied: change its mode, or give another folder with -o',
  EPERM: 'permission denied: change its mode, or give another folder with -o',
  EROFS: 'the file system is read-only: give another folder with -o',
  ENOSPC: 'no space left on the disk: free some, or give another folder with -o',
  EDQUOT: 'the disk quota is used up: free some, or give another folder with -o',
  EFBIG: 'the file system does not hold files of this size: give another folder with -o',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
  ENFILE: 'too many files are open: raise the limit (ulimit -n)',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'its links go in circles',
  ENAMETOOLONG: 'the name is too long: give a shorter one with -o',
  EIO: 'the disk reports an error',
}

/** An error of the file system as one line, "WHAT: reason"; others (a refusal of ours, a mistake in the program) as they are. */
export function ioError(error: unknown, what: string): unknown {
  if (error instanceof ReinitError || !(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error
  const code = String(error.code)
  return new ReinitError('io', `${what}: ${reasons[code] ?? code}.`)
}
