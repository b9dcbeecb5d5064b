import type { Check } from '../types.js'

/** Passed where the statistic is not above the limit; NaN is not passed. */
export const check = (name: string, statistic: number, limit: number): Check => ({ name, passed: statistic <= limit, statistic, limit })
