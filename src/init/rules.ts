import { usage } from '../errors.js'
import type { FillTarget, InitializerSpec, Moments } from '../types.js'
import { diracPlaces, eyePlaces } from './dirac.js'
import { type Matrices, matricesOf } from './frameworkOrder.js'
import { normalBelow } from './quantiles.js'
import { ROWS as MOST_ROWS, zerosPerColumn } from './sparse.js'

/** What is drawn, in the values' own units. A truncated normal's mean and std are its parent's, low and high absolute. */
export type Draw =
  | { readonly kind: 'constant'; readonly value: number /** What torch draws and throws away. */; readonly discarded?: RandomDraw }
  | RandomDraw
  | { readonly kind: 'placed'; readonly places: readonly number[]; readonly value: number }
  | { readonly kind: 'orthogonal'; readonly gain: number; readonly matrices: Matrices }
  | { readonly kind: 'sparse'; readonly std: number; readonly zeros: number; readonly matrices: Matrices }
  | { readonly kind: 'shuffle' }
  | { readonly kind: 'copy' }
export type RandomDraw = (
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly std: number }
  | { readonly kind: 'truncated_normal'; readonly mean: number; readonly std: number; readonly low: number; readonly high: number }
) & {
  /** Elements [start, end) that become zero after the draw. */
  readonly cleared?: readonly [number, number]
  /** Uniforms that torch draws after it and throws away. */
  readonly discards?: number
}

/** Another initializer, that this one comes down to for the tensor. */
export interface Chosen {
  readonly kind: 'chosen'
  readonly initializer: InitializerSpec
  readonly why: string
}

export type Parameters = InitializerSpec['parameters']
/** What a rule may ask for beyond the tensor's shape and place. */
export interface RuleContext {
  /** Moments of the values that are there. */
  readonly moments: () => Moments
  /** Matrices in torch's order: gates together. */
  readonly asTorch: boolean
}
/** An initializer's rule: resolved parameters and a tensor → what is drawn. Scalars are computed in torch's order. */
export type Rule = (parameters: Parameters, target: FillTarget, context: RuleContext) => Draw | Chosen

export type Shape = 'normal' | 'uniform' | 'truncated_normal'

/** The standard deviation of N(0,1) cut at ±2: JAX and Keras divide by it (flax and keras' truncated_normal, 0.87962566103423978). */
export const CUT_AT_TWO = 0.8796256610342398

/** √(2/(fan_in+fan_out)): Glorot & Bengio 2010, eq. 16. */
export const xavier =
  (shape: Shape): Rule =>
  (p, target) => {
    const { fanIn, fanOut } = fanOf(target)
    return spread(p.truncated === true ? 'truncated_normal' : shape, number(p, 'gain') * Math.sqrt(2 / (fanIn + fanOut)))
  }

/** gain/√fan: He et al. 2015, eq. 10 (fan_in) and 14 (fan_out). */
export const he =
  (shape: Shape): Rule =>
  (p, target) =>
    spread(p.truncated === true ? 'truncated_normal' : shape, number(p, 'gain') / Math.sqrt(fanBy(String(p.mode), target)))

/** √(1/fan_in): LeCun et al. 1998, §4.6. */
export const lecun =
  (shape: Shape): Rule =>
  (p, target) =>
    spread(p.truncated === true ? 'truncated_normal' : shape, Math.sqrt(1 / fanOf(target).fanIn))

/** √(scale/n): Keras' and JAX's family of them all. */
export const varianceScaling: Rule = (p, target) =>
  spread(p.distribution as Shape, Math.sqrt(number(p, 'scale') / fanBy(String(p.mode), target)))

export const constant: Rule = (p) => ({ kind: 'constant', value: number(p, 'value') })
export const uniform: Rule = (p) => {
  if (number(p, 'a') > number(p, 'b')) throw usage(`uniform: a = ${p.a} is above b = ${p.b}.`)
  return { kind: 'uniform', low: number(p, 'a'), high: number(p, 'b') }
}
export const normal: Rule = (p) => ({ kind: 'normal', mean: number(p, 'mean'), std: number(p, 'std') })

/** torch's and timm's: a and b are values. */
export const truncNormal: Rule = (p) => cut(p, number(p, 'a'), number(p, 'b'))
/** timm's trunc_normal_tf_: a and b count standard deviations from 0, and std and mean are applied after. */
export const truncNormalTf: Rule = (p) => {
  const [mean, std] = [number(p, 'mean'), number(p, 'std')]
  return cut(p, mean + number(p, 'a') * std, mean + number(p, 'b') * std)
}

function cut(p: Parameters, low: number, high: number): RandomDraw {
  if (number(p, 'a') >= number(p, 'b')) throw usage(`trunc_normal: a = ${p.a} is not below b = ${p.b}.`)
  const [mean, std] = [number(p, 'mean'), number(p, 'std')]
  const inside = std === 0 ? 1 : normalBelow((high - mean) / std) - normalBelow((low - mean) / std)
  if (inside < LEAST_INSIDE)
    throw usage(`trunc_normal: only ${inside.toPrecision(2)} of N(${mean}, ${std}²) lies between ${low} and ${high}: move a and b nearer.`)
  return { kind: 'truncated_normal', mean, std, low, high }
}
/** Six deviations out; the stream's polynomials end at nearly seven. */
const LEAST_INSIDE = 1e-9

