/** Four digits: 0.03637, 1,234, 1.2e-7; '' for null. */
export function number(value: number | null): string {
  if (value === null) return ''
  if (!Number.isFinite(value)) return String(value)
  const rounded = Number(value.toPrecision(4))
  const size = Math.abs(rounded)
  if (rounded !== 0 && (size < 1e-4 || size >= 1e7)) return rounded.toExponential()
  const [whole, fraction] = String(rounded).split('.') as [string, string | undefined]
  return grouped(whole) + (fraction === undefined ? '' : `.${fraction}`)
}

/** 46,826,871 */
export const count = (value: number) => grouped(String(value))

const grouped = (digits: string) => digits.replace(/\B(?=(\d{3})+$)/g, ',')

/** 812 values, 1.2 M values */
export function values(value: number): string {
  const [scale, unit] = value >= 1e9 ? [1e9, 'G'] : value >= 1e6 ? [1e6, 'M'] : [1, '']
  return unit === '' ? things(value, 'value') : `${(value / scale).toFixed(1)} ${unit} values`
}

/** 1 layer, 21 layers */
export const things = (value: number, noun: string) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

const BYTE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** 46.8 MB (decimal units, three digits) */
export function bytes(value: number): string {
  let power = 0
  while (power < 4 && Number((value / 1000 ** power).toPrecision(3)) >= 1000) power++
  return `${Number((value / 1000 ** power).toPrecision(3))} ${BYTE_UNITS[power]}`
}

/** [1000, 512] */
export const shape = (dims: readonly (number | string | null)[]) => `[${dims.map((d) => d ?? '?').join(', ')}]`

/** 0.3 s */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000
  return `${value < 0.1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : value.toFixed(0)} s`
}
