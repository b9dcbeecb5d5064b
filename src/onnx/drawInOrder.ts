import type { ValuesPatch } from '../bytes/hashFile.js'
import type { Model, Plan, PlannedFill } from '../types.js'
import { unitsPass } from './drawUnits.js'
import { drawBytes, type DrawnBytes } from './drawValues.js'
import { placesOf } from './placesOf.js'

/** The drawn bytes of a plan's patches, asked for in the order of its files; good until the next. For streams of philox. */
export function drawInOrder(plan: Pick<Plan, 'fills' | 'files'>, model: Model): (patch: ValuesPatch) => Iterable<Uint8Array> {
  const units = unitsPass(model)
  const places = placesOf(plan)
  const running = new Map<number, { readonly drawn: Generator<DrawnBytes>; readonly last: number | undefined }>()
  const begin = (index: number, fill: PlannedFill) => {
    const of = places(index)
    return { drawn: drawBytes(units(fill), fill.weight.tensor, of), last: of.at(-1)?.content.element }
  }
  return function* ({ content, byteLength }) {
    const fill = plan.fills[content.fill]
    if (!fill) return
    const { drawn, last } = running.get(content.fill) ?? begin(content.fill, fill)
    running.set(content.fill, { drawn, last })
    for (let left = byteLength; left > 0; ) {
      const next = drawn.next()
      if (next.done) return
      yield next.value.bytes
      left -= next.value.bytes.length
    }
    if (last === content.element) {
      drawn.return(undefined)
      running.delete(content.fill)
    }
  }
}
