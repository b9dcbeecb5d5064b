import type { InitializerSpec } from '../types.js'

type Parameters = InitializerSpec['parameters']
const times = (p: Parameters, factor: number, ...keys: readonly string[]): Parameters => ({
  ...p,
  ...Object.fromEntries(keys.map((key) => [key, plain((p[key] as number) * factor)])),
})
const plain = (value: number) => Number(value.toPrecision(9))
const gain = (p: Parameters, factor: number) => times(p, factor, 'gain')

/** How an initializer's values become `factor` times as large: of those that `auto` chooses for what can be scaled, or that stand for old moments. */
const scales: Readonly<Record<string, (p: Parameters, factor: number) => InitializerSpec['parameters']>> = {
  xavier_normal: gain,
  he_normal: gain,
  normal: (p, factor) => times(p, factor, 'mean', 'std'),
  constant: (p, factor) => times(p, factor, 'value'),
  trunc_normal: (p, factor) => times(p, factor, 'mean', 'std', 'a', 'b'),
}

/** The same draw, `factor` (above 0) times as large; null where the initializer has no magnitude: zeros. */
export function scaled({ name, parameters }: InitializerSpec, factor: number): InitializerSpec | null {
  if (name === 'lecun_normal')
    return { name: 'he_normal', parameters: { mode: 'fan_in', gain: factor, truncated: parameters.truncated ?? false } }
  if (name === 'ones') return { name: 'constant', parameters: { value: factor } }
  const scale = Object.hasOwn(scales, name) ? scales[name] : undefined
  return scale ? { name, parameters: scale(parameters, factor) } : null
}
