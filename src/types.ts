// The nouns that pass between stages, in pipeline order. A file imports them from here.

export type * from './types/bytes.js'
export type * from './types/model.js'
export type * from './types/weights.js'
export type * from './types/fills.js'
export type * from './types/plan.js'
export type * from './types/proof.js'
export type * from './types/diff.js'
export type * from './types/audit.js'
export type * from './types/run.js'
export type * from './types/scramble.js'
