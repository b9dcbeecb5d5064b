/** @import { Fill, Job } from './job.js' */
import { evaluateDimension } from './evaluateDimension.js'

/**
 * How inputs are made that neither the model nor the user decides; the first attempt that the runtime goes through with counts.
 * `batch`: the first axis of inputs with several axes. `size`: other symbolic axes; `axes: 'trailing'`: only those with no number behind
 * them (samples of audio, yet not the axes of a state [2, batch, 128]). `past`: dimensions named so, where they are not like the others.
 * @typedef {{ size: number, axes: 'all' | 'trailing', batch: number, past: number | null, integers: Fill, floats: Fill }} Attempt
 */

/** @type {Attempt} */
const smallest = { size: 1, axes: 'all', batch: 1, past: null, integers: 'ones', floats: 'random' }

/**
 * 2, 8, 16: sequences, and windows of convolutions; 32, 64, 224: images, whose sides are multiples of what networks stride (ImageNet's is
 * 224); 256, 512: frames of audio.
 */
const sizes = [2, 8, 16, 32, 64, 224, 256, 512]

/** @type {readonly Attempt[]} */
export const attempts = [
  // ones: a mask that hides nothing, a length that is not zero, an index into anything of two rows
  smallest,
  // logarithms, square roots, floats that become indices
  { ...smallest, floats: 'positive' },
  // an index into anything of one row
  { ...smallest, integers: 'zeros' },
  // an empty cache: then the whole length is the sequence's
  { ...smallest, past: 0 },
  ...sizes.flatMap((size) => [
    /** @type {Attempt} */ ({ ...smallest, size }),
    /** @type {Attempt} */ ({ ...smallest, size, axes: 'trailing' }),
  ]),
  { ...smallest, size: 2, batch: 2 },
]

/**
 * Shapes of the inputs, `metadata` as the session gives it.
 * @param {readonly { name: string, shape: readonly (number | string)[] }[]} metadata
 * @param {Pick<Job, 'dims' | 'inputs' | 'unranked'>} job
 * @param {Attempt} attempt
 * @returns {number[][]}
 */
export function bindShapes(metadata, { dims, inputs, unranked }, attempt) {
  const axes = metadata.flatMap(({ shape }) =>
    shape.map((dim, axis) => ({ dim, batch: axis === 0 && shape.length > 1, trailing: isTrailing(shape, axis) })),
  )
  const known = new Set(axes.map(({ dim }) => dim))
  /** @param {{ batch: boolean, trailing: boolean }} axis */
  const size = ({ batch, trailing }) => (batch ? attempt.batch : attempt.axes === 'all' || trailing ? attempt.size : 1)
  /** @param {string} name @returns {number} */
  const sizeOf = (name) => {
    if (Object.hasOwn(dims, name)) return /** @type {number} */ (dims[name])
    const uses = axes.filter(({ dim }) => dim === name)
    if (attempt.past !== null && /past/i.test(name)) return attempt.past
    return size({ batch: uses.some((u) => u.batch), trailing: uses.some((u) => u.trailing) })
  }
  return metadata.map(({ name, shape }) => {
    const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined
    if (given?.kind === 'file') return [...given.shape]
    if (unranked.includes(name)) return [attempt.batch, attempt.size]
    return shape.map((dim, axis) => {
      if (typeof dim === 'number') return dim
      if (dim === '') return size({ batch: axis === 0 && shape.length > 1, trailing: isTrailing(shape, axis) })
      if (Object.hasOwn(dims, dim)) return /** @type {number} */ (dims[dim])
      return evaluateDimension(dim, (part) => known.has(part), sizeOf) ?? sizeOf(dim)
    })
  })
}

/** @param {readonly (number | string)[]} shape @param {number} axis */
const isTrailing = (shape, axis) => shape.slice(axis).every((dim) => typeof dim === 'string')
