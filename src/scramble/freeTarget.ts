import type { FillTarget } from '../types.js'

/** A tensor in no slot: no fans, no layout, nothing that follows. */
export const freeTarget = (tensor: Pick<FillTarget, 'dims' | 'elementCount' | 'dataType' | 'scope' | 'name'>): FillTarget => ({
  ...tensor,
  fan: null,
  layout: [],
  groups: 1,
  stacked: 1,
  role: 'position',
  opType: '',
  activation: null,
})
