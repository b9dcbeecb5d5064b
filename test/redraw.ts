import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { reinit } from '../src/index.js'
import type { ReinitOptions, ReinitReport, ReportChange } from '../src/reports.js'
import { folderOf } from './buildModel.js'

const folders: string[] = []
/** Removes what `redraw` made. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

export interface Redrawn {
  readonly before: string
  readonly after: string
  readonly report: ReinitReport
  /** A tensor's entry in `changed`. */
  of(this: void, name: string): ReportChange
}

/** Re-initializes all of a model, without a run unless the options say so. `files` stand beside it. */
export async function redraw(
  bytes: Uint8Array,
  options: Partial<ReinitOptions> = {},
  files: Readonly<Record<string, Uint8Array>> = {},
): Promise<Redrawn> {
  const folder = folderOf({ ...files, 'm.onnx': bytes })
  folders.push(folder)
  const before = join(folder, 'm.onnx')
  const report = await reinit(before, { all: true, init: 'he_normal', seed: 1, run: false, ...options })
  const of = (name: string) => report.changed.find((c) => c.name === name) as ReportChange
  return { before, after: report.output as string, report, of }
}

export function moments(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length
  return { mean, std: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) }
}
