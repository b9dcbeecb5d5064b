import type { AuditReport, DiffReport, InspectPasses, MaterializeReport, ReinitPasses, ScrambleReport, StripReport } from '../reports.js'

/** A report and which one it is. */
export type AnyReport =
  | { readonly of: 'reinit'; readonly report: ReinitPasses }
  | { readonly of: 'inspect'; readonly report: InspectPasses }
  | { readonly of: 'diff'; readonly report: DiffReport }
  | { readonly of: 'strip'; readonly report: StripReport }
  | { readonly of: 'materialize'; readonly report: MaterializeReport }
  | { readonly of: 'scramble'; readonly report: ScrambleReport }
  | { readonly of: 'audit'; readonly report: AuditReport }

/** What the place that a report goes to can show. */
export interface Look {
  /** null: not a terminal, lines are as long as they need to be. */
  readonly columns: number | null
  readonly color: boolean
  readonly unicode: boolean
  readonly verbose: boolean
}

/** Pieces of the document, in order: long reports are never one string. */
export type Write = (report: AnyReport, look: Look) => Iterable<string>

export interface Format {
  readonly ending: string | null
  /** Only the formats that are asked for cost their start. */
  load(this: void): Promise<Write>
}
