import type { Values } from '../types.js'
import { type Stream, wordsFrom } from './philox.js'

const CHUNK = 4096

/**
 * Fisher & Yates' shuffle (Durstenfeld 1964): for i = n−1 … 1 element i changes places with ⌊u·(i+1)⌋, u = (w ≫ 5)·2⁻²⁷ + (w' ≫ 6)·2⁻⁵³
 * of words w = 2(n−1−i) and w' = the next of the stream, all in double.
 */
export function shuffle(values: Values, source: Stream): void {
  const n = values.length
  const words = new Uint32Array(2 * CHUNK)
  for (let i = n - 1, step = 0; i > 0; i--, step++) {
    const at = 2 * (step % CHUNK)
    if (at === 0) wordsFrom(source, 2 * step, words)
    const u = ((words[at] as number) >>> 5) * 2 ** -27 + ((words[at + 1] as number) >>> 6) * 2 ** -53
    const j = Math.floor(u * (i + 1))
    const kept = values[i] as number
    values[i] = values[j] as number
    values[j] = kept
  }
}
