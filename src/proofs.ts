import { ReinitError } from './errors.js'
import { describeQuantization, follows } from './onnx/quantized/describePart.js'
import type { ReinitPasses, ReportChange } from './reports.js'
import type { Moments, PlannedFill, Verification, VerifiedFill } from './types.js'

/** @throws ReinitError `proof` where the result is not what was planned. */
export function refuseUnproven({ identicalOutside, difference, fills: proven }: Verification, fills: readonly PlannedFill[]): void {
  if (!identicalOutside)
    throw new ReinitError('proof', `The result differs from the input outside the plan and was not kept: ${difference}.`)
  const wrong = proven.findIndex((f) => !f.redrawn)
  if (wrong >= 0)
    throw new ReinitError(
      'proof',
      `Tensor ${JSON.stringify(fills[wrong]?.weight.tensor.name)} reads back other values than were drawn: the result was not kept.`,
    )
}

/** The report with what was proven; a failed test of values that are as drawn is a warning. */
export function proofs<R extends Pick<ReinitPasses, 'changed' | 'notes' | 'bytes'>>(
  report: R,
  fills: readonly PlannedFill[],
  verification: Verification,
): R & Pick<ReinitPasses, 'changed'> {
  const alarms = verification.fills.flatMap(({ checks }, i) =>
    checks
      .filter((k) => !k.passed)
      .map((k) => {
        const [statistic, limit] = [k.statistic.toPrecision(4), k.limit.toPrecision(4)]
        return `${fills[i]?.weight.tensor.name}: the ${k.name} test gives ${statistic} over ${limit}, though the values are as drawn`
      }),
  )
  const bytes = { ...report.bytes, identicalOutside: true }
  return { ...report, changed: changes(fills, verification.fills), notes: [...report.notes, ...alarms], bytes }
}

/** What becomes of each fill's tensor, and what was proven of it, in passes. */
export const changes = (fills: readonly PlannedFill[], proven: readonly VerifiedFill[] = []): Iterable<ReportChange> => ({
  *[Symbol.iterator]() {
    for (const [i, fill] of fills.entries()) yield describeChange(fill, proven[i] ?? UNPROVEN)
  },
})

type Proven = Pick<VerifiedFill, 'before' | 'sha256' | 'checks' | 'saturated'> & { readonly after: Moments | null }

const UNPROVEN: Proven = { before: null, after: null, sha256: null, checks: [] }

/** One literal: spreads take a hundred times as long. The scales and zero points that follow a weight have no distribution of their own. */
function describeChange(f: PlannedFill, proven: Proven): ReportChange {
  const { weight, part, initializer } = f
  const { tensor, fan } = weight
  const followed = follows(part)
  const expected = followed === null ? f.distribution : UNEXPECTED
  const rest = followed === null ? Object.entries(initializer.parameters).filter(([key]) => key !== 'gain') : []
  const quantization = describeQuantization(f)
  return {
    name: tensor.name,
    layer: weight.layer,
    scope: tensor.graph.scope,
    role: weight.role,
    dataType: tensor.dataType,
    shape: tensor.denseDims ?? tensor.dims,
    fanIn: fan?.fanIn ?? null,
    fanOut: fan?.fanOut ?? null,
    initializer: followed === null ? initializer.name : 'quantization',
    gain: followed === null ? f.gain : null,
    ...(rest.length > 0 && { parameters: Object.fromEntries(rest) }),
    why: followed ?? f.why,
    expected: { mean: expected.mean, std: expected.std, min: expected.min, max: expected.max },
    ...(quantization && { quantization: { ...quantization, saturated: proven.saturated ?? null } }),
    before: proven.before,
    after: proven.after,
    sha256: proven.sha256,
    checks: proven.checks,
  }
}

const UNEXPECTED = { mean: null, std: null, min: null, max: null }
