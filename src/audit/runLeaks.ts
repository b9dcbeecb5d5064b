import type { Tensor } from '../types.js'
import type { TensorLeak } from './compareAll.js'
import type { Run } from './findRuns.js'
import type { Place } from './placesIn.js'
import type { Stream } from './scanBytes.js'

/**
 * One leak for each tensor and thing of the output that runs of it stand in. `toldOf`: where a tensor is known to be whole, so that its runs
 * there say nothing more.
 */
export function runLeaks(
  runs: readonly Run[],
  placeOf: (stream: Stream, at: number) => Place,
  toldOf: (tensor: Tensor) => Tensor | null,
): TensorLeak[] {
  const found = new Map<string, { leak: TensorLeak; start: number; end: number; words: string; count: number }>()
  for (const { tensor, start, end, stream, at } of runs) {
    const place = placeOf(stream, at)
    const told = toldOf(tensor)
    if (told !== null && place.tensor?.at === told.at) continue
    const key = `${tensor.at} ${stream.file} ${place.tensor?.at ?? place.words}`
    const known = found.get(key)
    if (known) {
      known.count++
      known.leak = { ...known.leak, elementCount: known.leak.elementCount + end - start }
    } else {
      const leak: TensorLeak = {
        tensor,
        kind: 'run',
        what: '',
        file: stream.tensor ? (rangeOf(stream.tensor)?.file ?? '') : stream.file,
        byte: stream.tensor ? (rangeOf(stream.tensor)?.start ?? null) : at,
        elementCount: end - start,
      }
      found.set(key, { leak, start, end, words: place.words, count: 1 })
    }
  }
  return [...found.values()].map(({ leak, start, end, words, count }) => {
    const which = end - start === leak.tensor.elementCount ? 'all values' : `values ${start} to ${end - 1}`
    return { ...leak, what: `${which} stand ${words}${count > 1 ? `, and ${count - 1} more runs` : ''}` }
  })
}

const rangeOf = ({ elements }: Tensor) => (elements.kind === 'stored' ? elements.ranges[0] : undefined)
