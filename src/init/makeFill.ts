import { usage } from '../errors.js'
import type { Distribution, Filler, FillTarget, InitializerSpec, Moments, Values } from '../types.js'
import { placed } from './dirac.js'
import { distributionOf } from './distribution.js'
import { draw } from './draw.js'
import type { Fill } from './fill.js'
import { type Initializer, initializers } from './initializers.js'
import { measure } from './measure.js'
import { inChunks, type Reader, readAll } from './oldValues.js'
import { orthogonal } from './orthogonal.js'
import { hashedStream, stream } from './philox.js'
import { transformOf } from './plainDraw.js'
import { largest, smallest } from './roundTo.js'
import type { Draw, RandomDraw } from './rules.js'
import { shuffle } from './shuffle.js'
import { matrixTargets, sideBySide } from './sideBySide.js'
import { sparsify } from './sparse.js'
import { fingerprint, type Structure } from './structure.js'
import type { Generator } from './torch/generator.js'
import { torchFiller } from './torch/torchFiller.js'

export interface FillContext {
  /** The old values (match, shuffle), or the other model's (from), elements [start, end). */
  readonly values?: (start: number, end: number) => Values
  /** PyTorch's generator (--rng torch), one a run: tensors are filled whole, one after another in the order of the calls' fills. */
  readonly generator?: Generator
}

/**
 * How a tensor's values are made, and the distribution that they have. `initializer` is resolved (resolveInitializer).
 * @throws ReinitError `usage` where the tensor lacks what the rule needs, or its type can't hold the values.
 */
export function makeFill(initializer: InitializerSpec, target: FillTarget, seed: bigint, context: FillContext = {}): Fill {
  const { rule, everyRole } = initializers[initializer.name] as Initializer
  const old = () => read(initializer.name, target, context)
  let measured: Moments | undefined
  const moments = () => (measured ??= momentsOf(old(), target.elementCount))
  const drawn: ReturnType<typeof rule> =
    target.elementCount === 0 ? EMPTY : rule(initializer.parameters, target, { moments, asTorch: context.generator !== undefined })
  if (drawn.kind === 'chosen') return { ...makeFill(drawn.initializer, target, seed, context), why: drawn.why }
  const apart = measured === undefined && OF_A_MATRIX.has(drawn.kind) ? matrixTargets(target) : null
  if (apart !== null) {
    const fills = apart.map((t) => makeFill(initializer, t, seed, context))
    if (context.generator || !areAlike(fills)) return { ...(fills[0] as Fill), ...sideBySide(fills, target) }
  }
  const distribution = distributionOf(drawn, target, moments)
  refuseUnfit(initializer.name, distribution, target)
  const effective: Draw =
    distribution.family === 'constant' && drawn.kind !== 'constant' ? { kind: 'constant', value: distribution.mean } : drawn
  const filler = context.generator ? torchFiller(effective, target, context.generator, old) : philoxFiller(effective, target, seed, old)
  // a rule for every role says what it comes down to, unless torch's sequence needs its draws
  const plain = everyRole && drawn.kind === 'constant' && !context.generator ? constantSpec(distribution.mean) : initializer
  return {
    initializer: plain,
    gain: typeof initializer.parameters.gain === 'number' ? initializer.parameters.gain : null,
    distribution,
    get structure() {
      return structureOf(effective, filler, target, old)
    },
    filler,
    why: null,
  }
}

/** Of a tensor without elements, which may have any number of rows of none. */
const EMPTY: Draw = { kind: 'constant', value: 0 }

/** What each of several matrices has of its own, where their widths differ. Modules that torch draws are as many. */
const OF_A_MATRIX: ReadonlySet<Draw['kind']> = new Set(['uniform', 'normal', 'truncated_normal', 'placed', 'orthogonal', 'sparse'])

/** Whether one draw does for all, as its values depend on no matrix. */
function areAlike([first, ...others]: readonly Fill[]): boolean {
  const shown = JSON.stringify(first?.distribution)
  return first?.distribution.family !== 'structured' && others.every((f) => JSON.stringify(f.distribution) === shown)
}

function read(initializer: string, { name }: FillTarget, { values }: FillContext): Reader {
  if (values === undefined) throw usage(`${initializer} needs the values of tensor ${JSON.stringify(name)}, which can't be read.`)
  return values
}

