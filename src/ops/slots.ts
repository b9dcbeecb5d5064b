import type { AxisRole, Node, Role } from '../types.js'

/** A weight slot; `layout` gives the roles of the operand's axes, none for roles without fans. */
export interface Slot {
  readonly input: number
  readonly role: Role
  readonly layout?: (node: Node, rank: number) => readonly AxisRole[]
  /** The axis that holds all groups at once. */
  readonly grouped?: AxisRole
}

const flag = (node: Node, name: string) => (node.attributes.get(name)?.i ?? 0) !== 0
const spatial = (rank: number): AxisRole[] => Array.from({ length: Math.max(0, rank - 2) }, () => 'spatial')
const batch = (rank: number): AxisRole[] => Array.from({ length: Math.max(0, rank - 2) }, () => 'batch')
const affine = (scale: number): Slot[] => [
  { input: scale, role: 'scale' },
  { input: scale + 1, role: 'shift' },
]

/** Operators with weights by domain:op_type. Add an operator here. */
export const slots: Readonly<Record<string, readonly Slot[]>> = {
  'ai.onnx:Gemm': [
    { input: 0, role: 'weight', layout: (n) => (flag(n, 'transA') ? ['in', 'out'] : ['out', 'in']) },
    { input: 1, role: 'weight', layout: (n) => (flag(n, 'transB') ? ['out', 'in'] : ['in', 'out']) },
    { input: 2, role: 'bias' },
  ],
  'ai.onnx:MatMul': [
    { input: 0, role: 'weight', layout: (_, rank) => (rank === 1 ? ['in'] : [...batch(rank), 'out', 'in']) },
    { input: 1, role: 'weight', layout: (_, rank) => (rank === 1 ? ['in'] : [...batch(rank), 'in', 'out']) },
  ],
  'ai.onnx:Conv': [
    { input: 1, role: 'weight', layout: (_, rank) => ['out', 'in', ...spatial(rank)], grouped: 'out' },
    { input: 2, role: 'bias' },
  ],
  'ai.onnx:ConvTranspose': [
    { input: 1, role: 'weight', layout: (_, rank) => ['in', 'out', ...spatial(rank)], grouped: 'in' },
    { input: 2, role: 'bias' },
  ],
  'ai.onnx:BatchNormalization': [...affine(1), { input: 3, role: 'mean' }, { input: 4, role: 'variance' }],
  'ai.onnx:InstanceNormalization': affine(1),
  'ai.onnx:LayerNormalization': affine(1),
  'ai.onnx:GroupNormalization': affine(1),
  'ai.onnx:RMSNormalization': [{ input: 1, role: 'scale' }],
}
