import type { ValuesPatch } from '../bytes/hashFile.js'
import { segments } from '../bytes/segments.js'
import type { Plan, SourceFile } from '../types.js'
import { integers, positions } from './read/column.js'

/** A patch of a fill's values and where it goes: `at` is a position in the result of plan.files[file]. */
export interface Place {
  readonly file: number
  readonly at: number
  readonly content: ValuesPatch['content']
}

/** Gives the places of a fill's values, in the order of its elements. They are kept as numbers: many fills have one each. */
export function placesOf({ fills, files }: Pick<Plan, 'fills' | 'files'>): (fill: number) => Place[] {
  const [fileOf, patchOf, positionOf] = [integers(), integers(), positions()]
  // of each fill the last place, and before each place the fill's one before it; -1: none
  const last = new Int32Array(fills.length).fill(-1)
  const before = integers()
  files.forEach((planned, file) => {
    let patch = 0
    for (const s of segments(planned)) {
      if (s.kind !== 'patch') continue
      const { content } = s.patch
      if (content.kind === 'values') {
        before.push(last[content.fill] ?? -1)
        last[content.fill] = fileOf.length
        fileOf.push(file)
        patchOf.push(patch)
        positionOf.push(s.at)
      }
      patch++
    }
  })
  return (fill) => {
    const places: Place[] = []
    for (let i = last[fill] ?? -1; i >= 0; i = before.at(i)) {
      const file = fileOf.at(i)
      const patch = files[file]?.patches[patchOf.at(i)] as ValuesPatch
      places.push({ file, at: positionOf.at(i), content: patch.content })
    }
    return places.sort((a, b) => a.content.element - b.content.element)
  }
}

/** Every file that a plan's bytes come from. */
export function sourcesOf(plan: Plan): SourceFile[] {
  return plan.files.flatMap(({ source, patches }) => [
    ...(source ? [source] : []),
    ...patches.flatMap(({ content }) => (content.kind === 'copy' ? [content.source] : [])),
  ])
}
