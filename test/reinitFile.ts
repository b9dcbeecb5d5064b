import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makePlan, type PlanOptions } from '../src/makePlan.js'
import { readModel } from '../src/readModel.js'
import type { Plan, Staged, Verification } from '../src/types.js'
import { verifyPlan } from '../src/verifyPlan.js'
import { writePlan } from '../src/writePlan.js'
import { plannedFills } from './plannedFills.js'

export interface Written {
  readonly plan: Plan
  readonly proof: Verification
  readonly written: readonly string[]
}

/**
 * Plans, writes, proves and commits m.onnx of a folder, to out.onnx beside it unless the options say otherwise. `meanwhile` runs between
 * proof and commit.
 */
export async function reinitFile(
  folder: string,
  fills: Readonly<Record<string, string>>,
  options: Partial<PlanOptions> = {},
  meanwhile: (staged: Staged, plan: Plan) => unknown = () => undefined,
): Promise<Written> {
  const model = readModel(join(folder, 'm.onnx'))
  try {
    const output = join(folder, 'out.onnx')
    const plan = makePlan(model, plannedFills(model, fills), { output, inPlace: false, overwrite: false, data: 'copy', ...options })
    const staged = await writePlan(plan, model)
    try {
      const proof = await verifyPlan(plan, model, staged, readModel)
      await meanwhile(staged, plan)
      return { plan, proof, written: staged.commit() }
    } finally {
      staged.discard()
    }
  } finally {
    model.close()
  }
}

/** Every file below a folder, relative to it, sorted. */
export const filesBelow = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((f) => statSync(join(folder, f)).isFile()).sort()
