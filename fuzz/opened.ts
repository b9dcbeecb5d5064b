// Which files a job opens, reads or writes: what no report and no folder tells.
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** Calls of node:fs that take a path and get at what is in the file, or put something there; with how many paths. */
const CALLS = {
  openSync: 1,
  readFileSync: 1,
  writeFileSync: 1,
  appendFileSync: 1,
  createReadStream: 1,
  createWriteStream: 1,
  truncateSync: 1,
  mkdirSync: 1,
  rmSync: 1,
  rmdirSync: 1,
  unlinkSync: 1,
  renameSync: 2,
  linkSync: 2,
  copyFileSync: 2,
} as const
const PROMISES = { open: 1, copyFile: 2, readFile: 1, writeFile: 1 } as const

let paths: string[] | null = null

function watch(module: object, calls: Readonly<Record<string, number>>): void {
  const functions = module as Record<string, (...args: unknown[]) => unknown>
  for (const [name, count] of Object.entries(calls)) {
    const call = functions[name]
    if (call)
      functions[name] = (...args) => {
        // a descriptor was a path before
        paths?.push(...args.slice(0, count).flatMap((path) => (typeof path === 'number' ? [] : [String(path)])))
        return call.apply(module, args)
      }
  }
}
watch(fs, CALLS)
watch(promises, PROMISES)
syncBuiltinESMExports()

/** The paths that a job gives to the system, of which it is the only one at work. */
export async function openedBy<T>(job: () => Promise<T>): Promise<{ readonly result: T; readonly opened: readonly string[] }> {
  const opened: string[] = []
  paths = opened
  try {
    return { result: await job(), opened }
  } finally {
    paths = null
  }
}
