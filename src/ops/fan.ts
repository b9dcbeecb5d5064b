import type { AxisRole, Fan } from '../types.js'

/** fan = ∏ in (or out) axes × receptive field (∏ spatial axes); of grouped axes only a group's part counts, batch axes nothing. */
export function fanOf(dims: readonly number[], layout: readonly AxisRole[], groups: number, grouped: AxisRole): Fan {
  const product = (role: AxisRole) => dims.reduce((n, dim, i) => (layout[i] === role ? n * dim : n), 1)
  const per = (role: AxisRole) => product(role) / (grouped === role ? groups : 1)
  return { fanIn: per('in') * product('spatial'), fanOut: per('out') * product('spatial') }
}
