import type { PlannedFill } from '../../types.js'

/** The input with the scale of what an operator gives. */
const outputScales: Readonly<Record<string, number>> = {
  QuantizeLinear: 1,
  QLinearConv: 6,
  QLinearMatMul: 6,
  QLinearAdd: 6,
  QLinearMul: 6,
  QGemm: 7,
}

/** Activations around redrawn integers that have scales of their own: they were measured with the old weights. */
export function calibrationNotes(fills: readonly PlannedFill[]): string[] {
  const redrawn = new Set(fills.flatMap(({ part, weight }) => (part?.kind === 'scales' ? [weight.tensor.name] : [])))
  const graphs = new Set(fills.flatMap(({ part, weight }) => (part?.kind === 'integers' ? weight.uses.map((u) => u.node.graph) : [])))
  const isCalibrated = [...graphs].some(({ nodes }) =>
    nodes.some(({ opType, inputs }) => {
      const scale = inputs[outputScales[opType] ?? -1] ?? ''
      return scale !== '' && !redrawn.has(scale)
    }),
  )
  return isCalibrated ? ['activations keep scales that were calibrated with the old weights: calibrate anew where they saturate'] : []
}
