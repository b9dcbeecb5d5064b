import type { Fill } from '../init/fill.js'
import type { TensorChange, Values } from '../types.js'

/**
 * A fill in which some indices of the resized axis keep old values (`old` reads them) and the others are as drawn. What tests the
 * distribution of all values does not fit what is half old.
 */
export function keepValues(
  fill: Fill,
  { from, axis, kept }: Extract<TensorChange, { kind: 'resize' }>,
  dims: readonly number[],
  old: (start: number, end: number) => Values,
): Fill {
  const inner = dims.slice(axis + 1).reduce((n, d) => n * d, 1)
  const outer = dims.slice(0, axis).reduce((n, d) => n * d, 1)
  const [size, oldSize] = [dims[axis] ?? 1, from.dims[axis] ?? 1]
  const { filler } = fill
  const restore = (out: Values) => {
    for (let o = 0; o < outer; o++) {
      // a copy: the reader's memory is its own
      const slab = old(o * oldSize * inner, (o + 1) * oldSize * inner).slice()
      for (const [to, was] of kept) out.set(slab.subarray(was * inner, (was + 1) * inner), (o * size + to) * inner)
    }
  }
  return {
    ...fill,
    distribution: { family: 'structured', mean: fill.distribution.mean, std: fill.distribution.std, min: null, max: null },
    structure: null,
    filler: {
      access: 'whole',
      fill: (out) => {
        if (filler.access === 'random') filler.fill(out, 0)
        else if (filler.access === 'sequential') filler.next(out)
        else filler.fill(out)
        restore(out)
      },
    },
  }
}
