import { usage } from '../errors.js'

const SEEDS = 2n ** 64n

/**
 * A seed, 0 … 2⁶⁴−1.
 * @throws ReinitError `usage` for anything else: NaN, negative, a fraction, too large, or a number above 2⁵³ (already rounded: give text or a bigint).
 */
export function parseSeed(given: string | number | bigint): bigint {
  if (typeof given === 'number' && Number.isInteger(given) && Math.abs(given) > Number.MAX_SAFE_INTEGER)
    throw usage(`Seed ${given} is above 2^53 and no longer exact as a number: give it as text.`)
  const text = typeof given === 'string' ? given.trim() : String(given)
  const seed = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n
  if (seed < 0n || seed >= SEEDS) throw usage(`Seed ${JSON.stringify(text)} is not a whole number from 0 to 2^64-1.`)
  return seed
}
