// node:fs with every call counted, of which one can be made to fail, or to be the last that the process makes.
import type * as Fs from 'node:fs'
import type * as FsPromises from 'node:fs/promises'

/** What the write path asks the system for. */
const CALLS = [
  'openSync',
  'closeSync',
  'readSync',
  'writeSync',
  'write',
  'ftruncateSync',
  'truncateSync',
  'fsyncSync',
  'fstatSync',
  'statSync',
  'lstatSync',
  'readdirSync',
  'realpathSync',
  'mkdirSync',
  'rmSync',
  'rmdirSync',
  'renameSync',
  'linkSync',
  'unlinkSync',
  'chmodSync',
  'chownSync',
  'copyFile',
  'copyFileSync',
] as const
type Call = (typeof CALLS)[number]

/** An errno; the end of the process: that call is not made, nor any after it; or a write of which one bit reaches the disk changed. */
export type Fault = 'EIO' | 'ENOSPC' | 'EACCES' | 'death' | 'flip'
export class Death extends Error {}

interface Armed {
  readonly at: number
  readonly fault: Fault
}
const state: { armed: Armed | null; isCounting: boolean; calls: { readonly name: Call; readonly path: string }[]; isDead: boolean } = {
  armed: null,
  isCounting: false,
  calls: [],
  isDead: false,
}

/** Runs a job with a fault at one of its calls (null: none), and gives the calls that it made. */
export async function withFault(armed: Armed | null, job: () => Promise<unknown>) {
  Object.assign(state, { armed, isCounting: true, calls: [], isDead: false })
  try {
    await job()
    return { calls: state.calls, error: null, isDead: state.isDead }
  } catch (error) {
    return { calls: state.calls, error, isDead: state.isDead }
  } finally {
    Object.assign(state, { armed: null, isCounting: false, isDead: false })
  }
}

/** The module with its calls wrapped. */
export function faulty<T extends typeof Fs | typeof FsPromises>(original: T): T {
  const wrapped = Object.fromEntries(
    CALLS.flatMap((name) => {
      const call = (original as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>)[name]
      return call ? [[name, (...args: unknown[]) => checked(name, args, call)]] : []
    }),
  )
  return { ...original, ...wrapped, default: { ...original, ...wrapped } }
}

function checked(name: Call, args: readonly unknown[], call: (...args: unknown[]) => unknown): unknown {
  if (!state.isCounting) return call(...args)
  if (state.isDead) throw new Death(`${name} after death`)
  const { armed, calls } = state
  calls.push({ name, path: String(args[0]) })
  if (armed?.at !== calls.length - 1) return call(...args)
  if (armed.fault === 'death') {
    state.isDead = true
    throw new Death(name)
  }
  if (armed.fault === 'flip') {
    const [descriptor, bytes, offset = 0, ...rest] = args as [number, Uint8Array, number?, ...unknown[]]
    const changed = Uint8Array.from(bytes)
    changed[offset] = (changed[offset] as number) ^ 1
    return call(descriptor, changed, offset, ...rest)
  }
  // a descriptor is gone even where closing it fails
  if (name === 'closeSync') call(...args)
  throw Object.assign(new Error(`${armed.fault}: no reason, ${name}`), { code: armed.fault, syscall: name.replace('Sync', '') })
}
