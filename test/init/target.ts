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

/** A Conv weight [out, in / groups, k, k]. */
export function convolution(out: number, inn: number, kernel: number, given: Partial<FillTarget> = {}): FillTarget {
  const perGroup = inn / (given.groups ?? 1)
  return {
    ...linear(out, perGroup),
    dims: [out, perGroup, kernel, kernel],
    elementCount: out * perGroup * kernel * kernel,
    fan: { fanIn: perGroup * kernel * kernel, fanOut: (out / (given.groups ?? 1)) * kernel * kernel },
    layout: ['out', 'in', 'spatial', 'spatial'],
    opType: 'Conv',
    name: 'conv.weight',
    ...given,
  }
}