function momentsOf(reader: Reader, elementCount: number): Moments {
  const moments = measure()
  inChunks(reader, elementCount, moments.add)
  return moments.finish()
}

const constantSpec = (value: number): InitializerSpec =>
  value === 0
    ? { name: 'zeros', parameters: {} }
    : value === 1
      ? { name: 'ones', parameters: {} }
      : { name: 'constant', parameters: { value } }

/**
 * The published streams of philox: draw.ts for what is random in itself, and the second streams of a tensor for what is placed at random.
 * Matrices of unequal widths have streams of their own, whose purposes are their numbers: "0", "1 sparse".
 */
function philoxFiller(drawn: Draw, target: FillTarget, seed: bigint, old: () => Reader): Filler {
  const source = (purpose?: string) =>
    target.stream
      ? hashedStream(seed, target.stream)
      : stream(seed, target.scope, target.name, target.matrix === undefined ? purpose : [target.matrix, purpose ?? []].flat().join(' '))
  switch (drawn.kind) {
    case 'constant':
      return { access: 'random', fill: (out) => void out.fill(drawn.value) }
    case 'placed':
      return placed(drawn.places, drawn.value)
    case 'copy':
      return copy(old())
    case 'shuffle':
      return whole((out) => {
        readAll(old(), out)
        shuffle(out, source('shuffle'))
      })
    case 'sparse':
      return whole((out) => {
        draw(source(), transformOf({ kind: 'normal', mean: 0, std: drawn.std }), out, 0)
        sparsify(out, drawn.matrices, drawn.zeros, source('sparse'))
      })
    case 'orthogonal':
      return orthogonal(drawn.matrices, drawn.gain, () => {
        let start = 0
        return (out) => {
          draw(source(), STANDARD_NORMAL, out, start)
          start += out.length
        }
      })
    default:
      return random(drawn, source())
  }
}

const STANDARD_NORMAL = transformOf({ kind: 'normal', mean: 0, std: 1 })
const whole = (fill: (out: Values) => void): Filler => ({ access: 'whole', fill })
const copy = (reader: Reader): Filler => ({ access: 'random', fill: (out, start) => out.set(reader(start, start + out.length)) })

function random(drawn: RandomDraw, source: ReturnType<typeof stream>): Filler {
  const transform = transformOf(drawn)
  const [clearStart, clearEnd] = drawn.cleared ?? [0, 0]
  return {
    access: 'random',
    fill: (out, start) => {
      draw(source, transform, out, start)
      if (clearEnd > start && clearStart < start + out.length) out.fill(0, Math.max(0, clearStart - start), clearEnd - start)
    },
  }
}

function structureOf(drawn: Draw, filler: Filler, { elementCount }: FillTarget, old: () => Reader): Structure | null {
  switch (drawn.kind) {
    case 'placed':
    case 'copy':
      return filler.access === 'random' ? { kind: 'equal', fill: filler.fill } : null
    case 'shuffle': {
      const sum = fingerprint()
      inChunks(old(), elementCount, sum.add)
      return { kind: 'permutation', fingerprint: sum.finish() }
    }
    case 'sparse':
      return { kind: 'sparse', matrices: drawn.matrices, zeros: drawn.zeros, std: drawn.std }
    case 'orthogonal':
      return { kind: 'orthogonal', matrices: drawn.matrices, gain: drawn.gain }
    case 'constant':
      return null
    default:
      return drawn.cleared ? { kind: 'cleared', start: drawn.cleared[0], end: drawn.cleared[1] } : null
  }
}

/** Deviations that no normal of the streams reaches. */
const FARTHEST = 7

function refuseUnfit(name: string, { mean, std, min, max, family }: Distribution, { dataType, name: tensor }: FillTarget): void {
  if (family === 'structured') return
  const farthest = Math.max(Math.abs(min ?? Math.abs(mean) + FARTHEST * std), Math.abs(max ?? 0))
  if (farthest > largest[dataType])
    throw usage(`Tensor ${JSON.stringify(tensor)} is ${dataType}, up to ${largest[dataType]}, but ${name} here reaches ${farthest}.`)
  if (std > 0 && std < smallest[dataType])
    throw usage(
      `Tensor ${JSON.stringify(tensor)} is ${dataType}, down to ${smallest[dataType]}, but the deviation of ${name} here is ${std}.`,
    )
}
