import { setFlagsFromString } from 'node:v8'

/** V8's flags for what is left of a job when more than `above` nodes and stored tensors have been read. */
interface Tuning {
  readonly above: number
  /** Versions that know the flags: others would complain on stderr. */
  readonly v8: RegExp
  readonly flags: readonly string[]
}

const TUNINGS: readonly Tuning[] = [
  // code is optimized for loops three times as long: of what it optimizes by itself much is ready when the job is done, at a tenth of its time
  { above: 100, v8: /^11\.3\./, flags: ['--interrupt-budget=400000'] },
  // V8 lets the heap grow far ahead of its use, which pays in a process that lives on. A command ends soon: with a heap that is kept small a
  // model of 100,000 tensors takes 190 MiB instead of 260, for a third more time; one of a thousand takes a tenth more time for nothing. The
  // last: new objects have 1 MiB as at the start, or what they have by now, and not three times 16; most of them stay, or are gone at once
  { above: 16_000, v8: /^1[1-3]\./, flags: ['--heap-growing-percent=10', '--optimize-for-size', '--semi-space-growth-factor=1'] },
]

let tuned = 0

/**
 * Tells V8 how much there is to do; `count` grows while the model is read. Not before the program is loaded: what was compiled ahead, in Node
 * itself too, is for other flags, which is why the smallest jobs are left alone.
 */
export function tuneEngine(count: number): void {
  for (let next = TUNINGS[tuned]; next && count > next.above; next = TUNINGS[++tuned])
    if (next.v8.test(process.versions.v8)) for (const flag of next.flags) setFlagsFromString(flag)
}
