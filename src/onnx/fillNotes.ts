import type { PlannedFill } from '../types.js'

/** What a reader of the report should know of fills beyond their formulas. */
export const fillNotes = (fills: readonly PlannedFill[]): string[] => [...fills.flatMap(matricesNote), ...torchNotes(fills)]

/** Matrices of unequal widths in one tensor. */
function matricesNote({ weight: { tensor }, target, distribution }: PlannedFill): string[] {
  if (!distribution.matrices) return []
  const each = distribution.matrices.map(({ std }, m) => `${Number(std.toPrecision(4))} of ${target.matrices?.[m]?.width}`)
  return [`${tensor.name} holds matrices of unequal widths, each drawn by its own fans: std ${each.join(', ')}`]
}

/** Where --rng torch is not PyTorch's to the last bit: its float64 logarithm and its QR are a library's of the machine. */
function torchNotes(fills: readonly PlannedFill[]): string[] {
  const torch = fills.filter((f) => f.rng === 'torch')
  const normals = torch.filter((f) => f.target.dataType === 'DOUBLE' && NORMALS.has(f.distribution.family))
  const matrices = torch.filter((f) => f.initializer.name === 'orthogonal')
  return [
    ...noted(normals, "float64 normals differ from PyTorch's in the last bits of one value in twenty (uniforms are equal)"),
    ...noted(matrices, "orthogonal matrices agree with PyTorch's to 1e-6, not to the bit"),
  ]
}

const NORMALS: ReadonlySet<string> = new Set(['normal', 'truncated_normal'])

function noted([first, ...others]: readonly PlannedFill[], text: string): string[] {
  const more = others.length > 0 ? ` and ${others.length} more` : ''
  return first ? [`--rng torch: ${text}: ${first.weight.tensor.name}${more}`] : []
}
