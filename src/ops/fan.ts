import type { AxisRole, Fan, FanKind } from '../types.js'

/** What the fan formula asks of one slot: the operand's axis sizes with their roles, and how the operator uses them. */
export interface FanShape {
  readonly sizes: readonly number[]
  readonly roles: readonly AxisRole[]
  /** The axis that holds all groups at once: out for Conv, in for ConvTranspose. */
  readonly grouped: 'in' | 'out' | null
  readonly groups: number
  /** Width of one matrix along the out axis where several are stacked; null for one. */
  readonly width: number | null
  /** Product of the strides. */
  readonly strides: number
  /** torch's tensor has the in axis first (ConvTranspose, Embedding), where its formula looks for out. */
  readonly inFirst: boolean
}

/**
 * The one formula: fan = ∏ in (or out) axes × receptive field (∏ spatial axes), a group, a gate, a packed matrix at a time; batch axes
 * count nothing. `torch` is torch.nn.init._calculate_fan_in_and_fan_out of the tensor in the framework's layout: no groups, no gates,
 * ConvTranspose's axes as stored (so swapped), all axes behind the second as receptive field. `effective` divides by the strides the
 * fan on the grouped axis' side: fan_in of a ConvTranspose, fan_out of a Conv.
 */
export function fanOf(shape: FanShape, kind: FanKind): Fan {
  const { sizes, roles, grouped, groups, width, strides, inFirst } = shape
  const product = (role: AxisRole) => sizes.reduce((n, size, i) => (roles[i] === role ? n * size : n), 1)
  const field = product('spatial')
  if (kind === 'torch') {
    if (roles[0] === 'batch' && width === null) {
      const [first = 1, second = 1, ...rest] = sizes
      const behind = rest.reduce((n, d) => n * d, 1)
      return { fanIn: second * behind, fanOut: first * behind }
    }
    const [a, b] = [product('in') * field, product('out') * field]
    return inFirst ? { fanIn: b, fanOut: a } : { fanIn: a, fanOut: b }
  }
  const per = (role: 'in' | 'out') => (grouped === role ? groups : 1) * (kind === 'effective' && grouped === role ? strides : 1)
  const out = width === null ? product('out') : Math.min(product('out'), width)
  return { fanIn: (product('in') * field) / per('in'), fanOut: (out * field) / per('out') }
}
