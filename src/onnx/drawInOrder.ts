import type { ValuesPatch } from '../bytes/hashFile.js'
import type { Model, Plan } from '../types.js'
import { unitsPass } from './drawUnits.js'
import { drawBytes, type DrawnBytes } from './drawValues.js'
import { placesOf } from './placesOf.js'

/** The drawn bytes of a plan's patches, asked for in the order of its files; good until the next. For streams of philox. */
export function drawInOrder(plan: Pick<Plan, 'fills' | 'files'>, model: Model): (patch: ValuesPatch) => Iterable<Uint8Array> {
  const units = unitsPass(model)
  const places = placesOf(plan)
  const running = new Map<number, Generator<DrawnBytes>>()
  return function* ({ content, byteLength }) {
    const fill = plan.fills[content.fill]
    if (!fill) return
    const of = places[content.fill] ?? []
    const drawn = running.get(content.fill) ?? drawBytes(units(fill), fill.weight.tensor, of)
    running.set(content.fill, drawn)
    for (let left = byteLength; left > 0; ) {
      const next = drawn.next()
      if (next.done) return
      yield next.value.bytes
      left -= next.value.bytes.length
    }
    if (of.at(-1)?.content.element === content.element) {
      drawn.return(undefined)
      running.delete(content.fill)
    }
  }
}
