import type { Graph } from '../types.js'

/** Which graph it is, in two versions of a model: its scope, but that nodes without a name are not counted, of which a version may have fewer. */
export const graphPlace = ({ parent, owner, attribute, scope }: Graph): string =>
  parent && owner ? `${graphPlace(parent)}/${owner.name || owner.opType}/${attribute}` : scope
