export { ReinitError } from './errors.js'
export { inspect } from './inspect.js'
export { type Options as ReinitOptions, reinit } from './reinit.js'
export type { InspectOptions, InspectReport, SelectionOptions } from './types.js'
