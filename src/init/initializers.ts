import { usage } from '../errors.js'
import type { Distribution, FillTarget } from '../types.js'
import { normals, uniforms } from './draw.js'
import { stream } from './philox.js'

type Rule = (target: FillTarget, gain: number) => { family: 'normal' | 'uniform'; std: number }

const xavier = ({ fan }: FillTarget, gain: number) => gain * Math.sqrt(2 / (fan.fanIn + fan.fanOut))
const he = ({ fan }: FillTarget, gain: number) => gain / Math.sqrt(fan.fanIn)

/** Initializers by name: family, standard deviation and default gain (Glorot & Bengio 2010, He et al. 2015). */
export const initializers: Readonly<Record<string, { readonly gain: number; readonly rule: Rule }>> = {
  xavier_uniform: { gain: 1, rule: (t, gain) => ({ family: 'uniform', std: xavier(t, gain) }) },
  xavier_normal: { gain: 1, rule: (t, gain) => ({ family: 'normal', std: xavier(t, gain) }) },
  he_uniform: { gain: Math.SQRT2, rule: (t, gain) => ({ family: 'uniform', std: he(t, gain) }) },
  he_normal: { gain: Math.SQRT2, rule: (t, gain) => ({ family: 'normal', std: he(t, gain) }) },
}

/** The canonical name of an initializer: glorot is xavier, kaiming is he. */
export function initializerName(given: string): string {
  const name = given.replace(/^glorot_/, 'xavier_').replace(/^kaiming_/, 'he_')
  if (!Object.hasOwn(initializers, name))
    throw usage(`Unknown initializer ${JSON.stringify(given)}: use ${Object.keys(initializers).join(', ')}.`)
  return name
}

/** A fill of any chunk of the tensor, and the distribution that it has. */
export function makeFill(name: string, target: FillTarget, givenGain?: number) {
  const { gain: standard, rule } = initializers[name] as (typeof initializers)[string]
  const gain = givenGain ?? standard
  const { family, std } = rule(target, gain)
  const bound = Math.fround(Math.sqrt(3) * std)
  const scale = Math.fround(family === 'uniform' ? 2 * bound : std)
  const offset = family === 'uniform' ? -bound : 0
  const source = stream(target.seed, target.scope, target.name)
  const draw = family === 'uniform' ? uniforms : normals
  const distribution: Distribution = {
    family,
    mean: 0,
    std,
    min: family === 'uniform' ? -bound : null,
    max: family === 'uniform' ? bound : null,
  }
  const fill = (out: Float32Array | Float64Array, start: number) => {
    draw(source, out, start)
    for (let i = 0; i < out.length; i++) out[i] = Math.fround(Math.fround((out[i] as number) * scale) + offset)
  }
  return { gain, distribution, fill }
}
