import type { ReportQuantization } from '../../reports.js'
import type { PlannedFill, QuantizedPart } from '../../types.js'

/** How integers are told; null for what holds none. */
export function describeQuantization({ part }: PlannedFill): ReportQuantization | null {
  if (part?.kind !== 'integers') return null
  const { quantization, zero, least, greatest } = part.codes
  const { codeType, scales, zeroPoints, blocks } = quantization
  return {
    dataType: codeType,
    scale: scales[0]?.name ?? null,
    zeroPoint: zeroPoints[0]?.name ?? null,
    zero,
    blocks,
    range: [least, greatest],
    saturated: null,
  }
}

/** Why a scale or zero point is written: for whom; null for what is drawn itself. */
export const follows = (part: QuantizedPart | undefined): string | null =>
  part === undefined || part.kind === 'integers' ? null : `${part.kind === 'scales' ? 'scale' : 'zero point'} of ${part.of}`
