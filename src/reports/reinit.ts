// What inspect and the main job say.

import type { AxisRole, Check, DataType, Moments, Owner, Rng, Role, RunResult } from '../types.js'

export interface ReportUse {
  readonly node: string
  readonly opType: string
  readonly domain: string
  readonly input: number
  readonly layer: string
  readonly layout: readonly AxisRole[]
  readonly fanIn: number | null
  readonly fanOut: number | null
}
export interface ReportParameter {
  readonly name: string
  readonly layer: string
  readonly scope: string
  readonly role: Role
  readonly owner: Owner
  readonly storage: string
  readonly dataType: DataType
  readonly shape: readonly number[]
  readonly elementCount: number
  readonly fanIn: number | null
  readonly fanOut: number | null
  readonly activation: string | null
  readonly uses: readonly ReportUse[]
  readonly shared: boolean
  readonly selected: boolean
  readonly stats?: Moments
  /** Why it looks made rather than learned: a fixed basis, a table. */
  readonly hint?: string
}
export interface ReportSkipped {
  readonly name: string
  readonly reason: string
  readonly detail: string
  readonly elementCount: number
}
export interface InspectReport {
  readonly schema: 1
  readonly tool: string
  readonly model: {
    readonly path: string
    readonly byteLength: number
    readonly irVersion: number
    readonly opsets: Readonly<Record<string, number>>
    readonly producer: string
    readonly externalFiles: readonly { readonly location: string; readonly byteLength: number }[]
  }
  readonly parameters: readonly ReportParameter[]
  readonly skipped: readonly ReportSkipped[]
  readonly notes: readonly string[]
  /** Under --head. */
  readonly head?: ReportHead
}
/** The same with its parameters described anew in every pass over them: a hundred thousand are never held at once. */
export interface InspectPasses extends Omit<InspectReport, 'parameters'> {
  readonly parameters: Iterable<ReportParameter>
}
/** What a report says of integers. */
export interface ReportQuantization {
  /** Of the codes: UINT4 where a tensor of bytes holds two each. */
  readonly dataType: string
  /** Tensors of scales and zero points; null: it has none of its own. */
  readonly scale: string | null
  readonly zeroPoint: string | null
  /** The zero point; null: one a block. */
  readonly zero: number | null
  /** Elements along each axis that have a scale in common. */
  readonly blocks: readonly number[]
  /** The least and the greatest code that is used. */
  readonly range: readonly [number, number]
  /** Share of the values that did not fit; null before it is proven. */
  readonly saturated: number | null
}
/** A head and what its number of classes rests on. */
export interface ReportHead {
  readonly layers: readonly string[]
  readonly opTypes: readonly string[]
  readonly fanIn: number | null
  readonly fanOut: number | null
  /** null: not known, since it is refused. */
  readonly classes: number | null
  /** What it becomes; null: it is not asked to. */
  readonly newClasses: number | null
  /** Operators behind it, in the order of the computation. */
  readonly behind: readonly string[]
  /** What another number of classes changes: a tensor, node or value, and what of it. */
  readonly changes: readonly { readonly name: string; readonly what: string }[]
  /** Why the number can't change; null: it can. */
  readonly refused: string | null
}
export interface ReportChange {
  readonly name: string
  readonly layer: string
  readonly scope: string
  readonly role: Role
  readonly dataType: DataType
  readonly shape: readonly number[]
  readonly fanIn: number | null
  readonly fanOut: number | null
  readonly initializer: string
  readonly gain: number | null
  /** The initializer's other parameters, where it has any. */
  readonly parameters?: Readonly<Record<string, number | string | boolean>>
  /** In words, where the initializer was chosen rather than asked for. */
  readonly why?: string | null
  /** Means and deviations are null where nothing is expected: scales and zero points follow their weight. */
  readonly expected: { readonly mean: number | null; readonly std: number | null; readonly min: number | null; readonly max: number | null }
  /** Of integers; `before` and `after` are of the values that they stand for. */
  readonly quantization?: ReportQuantization
  readonly before: Moments | null
  readonly after: Moments | null
  readonly sha256: string | null
  readonly checks: readonly Check[]
}
export interface ReinitReport {
  readonly schema: 1
  readonly tool: string
  readonly input: string
  /** null under --dry-run. */
  readonly output: string | null
  readonly model: InspectReport['model'] & { readonly parameterCount: number; readonly layerCount: number }
  readonly seed: string
  readonly rng: Rng
  readonly recipe: Readonly<Record<string, unknown>>
  readonly changed: readonly ReportChange[]
  readonly skipped: readonly ReportSkipped[]
  readonly kept: readonly ReportSkipped[]
  readonly notes: readonly string[]
  /** Where the number of classes is another now. */
  readonly head?: ReportHead
  /** null where not verified. */
  readonly bytes: { readonly changed: number; readonly total: number; readonly identicalOutside: boolean | null }
  readonly run: RunResult
  /** Files written, the model last. */
  readonly written: readonly string[]
  readonly milliseconds: { readonly read: number; readonly write: number; readonly verify: number; readonly run: number }
}
/** The same with its changes described anew in every pass over them. */
export interface ReinitPasses extends Omit<ReinitReport, 'changed'> {
  readonly changed: Iterable<ReportChange>
}
