import type { RunOptions, Value } from '../types.js'
import type { NameKind } from './messages.js'

type NameOf = (kind: NameKind, name: string, node: number) => string

/** What a run of a renamed model is given: its inputs, and what was asked for by the old names. */
export function renamedRun(
  inputs: readonly Value[],
  options: RunOptions,
  nameOf: NameOf,
): { readonly inputs: Value[]; readonly options: RunOptions } {
  const value = (name: string) => nameOf('value', name, 0)
  const dim = (name: string) => nameOf('dim', name, 0)
  return {
    inputs: inputs.map((v) => ({
      ...v,
      name: value(v.name),
      shape: v.shape && v.shape.map((d) => (typeof d === 'string' ? dim(d) : d)),
    })),
    options: {
      ...options,
      ...(options.inputs && { inputs: mapped(options.inputs, value) }),
      ...(options.dims && { dims: mapped(options.dims, dim) }),
    },
  }
}

const mapped = <T>(of: Readonly<Record<string, T>>, name: (old: string) => string): Record<string, T> =>
  Object.fromEntries(Object.entries(of).map(([key, v]) => [name(key), v]))
