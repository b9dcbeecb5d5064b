import { isDeepStrictEqual } from 'node:util'
import type { FillTarget, PlannedFill, Weight } from '../types.js'

/** What fills of like tensors have in common. */
type Form = Omit<PlannedFill, 'weight' | 'part' | 'change' | 'bothWays'>

/** A fill of drawn values: its weight and its form, from which what is asked for is made. */
class LikeFill implements PlannedFill {
  constructor(
    readonly weight: Weight,
    private readonly form: Form,
  ) {}
  get target(): FillTarget {
    return { ...this.form.target, name: this.weight.tensor.name }
  }
  get initializer() {
    return this.form.initializer
  }
  get gain() {
    return this.form.gain
  }
  get distribution() {
    return this.form.distribution
  }
  get seed() {
    return this.form.seed
  }
  get rng() {
    return this.form.rng
  }
  get why() {
    return this.form.why
  }
}

/** The fill with changes: what one of many alike makes when asked is no property of its own, and would be lost in a spread. */
export function changedFill(fill: PlannedFill, changes: Partial<PlannedFill>): PlannedFill {
  const { weight, target, initializer, gain, distribution, seed, rng, why, part, bothWays } = fill
  return {
    weight,
    target,
    initializer,
    gain,
    distribution,
    seed,
    rng,
    why,
    ...(part && { part }),
    ...(bothWays && { bothWays }),
    ...changes,
  }
}

/** Makes fills small: many tensors of a model differ in their names alone. */
export function fillForms(): (fill: PlannedFill) => PlannedFill {
  // the last form of tensors that are used alike
  const known = new Map<string, Form>()
  return ({ weight, target, initializer, gain, distribution, seed, rng, why }) => {
    const form = { target: { ...target, name: '' }, initializer, gain, distribution, seed, rng, why }
    const key = `${target.role} ${target.dims.join()} ${target.scope}`
    const last = known.get(key)
    if (last && isDeepStrictEqual(last, form)) return new LikeFill(weight, last)
    known.set(key, form)
    return new LikeFill(weight, form)
  }
}
