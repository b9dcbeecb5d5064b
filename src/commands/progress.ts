import type { OnProgress, OnRead } from '../reports.js'
import type { Io } from './io.js'
import { tuneEngine } from './tuneEngine.js'

/** Short jobs show nothing; later the line is redrawn this often. */
const FIRST_AFTER_MS = 500
const EVERY_MS = 100
const BAR = 24

/** What the process adds to the options of every library call. */
export interface Attended {
  readonly signal: AbortSignal
  readonly onProgress?: OnProgress
  readonly onRead: OnRead
}

/** A library call that signals can stop, with a line on stderr that follows long work, on a terminal only. */
export async function attend<T>(io: Io, isQuiet: boolean, job: (options: Attended) => Promise<T>): Promise<T> {
  const { env, signal } = io
  if (isQuiet || env['TERM'] === 'dumb') return job({ signal, onRead: tuneEngine })
  let due = Date.now() + FIRST_AFTER_MS
  let isShown = false
  const onProgress: OnProgress = (stage, done, total) => {
    const now = Date.now()
    if (now < due || total <= 0 || io.stderr.isTTY !== true) return
    due = now + EVERY_MS
    isShown = true
    const share = Math.min(1, done / total)
    const bar = '#'.repeat(Math.round(share * BAR)).padEnd(BAR, '-')
    io.stderr.write(`\r${stage} [${bar}] ${Math.floor(share * 100)} %\x1b[K`)
  }
  try {
    return await job({ signal, onProgress, onRead: tuneEngine })
  } finally {
    if (isShown) io.stderr.write('\r\x1b[K')
  }
}
