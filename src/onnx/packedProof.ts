import { check } from '../init/check.js'
import type { Check, Moments, VerifiedFill } from '../types.js'
import { type Column, positions } from './read/column.js'

/** What proofs of like fills have in common, and the column that all numbers are in. */
interface Form {
  readonly numbers: Column<Float64Array>
  readonly names: readonly string[]
  readonly limits: readonly number[]
}

/** What is proven of a fill: in the column from `at` on are the moments before and after, then each check's statistic. */
class PackedProof implements VerifiedFill {
  constructor(
    private readonly form: Form,
    private readonly at: number,
    readonly sha256: string | null,
    readonly redrawn: boolean,
  ) {}
  get before(): Moments {
    return this.moments(this.at)
  }
  get after(): Moments {
    return this.moments(this.at + MOMENTS)
  }
  get checks(): Check[] {
    const first = this.at + 2 * MOMENTS
    const { numbers, names, limits } = this.form
    return names.map((name, i) => check(name, numbers.at(first + i), limits[i] as number))
  }
  private moments(at: number): Moments {
    const { numbers } = this.form
    return { mean: numbers.at(at), std: numbers.at(at + 1), min: numbers.at(at + 2), max: numbers.at(at + 3) }
  }
}

const MOMENTS = 4

/** Makes what is proven of many fills small. */
export function proofPacker(): (proof: VerifiedFill & { readonly before: Moments }) => VerifiedFill {
  const numbers = positions()
  const known = new Map<string, Form>()
  return ({ before, after, checks, sha256, redrawn }) => {
    const at = numbers.length
    for (const { mean, std, min, max } of [before, after]) for (const number of [mean, std, min, max]) numbers.push(number)
    for (const { statistic } of checks) numbers.push(statistic)
    const key = checks.map(({ name, limit }) => `${name} ${limit}`).join()
    const form = known.get(key) ?? { numbers, names: checks.map((c) => c.name), limits: checks.map((c) => c.limit) }
    known.set(key, form)
    return new PackedProof(form, at, sha256, redrawn)
  }
}
