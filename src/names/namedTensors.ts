import { usage } from '../errors.js'
import type { Model, Tensor, Weight } from '../types.js'
import { matchPattern } from './matchPattern.js'
import { nearestNames } from './nearestNames.js'

/**
 * The tensors that a pattern names: parameters as --layers does, else any by its name. `called`: the flag; `where`: the models, in words.
 * @throws ReinitError `usage` where it matches nothing.
 */
export function namedTensors(
  models: readonly Model[],
  weights: readonly Weight[],
  pattern: string,
  called: string,
  where: string,
): readonly Tensor[] {
  const found = matchPattern(weights, pattern, called).map((w) => w.tensor)
  if (found.length === 0) found.push(...models.flatMap((model) => model.tensors.filter((t) => t.name === pattern)))
  if (found.length === 0)
    throw usage(`${called} ${JSON.stringify(pattern)} matches nothing in ${where}. Nearest: ${nearestNames(weights, pattern)}.`)
  return found
}
