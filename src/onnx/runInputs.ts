import type { Model, Value } from '../types.js'

/** What a run of a model has to be given: inputs of the main graph that are no initializers. */
export const runInputs = ({ graph }: Model): Value[] => graph.inputs.filter((v) => graph.defined.get(v.name) === v)
