import { ReinitError, usage } from '../errors.js'
import { initializers } from '../init/initializers.js'
import { resolveInitializer } from '../init/resolveInitializer.js'
import type { ReinitOptions, Rule } from '../reports.js'
import type { InitializerSpec } from '../types.js'
import { ruleKeys } from './keys.js'

/** A rule whose initializer has all its parameters: resolving it again changes nothing. */
export interface ResolvedRule extends Omit<Rule, 'init' | (typeof folded)[number]> {
  readonly init: InitializerSpec
  /** Absent: the initializer has a rule for biases of its own. */
  readonly bias?: NonNullable<Rule['bias']>
  /** Nothing of the old values stays: every role goes by `init`, and zero points that differ by block go to the middle. */
  readonly fresh?: true
}
/** Keys that are parameters of the initializer in the end. */
const folded = ['gain', 'mode', 'nonlinearity', 'negativeSlope'] as const

/**
 * The rules of a job, in order: `rules`, and behind them what stands beside, where any of it is given.
 * @throws ReinitError `usage` where an initializer is unknown or has not the parameters that it is given.
 */
export function resolveRules(options: ReinitOptions): readonly ResolvedRule[] {
  const { rules = [] } = options
  const listed = rules.map((rule, i) => resolveRule({ where: `rule ${i + 1}`, ...rule }))
  const isOneMore = rules.length === 0 || Object.keys(ruleKeys).some((key) => options[key as keyof ReinitOptions] !== undefined)
  return isOneMore ? [...listed, resolveRule(options)] : listed
}

function resolveRule(rule: Rule): ResolvedRule {
  const said = Object.entries(rule).filter(([key, value]) => Object.hasOwn(ruleKeys, key) && value !== undefined && value !== false)
  const kept = said.filter(([key]) => !folded.some((other) => other === key))
  const init = initializerOf(rule)
  const bias = initializers[init.name]?.everyRole ? {} : { bias: 'zeros' as const }
  return { ...bias, ...Object.fromEntries(kept), ...(rule.where === undefined ? {} : { where: rule.where }), init }
}

const initializerOf = (rule: Rule): InitializerSpec =>
  within(rule, () => {
    if (rule.init === undefined) throw usage('No initializer is given: for example xavier_normal, he_normal, auto.')
    return resolveInitializer(rule.init, rule)
  })

/** What a rule is refused for says where it stands. */
export function within<T>({ where }: Pick<Rule, 'where'>, job: () => T): T {
  try {
    return job()
  } catch (error) {
    throw error instanceof ReinitError && where !== undefined ? new ReinitError(error.code, `${where}: ${error.message}`) : error
  }
}
