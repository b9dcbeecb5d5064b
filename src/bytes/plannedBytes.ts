import type { Plan } from '../types.js'

/** Of all files of a plan, as they will be. */
export const plannedBytes = ({ files }: Pick<Plan, 'files'>): number => files.reduce((sum, f) => sum + f.byteLength, 0)

/** Of them, those that are drawn. */
export const drawnBytes = ({ files }: Pick<Plan, 'files'>): number =>
  files.reduce((n, f) => n + f.patches.reduce((m, p) => m + (p.content.kind === 'values' ? p.byteLength : 0), 0), 0)