/** A diagonal of gains, in each matrix. */
export const eye: Rule = (p, target, { asTorch }) => {
  if (target.layout.includes('spatial') || (target.layout.length === 0 && target.dims.length !== 2))
    throw usage(`eye needs a matrix, but tensor ${JSON.stringify(target.name)} is [${target.dims.join(', ')}]: take dirac.`)
  return { kind: 'placed', places: eyePlaces(matrices('eye', target, asTorch)), value: number(p, 'gain') }
}

export const dirac: Rule = (p, target) => ({ kind: 'placed', places: diracPlaces(target, number(p, 'groups') || target.groups), value: 1 })

export const orthogonal: Rule = (p, target, { asTorch }) =>
  orthogonalOf(number(p, 'gain'), matrices('orthogonal', p.per === 'tensor' ? { ...target, stacked: 1 } : target, asTorch))

/** Xiao et al. 2018: an orthogonal map of channels at the kernel's centre, (k−1)//2 as JAX has it, one a group. */
export const deltaOrthogonal: Rule = (p, { dims, groups, name }) => {
  if (dims.length < 3 || dims.length > 5)
    throw usage(`delta_orthogonal needs a convolution's 3 to 5 axes, but tensor ${JSON.stringify(name)} is [${dims.join(', ')}].`)
  const [outer, columns, ...kernel] = dims as [number, number, ...number[]]
  const rows = outer / groups
  if (outer % groups !== 0)
    throw usage(`delta_orthogonal: the ${outer} output channels of tensor ${JSON.stringify(name)} are not in ${groups} groups.`)
  if (columns > rows)
    throw usage(
      `delta_orthogonal needs no more input than output channels, but tensor ${JSON.stringify(name)} has ${columns} and ${rows} a group.`,
    )
  const size = kernel.reduce((a, b) => a * b, 1)
  const centre = kernel.reduce((at, k) => at * k + Math.floor((k - 1) / 2), 0)
  return orthogonalOf(number(p, 'gain'), {
    rows,
    columns,
    bases: Array.from({ length: groups }, (_, g) => g * rows * columns * size + centre),
    rowOffsets: Float64Array.from({ length: rows }, (_, r) => r * columns * size),
    columnOffsets: Float64Array.from({ length: columns }, (_, c) => c * size),
  })
}

const orthogonalOf = (gain: number, of: Matrices): Draw =>
  gain === 0 ? { kind: 'constant', value: 0 } : { kind: 'orthogonal', gain, matrices: of }

/** Martens 2010. */
export const sparse: Rule = (p, target, { asTorch }) => {
  const of = matrices('sparse', target, asTorch)
  if (of.rows > MOST_ROWS) throw usage(`sparse: tensor ${JSON.stringify(target.name)} has ${of.rows} rows, above ${MOST_ROWS}.`)
  return { kind: 'sparse', std: number(p, 'std'), zeros: zerosPerColumn(number(p, 'sparsity'), of.rows), matrices: of }
}

function matrices(initializer: string, target: FillTarget, asTorch: boolean): Matrices {
  const found = matricesOf(target, asTorch)
  if (found === null)
    throw usage(`${initializer} needs at least two axes, but tensor ${JSON.stringify(target.name)} is [${target.dims.join(', ')}].`)
  return found
}

/** The old values' mean and deviation, as a fresh draw. */
export const match: Rule = (p, target, { moments }) => {
  const { mean, std } = moments()
  if (!Number.isFinite(std)) throw usage(`match: the values of tensor ${JSON.stringify(target.name)} have no finite mean and deviation.`)
  if (p.distribution === 'normal') return { kind: 'normal', mean, std }
  return { kind: 'uniform', low: mean - Math.sqrt(3) * std, high: mean + Math.sqrt(3) * std }
}

/** Mean 0 and standard deviation `std`, in one of three shapes. */
function spread(shape: Shape, std: number): RandomDraw {
  if (shape === 'normal') return { kind: 'normal', mean: 0, std }
  const bound = Math.sqrt(3) * std
  if (shape === 'uniform') return { kind: 'uniform', low: -bound, high: bound }
  const parent = std / CUT_AT_TWO
  return { kind: 'truncated_normal', mean: 0, std: parent, low: -2 * parent, high: 2 * parent }
}

/** n of variance scaling. */
function fanBy(mode: string, target: FillTarget): number {
  const { fanIn, fanOut } = fanOf(target)
  if (mode === 'fan_in') return fanIn
  if (mode === 'fan_out') return fanOut
  return mode === 'fan_avg' ? (fanIn + fanOut) / 2 : Math.sqrt(fanIn * fanOut)
}

function fanOf(target: FillTarget) {
  if (target.fan === null)
    throw usage(`Tensor ${JSON.stringify(target.name)} (${target.role}) has no fan_in and fan_out: give it an initializer without fans.`)
  if (target.elementCount > 0 && !(target.fan.fanIn > 0 && target.fan.fanOut > 0))
    throw usage(`Tensor ${JSON.stringify(target.name)} has fan_in ${target.fan.fanIn}, fan_out ${target.fan.fanOut}: neither may be 0.`)
  return target.elementCount > 0 ? target.fan : { fanIn: 1, fanOut: 1 }
}

const number = (p: Parameters, key: string) => p[key] as number
