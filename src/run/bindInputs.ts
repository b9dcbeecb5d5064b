import { usage } from '../errors.js'
import type { RunOptions, Value } from '../types.js'
import type { GivenInput } from './job.js'
import { readNpyHeader } from './readNpyHeader.js'
import { tensorTypes } from './tensorTypes.js'

/** What the user gave for a run, checked against the model: sizes of named dimensions (those of files included), values of inputs. */
export interface Bound {
  readonly dims: Readonly<Record<string, number>>
  readonly inputs: Readonly<Record<string, GivenInput>>
}

const fills = ['zeros', 'ones', 'random'] as const

/**
 * Checks `dims` and `inputs` of a run against the model's inputs (those that are no initializers); of .npy files only headers are read.
 * `dataTypeOf` names a TensorProto.DataType code.
 * @throws ReinitError `usage` for names that the model doesn't have, sizes that contradict, values of another type or shape; `io` for files.
 */
export function bindInputs(values: readonly Value[], options: RunOptions, dataTypeOf: (code: number) => string): Bound {
  const names = new Set(values.flatMap(({ shape }) => (shape ?? []).filter((d) => typeof d === 'string')))
  const sizes = new Map<string, { size: number; from: string }>()
  for (const [name, size] of Object.entries(options.dims ?? {})) {
    if (!names.has(name)) throw usage(`--dim ${name}: the model has no dimension of that name; ${list('named dimensions', [...names])}.`)
    if (!Number.isSafeInteger(size) || size < 0) throw usage(`--dim ${name}=${size}: a size is a whole number from 0.`)
    sizes.set(name, { size, from: `--dim ${name}=${size}` })
  }
  const inputs = Object.entries(options.inputs ?? {}).map(([name, given]): [string, GivenInput] => {
    const value = values.find((v) => v.name === name)
    if (!value)
      throw usage(
        `--input ${name}: the model has no input of that name; ${list(
          'inputs',
          values.map((v) => v.name),
        )}.`,
      )
    const fill = fills.find((f) => f === given)
    if (fill) return [name, { kind: 'fill', fill }]
    const { type, shape, start, byteLength } = readNpyHeader(given)
    const dataType = dataTypeOf(value.elemType)
    const wanted = Object.values(tensorTypes).find((t) => t.dataType === dataType)?.npy
    if (wanted !== type) throw usage(`--input ${name}: ${given} holds ${type}, the model takes ${dataType}${wanted ? ` (${wanted})` : ''}.`)
    const declared = value.shape?.map((d) => d ?? '?')
    if (declared && declared.length !== shape.length)
      throw usage(`--input ${name}: ${given} is [${shape.join(', ')}], the model takes [${declared.join(', ')}].`)
    shape.forEach((size, axis) => {
      const dim = value.shape?.[axis]
      if (typeof dim === 'number' && dim !== size)
        throw usage(`--input ${name}: ${given} is [${shape.join(', ')}], the model takes [${declared?.join(', ')}].`)
      if (typeof dim !== 'string') return
      const known = sizes.get(dim)
      if (known && known.size !== size)
        throw usage(`--input ${name}: axis ${axis} (${dim}) of ${given} is ${size}, but ${known.from} makes it ${known.size}.`)
      sizes.set(dim, { size, from: `--input ${name}` })
    })
    return [name, { kind: 'file', path: given, start, byteLength, shape }]
  })
  return { dims: Object.fromEntries([...sizes].map(([name, { size }]) => [name, size])), inputs: Object.fromEntries(inputs) }
}

const list = (what: string, names: readonly string[]) => (names.length > 0 ? `its ${what} are ${names.join(', ')}` : `it has no ${what}`)
