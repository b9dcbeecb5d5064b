import { setFlagsFromString } from 'node:v8'

/** V8's flags for what is left of a job when `above` nodes and stored tensors have been read; the first row that fits counts. */
const TUNINGS: readonly { readonly above: number; readonly flags: readonly string[] }[] = [
  // V8 lets the heap grow far ahead of its use, which pays in a process that lives on. A command ends soon: with a heap that is kept small a
  // model of 100,000 tensors takes 195 MiB instead of 260, for a third more time; one of a thousand takes a tenth more time for nothing
  { above: 20_000, flags: ['--heap-growing-percent=10', '--optimize-for-size'] },
  // code is optimized for loops three times as long: of what it optimizes by itself much is ready when the job is done, at a tenth of its time
  { above: 100, flags: ['--interrupt-budget=400000'] },
]

/**
 * Tells V8 how much there is to do. Not before the program is loaded: what was compiled ahead, in Node itself too, is for other flags, which is
 * why the smallest jobs are left alone.
 */
export function tuneEngine(count: number): void {
  for (const flag of TUNINGS.find(({ above }) => count > above)?.flags ?? []) setFlagsFromString(flag)
}
