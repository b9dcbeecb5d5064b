import type { FillTarget } from '../../src/types.js'

/** A Linear weight [out, in] as initializers are told of it. */
export function linear(out: number, inn: number, given: Partial<FillTarget> = {}): FillTarget {
  return {
    dims: [out, inn],
    elementCount: out * inn,
    dataType: 'FLOAT',
    fan: { fanIn: inn, fanOut: out },
    layout: ['out', 'in'],
    groups: 1,
    stacked: 1,
    role: 'weight',
    opType: 'Gemm',
    activation: null,
    scope: '',
    name: 'fc.weight',
    ...given,
  }
}
