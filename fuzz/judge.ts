import { existsSync } from 'node:fs'
import { Wrong } from './attempt.js'
import { clear } from './folder.js'
import type { Input } from './input.js'
import { judgeReinit } from './judgeReinit.js'
import { judgeShared } from './judgeShared.js'
import { judgeSkeleton } from './judgeSkeleton.js'

export type Verdict =
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly message: string }
  /** Scrambled, but what was learned stands in what stays too: nothing is written. */
  | { readonly kind: 'caught'; readonly message: string }
  | { readonly kind: 'wrong'; readonly what: string }

/** Does an input's job on it, in an empty folder, and says whether that was right: by rules that hold for any input. */
export async function judge(input: Input, folder: string): Promise<Verdict> {
  try {
    if (existsSync(folder)) clear(folder)
    if (input.job === 'share') return await judgeShared(input, folder)
    return await (input.job === 'reinit' ? judgeReinit(input, folder) : judgeSkeleton(input, folder))
  } catch (error) {
    return {
      kind: 'wrong',
      what: error instanceof Wrong ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  }
}
