// Models for the audit: the same graph with trained numbers, with numbers drawn anew, and with one thing planted in the latter.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { audit } from '../src/audit.js'
import type { AuditOptions, AuditReport } from '../src/reports.js'
import * as b from './buildModel.js'

/** Normal numbers of a seed, as float32 has them: mulberry32 and Box–Muller. */
export function normals(count: number, seed: number, mean = 0, std = 1): number[] {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return Array.from({ length: count }, () =>
    Math.fround(mean + std * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())),
  )
}

export const shapes: Readonly<Record<string, readonly number[]>> = {
  'conv.weight': [16, 8, 3, 3],
  'conv.bias': [16],
  'fc.weight': [32, 64],
  'fc.bias': [5],
}
export const sizeOf = (name: string) => (shapes[name] as readonly number[]).reduce((n, d) => n * d, 1)

/** What was learned: a skewed tensor, as trained ones are. */
export const trained: Readonly<Record<string, readonly number[]>> = Object.fromEntries(
  Object.keys(shapes).map((name, i) => [name, normals(sizeOf(name), 100 + i, 0.02, 0.3).map((v) => Math.fround(v + 0.05 * v * v))]),
)
/** Numbers that know nothing of those. */
export const fresh = (seed: number): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(Object.keys(shapes).map((name, i) => [name, normals(sizeOf(name), 1000 * seed + i, 0, 0.3)]))

export interface Parts {
  readonly values: Readonly<Record<string, readonly number[]>>
  /** In place of how a tensor is stored. */
  readonly tensors?: Readonly<Record<string, b.TensorParts>>
  /** Of the graph and of the model. */
  readonly graph?: readonly b.Field[]
  readonly model?: readonly b.Field[]
  readonly nodes?: readonly b.Field[]
}

export function modelOf({ values, tensors = {}, graph = [], model = [], nodes }: Parts): Uint8Array {
  const names = Object.keys(shapes).filter((name) => values[name] !== undefined || tensors[name] !== undefined)
  return b.model(
    b.graph(
      ...(nodes ?? [
        b.node('Conv', ['x', 'conv.weight', 'conv.bias'], ['c'], { name: '/conv/Conv' }),
        b.node('Flatten', ['c'], ['f']),
        b.node('Gemm', ['f', 'fc.weight', 'fc.bias'], ['y'], { name: '/fc/Gemm' }),
      ]),
      ...names.map((name) =>
        b.initializer({ name, dims: shapes[name] as number[], ...(tensors[name] ?? { values: values[name] as number[] }) }),
      ),
      b.input('x', [1, 8, 4, 4]),
      b.output('y', [1, 5]),
      ...graph,
    ),
    ...model,
  )
}

/** Audits two models with their data files, which share a folder. */
export async function auditOf(
  before: Uint8Array,
  after: Uint8Array,
  options: AuditOptions = {},
  files: Readonly<Record<string, Uint8Array>> = {},
): Promise<AuditReport> {
  const folder = b.folderOf(files)
  writeFileSync(join(folder, 'before.onnx'), before)
  writeFileSync(join(folder, 'after.onnx'), after)
  return audit(join(folder, 'before.onnx'), join(folder, 'after.onnx'), options)
}
