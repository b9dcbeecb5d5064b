// What the library takes and gives: the options, and the reports that are the JSON of the command line (docs in README).

export * from './reports/options.js'
export type * from './reports/reinit.js'
export type * from './reports/diff.js'
export type * from './reports/scramble.js'
export * from './reports/skeletons.js'
export type * from './reports/audit.js'
