import { usage } from '../../errors.js'
import type { Filler, FillTarget, Values } from '../../types.js'
import { placed } from '../dirac.js'
import { frameworkOrder } from '../frameworkOrder.js'
import { type Reader, readAll } from '../oldValues.js'
import { orthogonal } from '../orthogonal.js'
import { normalBelow } from '../quantiles.js'
import type { Draw, RandomDraw } from '../rules.js'
import type { Generator } from './generator.js'
import { type Next, normal, randperm, uniform } from './samplers.js'

/** Elements that are drawn at a time where they are stored in another order. */
const CHUNK = 1 << 14

/**
 * What torch.nn.init and reset_parameters do to the tensor with PyTorch's generator: drawn in the framework's order (outputs first, gates in
 * torch's order), stored in the file's. The generator moves on when the filler is used, which it must be once, for the whole tensor.
 */
export function torchFiller(drawn: Draw, target: FillTarget, generator: Generator, old: () => Reader): Filler {
  switch (drawn.kind) {
    case 'constant':
      return drawn.discarded
        ? discarding(drawn.discarded, drawn.value, target, generator)
        : { access: 'random', fill: (out) => void out.fill(drawn.value) }
    case 'placed':
      return placed(drawn.places, drawn.value)
    case 'copy':
      return { access: 'random', fill: (out, start) => out.set(old()(start, start + out.length)) }
    case 'shuffle':
      return {
        access: 'whole',
        fill: (out) => {
          const values = out.slice()
          readAll(old(), values)
          for (const [i, j] of randperm(generator, out.length).entries()) out[i] = values[j] as number
        },
      }
    case 'orthogonal':
      return orthogonal(drawn.matrices, drawn.gain, () => {
        const { rows, columns } = drawn.matrices
        const size = rows * columns
        let next: Next
        let left = 0
        return (out) => {
          if (left === 0) [next, left] = [normal(generator, 'FLOAT', size, 0, 1), size]
          next(out)
          left -= out.length
        }
      })
    case 'sparse':
      return { access: 'whole', fill: (out) => sparse(drawn, target, generator, out) }
    case 'truncated_normal':
      return { access: 'whole', fill: (out) => truncatedNormal(drawn, target, generator, out) }
    default:
      return random(drawn, target, generator)
  }
}

function random(drawn: RandomDraw, target: FillTarget, generator: Generator): Filler {
  const start = () => sampler(drawn, target, generator)
  const order = frameworkOrder(target)
  const discard = () => {
    if (drawn.discards) uniform(generator, target.dataType, 0, 1)(new Float64Array(drawn.discards))
  }
  if (order !== null)
    return {
      access: 'whole',
      fill: (out) => {
        scatter(start(), order, out)
        discard()
      },
    }
  const [clearStart, clearEnd] = drawn.cleared ?? [0, 0]
  let next: Next | undefined
  let at = 0
  return {
    access: 'sequential',
    next: (out) => {
      next ??= start()
      next(out)
      if (clearEnd > at && clearStart < at + out.length) out.fill(0, Math.max(0, clearStart - at), clearEnd - at)
      at += out.length
      if (at === target.elementCount) discard()
    },
  }
}

function sampler(drawn: RandomDraw, { dataType, elementCount }: FillTarget, generator: Generator): Next {
  return drawn.kind === 'uniform'
    ? uniform(generator, dataType, drawn.low, drawn.high)
    : normal(generator, dataType, elementCount, drawn.mean, drawn.std)
}

function scatter(next: Next, order: (index: number) => number, out: Values): void {
  const chunk = out instanceof Float64Array ? new Float64Array(CHUNK) : new Float32Array(CHUNK)
  for (let start = 0; start < out.length; start += CHUNK) {
    const part = chunk.subarray(0, Math.min(CHUNK, out.length - start))
    next(part)
    for (let i = 0; i < part.length; i++) out[order(start + i)] = part[i] as number
  }
}

/** Values in the framework's order, wherever they are stored. */
function drawAll(next: Next, target: FillTarget, out: Values): void {
  const order = frameworkOrder(target)
  if (order === null) next(out)
  else scatter(next, order, out)
}

/** A constant that torch writes over what it drew. */
function discarding(drawn: RandomDraw, value: number, target: FillTarget, generator: Generator): Filler {
  let drawnYet = false
  return {
    access: 'sequential',
    next: (out) => {
      if (!drawnYet) sampler(drawn, target, generator)(new Float64Array(target.elementCount))
      drawnYet = true
      out.fill(value)
    },
  }
}

function sparse(drawn: Extract<Draw, { kind: 'sparse' }>, target: FillTarget, generator: Generator, out: Values): void {
  drawAll(normal(generator, target.dataType, target.elementCount, 0, drawn.std), target, out)
  const { rows, columns, bases, rowOffsets, columnOffsets } = drawn.matrices
  for (const base of bases)
    for (let c = 0; c < columns; c++)
      for (const r of randperm(generator, rows).subarray(0, drawn.zeros))
        out[base + (rowOffsets[r] as number) + (columnOffsets[c] as number)] = 0
}

/** Below this share inside the bounds torch turns to another sampler. */
const LEAST_INSIDE = 0.3

/** trunc_normal_ of torch ≥ 2.12: whole tensors are drawn until none of the values is outside, each replacing only what is. */
function truncatedNormal(
  drawn: Extract<RandomDraw, { kind: 'truncated_normal' }>,
  target: FillTarget,
  generator: Generator,
  out: Values,
): void {
  const { mean, std, low, high } = drawn
  const inside = normalBelow((high - mean) / std) - normalBelow((low - mean) / std)
  if (inside <= LEAST_INSIDE)
    throw usage(
      `trunc_normal of tensor ${JSON.stringify(target.name)}: only ${inside.toPrecision(2)} of the normal is inside; PyTorch's sampler for that is not reproduced: use --rng philox.`,
    )
  const { dataType, elementCount } = target
  const wide = dataType === 'DOUBLE'
  const [a, b] = wide ? [low, high] : [Math.fround(low), Math.fround(high)]
  const outside = (v: number) => v < a || v > b
  drawAll(normal(generator, dataType, elementCount, mean, std), target, out)
  const again = wide ? new Float64Array(elementCount) : new Float32Array(elementCount)
  while (out.some(outside)) {
    drawAll(normal(generator, dataType, elementCount, mean, std), target, again)
    for (let i = 0; i < out.length; i++) if (outside(out[i] as number)) out[i] = again[i] as number
  }
}
