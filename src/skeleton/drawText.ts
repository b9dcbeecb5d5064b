import { type Initializer, initializers } from '../init/initializers.js'
import { stream as streamOf } from '../init/philox.js'
import { matrixTargets } from '../init/sideBySide.js'
import type { FillTarget, InitializerSpec, PlannedDraw } from '../types.js'
import { matrixInitializers, plainInitializers, type SkeletonDraw } from './skeletonRecipe.js'

/**
 * A draw as a skeleton has it: what its initializer comes down to, with every number; null where that is more than a stream gives.
 * `isRenamed`: old names are not told.
 */
export function drawText({ initializer, target, distribution, rng, seed }: PlannedDraw, isRenamed: boolean): SkeletonDraw | null {
  const { name, scope } = target
  if (rng !== 'philox') return null
  if (isRenamed && matrixTargets(target) !== null) return null
  const stream = isRenamed ? { stream: wordsText(streamOf(BigInt(seed), scope, name).hash) } : { name, ...(scope !== '' && { scope }) }
  // which is of no stream
  if (distribution.family === 'constant') return { ...(isRenamed ? {} : stream), init: constantText(distribution.mean) }
  if (!plainInitializers.has(initializer.name) && !matrixInitializers.has(initializer.name)) return null
  const plain = matrixTargets(target) === null ? plainOf(initializer, target) : null
  if (plain !== null) return { ...stream, init: textOf(plain) }
  return matrixInitializers.has(initializer.name) ? { ...stream, init: textOf(initializer), matrices: matricesOf(target) } : null
}

const wordsText = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join('')

const constantText = (value: number) => (Object.is(value, 0) ? 'zeros' : value === 1 ? 'ones' : `constant:value=${numberText(value)}`)

/** The initializer without fans and gain that draws the same. */
function plainOf({ name, parameters }: InitializerSpec, target: FillTarget): InitializerSpec | null {
  const drawn = (initializers[name] as Initializer).rule(parameters, target, { moments: noMoments, asTorch: false })
  if ('cleared' in drawn && drawn.cleared) return null
  if (drawn.kind === 'normal') return { name: 'normal', parameters: { mean: drawn.mean, std: drawn.std } }
  if (drawn.kind === 'uniform') return { name: 'uniform', parameters: { a: drawn.low, b: drawn.high } }
  if (drawn.kind !== 'truncated_normal') return null
  return { name: 'trunc_normal', parameters: { mean: drawn.mean, std: drawn.std, a: drawn.low, b: drawn.high } }
}

function noMoments(): never {
  throw new RangeError('no initializer here goes by old values')
}

/** resolveInitializer gives the same spec of it. */
function textOf({ name, parameters }: InitializerSpec): string {
  const given = Object.entries(parameters).map(([key, value]) => `${key}=${typeof value === 'number' ? numberText(value) : value}`)
  return given.length === 0 ? name : `${name}:${given.join(',')}`
}

/** The shortest decimal that is this double. */
const numberText = (value: number) => (Object.is(value, -0) ? '-0' : String(value))

const matricesOf = ({ fan, layout, groups, stacked, role, matrices }: FillTarget): NonNullable<SkeletonDraw['matrices']> => ({
  fan: fan && [fan.fanIn, fan.fanOut],
  layout,
  groups,
  stacked,
  role,
  ...(matrices && { widths: matrices.map(({ width, fan: { fanIn, fanOut } }) => [width, fanIn, fanOut] as const) }),
})
