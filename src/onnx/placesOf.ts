import { segments } from '../bytes/segments.js'
import type { Content, Patch, Plan, SourceFile } from '../types.js'

/** A patch of a fill's values and where it goes: `at` is a position in the result of plan.files[file]. */
export interface Place {
  readonly file: number
  readonly at: number
  readonly patch: Patch
  readonly content: Extract<Content, { kind: 'values' }>
}

/** The places of each fill's values, in the order of its elements. */
export function placesOf(plan: Pick<Plan, 'fills' | 'files'>): Place[][] {
  const places: Place[][] = plan.fills.map(() => [])
  plan.files.forEach((planned, file) => {
    for (const s of segments(planned))
      if (s.kind === 'patch' && s.patch.content.kind === 'values')
        places[s.patch.content.fill]?.push({ file, at: s.at, patch: s.patch, content: s.patch.content })
  })
  for (const list of places) list.sort((a, b) => a.content.element - b.content.element)
  return places
}

/** Every file that a plan's bytes come from. */
export function sourcesOf(plan: Plan): SourceFile[] {
  return plan.files.flatMap(({ source, patches }) => [
    ...(source ? [source] : []),
    ...patches.flatMap(({ content }) => (content.kind === 'copy' ? [content.source] : [])),
  ])
}
