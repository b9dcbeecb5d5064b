// What another number of classes does to the operators behind a head; each model is run, with as many as it gets.
import { expect, test, vi } from 'vitest'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'
import { float, ints, resize, scores, strings, trunk, written } from './headModels.js'

// three processes each
vi.setConfig({ testTimeout: 60_000 })

const { int } = b.attribute
const label = ['cat', 'dog', 'emu']
const scalar = (name: string, value: number, type = 'FLOAT') => b.initializer({ name, type, dims: [], values: [value] })
const numbers = (name: string, type: string, dims: readonly number[], list: readonly number[]) =>
  b.initializer({ name, type, dims, values: list })
const y = (...dims: readonly number[]) => b.output('y', dims)
const best = b.node('ArgMax', ['s'], ['best'], { extra: [int('axis', 1), int('keepdims', 0)] })
const branches = (...fields: readonly (readonly b.Field[])[]) =>
  ['then_branch', 'else_branch'].map((name, i) => b.attribute.graph(name, ...(fields[i] ?? []), b.bytes(2, name)))

interface Followed {
  readonly fields: readonly b.Field[]
  readonly output: readonly number[]
  /** Tensors with their new dims, besides the head's own. */
  readonly dims?: Readonly<Record<string, readonly number[]>>
  /** INT64 and INT32 tensors with their new values. */
  readonly ints?: Readonly<Record<string, readonly number[]>>
  readonly options?: ReinitOptions
}

const followed: Readonly<Record<string, Followed>> = {
  'axes added, joined, picked and taken away': {
    fields: scores(
      ints('front', [1]),
      ints('last', [-1]),
      b.node('Unsqueeze', ['s', 'front'], ['u']),
      b.node('Concat', ['u', 'u'], ['c'], { extra: [int('axis', 1)] }),
      scalar('one', 1, 'INT64'),
      b.node('Gather', ['c', 'one'], ['p'], { extra: [int('axis', 1)] }),
      b.node('Unsqueeze', ['p', 'last'], ['v']),
      b.node('Squeeze', ['v', 'last'], ['y']),
      y(2, 3),
    ),
    output: [2, 5],
  },
  'all axes of size one taken away': {
    fields: scores(
      b.valueInfo('s', [2, 3]),
      ints('front', [1]),
      b.node('Unsqueeze', ['s', 'front'], ['u']),
      b.node('Squeeze', ['u'], ['y']),
      y(2, 3),
    ),
    output: [2, 5],
  },
  'axes taken away, by what the model declares': {
    fields: scores(ints('front', [1]), b.node('Unsqueeze', ['s', 'front'], ['u']), b.node('Squeeze', ['u'], ['y']), y(2, 3)),
    output: [2, 5],
  },
  'a list of entries of another axis': {
    fields: scores(ints('rows', [1, 0, 1]), b.node('Gather', ['s', 'rows'], ['y']), y(3, 3)),
    output: [3, 5],
  },
  'a batch in parts': {
    fields: scores(
      ints('halves', [1, 1]),
      b.node('Split', ['s', 'halves'], ['a', 'c'], { extra: [int('axis', 0)] }),
      b.node('Concat', ['c', 'a'], ['y'], { extra: [int('axis', 0)] }),
      y(2, 3),
    ),
    output: [2, 5],
  },
  'LayerNormalization over the classes': {
    fields: scores(float('g', [3]), float('h', [3]), b.node('LayerNormalization', ['s', 'g', 'h'], ['y']), y(2, 3)),
    output: [2, 5],
    dims: { g: [5], h: [5] },
  },
  'the best two, in parts of one': {
    fields: scores(
      ints('k', [2]),
      b.node('TopK', ['s', 'k'], ['v', 'i']),
      ints('last', [-1]),
      b.node('ReduceSum', ['v', 'last'], ['sum']),
      b.node('Div', ['v', 'sum'], ['p']),
      scalar('percent', 100),
      b.node('Mul', ['p', 'percent'], ['y']),
      y(2, 2),
    ),
    output: [2, 2],
  },
  'the best rows of each class': {
    fields: scores(ints('k', [1]), b.node('TopK', ['s', 'k'], ['y', 'i'], { extra: [int('axis', 0)] }), y(1, 3)),
    output: [1, 5],
  },
  'two classes by their number': {
    fields: scores(ints('which', [0, 2]), b.node('Gather', ['s', 'which'], ['y'], { extra: [int('axis', 1)] }), y(2, 2)),
    output: [2, 2],
  },
  'two classes by ArrayFeatureExtractor': {
    fields: scores(ints('which', [0, 2]), b.node('ArrayFeatureExtractor', ['s', 'which'], ['y'], { domain: 'ai.onnx.ml' }), y(2, 2)),
    output: [2, 2],
  },
  'numbers of classes by ArrayFeatureExtractor': {
    fields: scores(
      best,
      ints('classes', [0, 1, 2]),
      b.node('ArrayFeatureExtractor', ['classes', 'best'], ['z'], { domain: 'ai.onnx.ml' }),
      b.node('Identity', ['s'], ['y']),
      y(2, 3),
      b.output('z', [1, 2], 'INT64'),
    ),
    output: [2, 5],
    ints: { classes: [0, 1, 2, 3, 4] },
  },
  'a table that has no entry a class': {
    fields: scores(
      best,
      ints('ten', [9, 8, 7, 6, 5, 4]),
      b.node('ArrayFeatureExtractor', ['ten', 'best'], ['z'], { domain: 'ai.onnx.ml' }),
      ints('rest', [1, 2, 3, 4, 5, 6]),
      b.node('Gather', ['rest', 'best'], ['r']),
      b.node('Identity', ['s'], ['y']),
      y(2, 3),
      b.output('z', [1, 2], 'INT64'),
      b.output('r', [2], 'INT64'),
    ),
    output: [2, 5],
    ints: { ten: [9, 8, 7, 6, 5, 4] },
  },
  'numbers of classes of 32 bits, given by --labels': {
    fields: scores(
      best,
      numbers('codes', 'INT32', [3], [100, 200, 300]),
      b.node('Gather', ['codes', 'best'], ['z']),
      b.node('Identity', ['s'], ['y']),
      y(2, 3),
      b.output('z', [2], 'INT32'),
    ),
    output: [2, 5],
    ints: { codes: [1, 2, 3, 4, 5] },
    options: { labels: ['1', '2', '3', '4', '5'] },
  },
  'names behind an Identity': {
    fields: scores(
      best,
      strings('names', label),
      b.node('Identity', ['names'], ['same']),
      b.node('Gather', ['same', 'best'], ['z']),
      b.node('Identity', ['s'], ['y']),
      y(2, 3),
    ),
    output: [2, 5],
    dims: { names: [5] },
    options: { labels: ['a', 'b', 'c', 'd', 'e'] },
  },
  'a branch that the best score decides': {
    fields: scores(
      b.node('ReduceMax', ['s'], ['top'], { extra: [int('keepdims', 0)] }),
      scalar('half', 0.5),
      b.node('Greater', ['top', 'half'], ['sure']),
      b.node('If', ['sure'], ['z'], {
        extra: branches([scalar('yes', 1), b.output('yes', [])], [scalar('no', 0), b.output('no', [])]),
      }),
      b.node('Identity', ['s'], ['y']),
      y(2, 3),
      b.output('z', []),
    ),
    output: [2, 5],
  },
  'an operator that is not known, of numbers that no count changes': {
    fields: scores(
      b.node('ReduceMax', ['s'], ['top'], { extra: [int('keepdims', 0)] }),
      b.node('NonZero', ['top'], ['z']),
      b.node('Identity', ['s'], ['y']),
      y(2, 3),
    ),
    output: [2, 5],
  },
  'the size of the scores as a number': {
    fields: scores(
      b.node('Shape', ['s'], ['all']),
      scalar('one', 1, 'INT64'),
      b.node('Gather', ['all', 'one'], ['n']),
      b.node('Sub', ['n', 'one'], ['less']),
      b.node('Identity', ['s'], ['y']),
      y(2, 3),
      b.output('less', [], 'INT64'),
    ),
    output: [2, 5],
  },
  'a weight behind Identity and CastLike': {
    fields: [
      ...trunk,
      numbers('fc.w', 'FLOAT16', [8, 3], Array<number>(24).fill(0x3c00)),
      b.node('Identity', ['fc.w'], ['i']),
      b.node('CastLike', ['i', 'f'], ['c']),
      b.node('MatMul', ['f', 'c'], ['y'], { name: 'fc' }),
      y(2, 3),
    ],
    output: [2, 5],
    dims: { 'fc.w': [8, 5] },
  },
  'a weight turned around': {
    fields: [
      ...trunk,
      float('fc.w', [3, 8]),
      b.node('Transpose', ['fc.w'], ['t']),
      b.node('MatMul', ['f', 't'], ['y'], { name: 'fc' }),
      y(2, 3),
    ],
    output: [2, 5],
    dims: { 'fc.w': [5, 8] },
  },
  'a second head that the best score of the first scales': {
    fields: scores(
      b.node('ReduceMax', ['s'], ['top'], { extra: [int('keepdims', 0)] }),
      b.node('Mul', ['f', 'top'], ['g']),
      float('box.w', [8, 3]),
      b.node('MatMul', ['g', 'box.w'], ['y'], { name: 'box' }),
      y(2, 3),
      b.output('s', [2, 3]),
    ),
    output: [2, 5],
    dims: { 'box.w': [8, 5] },
    options: { layers: ['fc', 'box'] },
  },
  'an end of 32 bits': {
    fields: scores(
      numbers('start', 'INT32', [1], [0]),
      numbers('end', 'INT32', [1], [3]),
      numbers('axes', 'INT32', [1], [1]),
      b.node('Slice', ['s', 'start', 'end', 'axes'], ['y']),
      y(2, 3),
    ),
    output: [2, 5],
    ints: { end: [5] },
  },
  'a part of a batch to the end': {
    fields: scores(ints('start', [1, 0]), ints('end', [2 ** 31 - 1, 2 ** 31 - 1]), b.node('Slice', ['s', 'start', 'end'], ['y']), y(1, 3)),
    output: [1, 5],
  },
  'a target of parts that are cast, widened and copied': {
    fields: scores(
      b.node('Shape', ['f'], ['all']),
      scalar('zero', 0, 'INT64'),
      b.node('Gather', ['all', 'zero'], ['n']),
      ints('front', [0]),
      b.node('Unsqueeze', ['n', 'front'], ['rows']),
      scalar('classes', 3, 'INT64'),
      b.node('Unsqueeze', ['classes', 'front'], ['wide']),
      b.node('Identity', ['wide'], ['copied']),
      b.node('Cast', ['copied'], ['columns'], { extra: [int('to', 7)] }),
      b.node('Concat', ['rows', 'columns'], ['to'], { extra: [int('axis', 0)] }),
      b.node('Reshape', ['s', 'to'], ['y']),
      y(2, 3),
    ),
    output: [2, 5],
    ints: { classes: [5] },
  },
  'a spread to one more axis': {
    fields: scores(ints('to', [4, 2, 1]), b.node('Expand', ['s', 'to'], ['y']), y(4, 2, 3)),
    output: [4, 2, 5],
  },
}

const intsOf = (t: { dataType?: number | null; rawData?: Uint8Array | null } | undefined) => {
  const { buffer } = Uint8Array.from(t?.rawData ?? [])
  return t?.dataType === 6 ? [...new Int32Array(buffer)] : [...new BigInt64Array(buffer)].map(Number)
}

test.each(Object.entries(followed))('%s', async (_, { fields, output: size, dims = {}, ints: lists = {}, options = {} }) => {
  const { output, report } = await resize(fields, options)
  expect(report.run).toMatchObject({ status: 'passed' })
  expect(report.bytes.identicalOutside).toBe(true)
  expect(report.run.outputs.find((o) => o.name === 'y')?.shape).toEqual(size)
  const { tensors } = written(output)
  for (const [name, wanted] of Object.entries(dims)) expect([name, tensors.get(name)?.dims?.map(Number)]).toEqual([name, wanted])
  for (const [name, wanted] of Object.entries(lists)) expect([name, intsOf(tensors.get(name))]).toEqual([name, wanted])
})

/** m [2, 8] or images → f, of which the model says no shape, and 8 features of each place. */
const ranks: Readonly<Record<string, readonly [fields: readonly b.Field[], shape: readonly number[]]>> = {
  Unsqueeze: [
    [ints('front', [0]), b.node('Unsqueeze', ['m', 'front'], ['f'])],
    [1, 2, 3],
  ],
  Squeeze: [
    [ints('front', [0]), b.node('Unsqueeze', ['m', 'front'], ['u']), b.node('Squeeze', ['u', 'front'], ['f'])],
    [2, 3],
  ],
  Gemm: [
    [float('g', [8, 8]), b.node('Gemm', ['m', 'g'], ['f'])],
    [2, 3],
  ],
  Flatten: [[b.node('Flatten', ['m'], ['f'])], [2, 3]],
  Transpose: [
    [b.node('Transpose', ['m'], ['t']), b.node('Transpose', ['t'], ['f'], { extra: [b.attribute.ints('perm', [1, 0])] })],
    [2, 3],
  ],
  Expand: [
    [ints('to', [4, 2, 8]), b.node('Expand', ['m', 'to'], ['f'])],
    [4, 2, 3],
  ],
  Gather: [
    [ints('rows', [1, 1, 0]), b.node('Gather', ['m', 'rows'], ['f'])],
    [3, 3],
  ],
  'a sum': [
    [float('bias', [1, 2, 8]), b.node('Add', ['m', 'bias'], ['f'])],
    [1, 2, 3],
  ],
  'a mean that keeps its axis': [
    [
      ints('front', [1]),
      b.node('Unsqueeze', ['m', 'front'], ['u']),
      b.node('ReduceMean', ['u'], ['f'], { extra: [b.attribute.ints('axes', [1])] }),
    ],
    [2, 1, 3],
  ],
  'a mean that does not': [
    [
      ints('front', [1]),
      b.node('Unsqueeze', ['m', 'front'], ['u']),
      b.node('ReduceMean', ['u'], ['f'], { extra: [b.attribute.ints('axes', [1]), int('keepdims', 0)] }),
    ],
    [2, 3],
  ],
  Conv: [
    [float('k', [5, 1, 1, 1]), b.node('Conv', ['image', 'k'], ['f'])],
    [1, 5, 2, 3],
  ],
  ConvTranspose: [
    [float('k', [1, 5, 1, 1]), b.node('ConvTranspose', ['image', 'k'], ['f'])],
    [1, 5, 2, 3],
  ],
}
/** The rank of what is reshaped is the length of a computed target. */
const targets: Readonly<Record<string, readonly [fields: readonly b.Field[], shape: readonly number[]]>> = {
  'the shape itself': [[b.node('Identity', ['all'], ['to'])], [2, 3]],
  'a part from the start': [
    [
      ints('a', [0]),
      ints('z', [1]),
      b.node('Slice', ['all', 'a', 'z'], ['p']),
      ints('8', [8]),
      b.node('Concat', ['p', '8'], ['to'], { extra: [int('axis', 0)] }),
    ],
    [2, 3],
  ],
  'a part to the end': [
    [
      ints('a', [1]),
      ints('z', [2 ** 31 - 1]),
      b.node('Slice', ['all', 'a', 'z'], ['p']),
      ints('2', [2, 1]),
      b.node('Concat', ['2', 'p'], ['to'], { extra: [int('axis', 0)] }),
    ],
    [2, 1, 3],
  ],
  'a part from the end': [
    [
      ints('a', [-1]),
      ints('z', [2 ** 31 - 1]),
      b.node('Slice', ['all', 'a', 'z'], ['p']),
      ints('2', [2]),
      b.node('Concat', ['2', 'p'], ['to'], { extra: [int('axis', 0)] }),
    ],
    [2, 3],
  ],
  'a part but the last': [
    [
      ints('a', [0]),
      ints('z', [-1]),
      b.node('Slice', ['all', 'a', 'z'], ['p']),
      ints('8', [8]),
      b.node('Concat', ['p', '8'], ['to'], { extra: [int('axis', 0)] }),
    ],
    [2, 3],
  ],
  'a part between two from the end': [
    [
      ints('a', [-2]),
      ints('z', [-1]),
      b.node('Slice', ['all', 'a', 'z'], ['p']),
      ints('8', [8]),
      b.node('Concat', ['p', '8'], ['to'], { extra: [int('axis', 0)] }),
    ],
    [2, 3],
  ],
  'a list that is reshaped': [
    [ints('one', [2]), b.node('Reshape', ['all', 'one'], ['to'])],
    [2, 3],
  ],
}

const last = [float('fc.w', [8, 3]), b.node('MatMul', ['f', 'fc.w'], ['s'], { name: 'fc' })]
const first = [float('w0', [4, 8]), b.node('MatMul', ['x', 'w0'], ['m'], { name: 'trunk' }), b.input('x', [2, 4])]

test.each([
  ...Object.entries(ranks),
  ...Object.entries(targets).map(
    ([name, [fields, shape]]) =>
      [`Reshape to ${name}`, [[b.node('Shape', ['m'], ['all']), ...fields, b.node('Reshape', ['m', 'to'], ['f'])], shape]] as const,
  ),
])('the rank of features that the model does not declare: %s', async (name, [fields, shape]) => {
  const image = name.startsWith('Conv') ? [ints('as', [1, 1, 2, 8]), b.node('Reshape', ['m', 'as'], ['image'])] : []
  // its first axis is counted from the front: without the rank nothing tells whether it is that of the classes
  const behind = b.node('ReduceMax', ['s'], ['y'], { extra: [b.attribute.ints('axes', [0]), int('keepdims', 1)] })
  const { report } = await resize([...first, ...image, ...fields, ...last, behind, b.output('y', [1, ...shape.slice(1)])])
  expect(report.run).toMatchObject({ status: 'passed', outputs: [{ shape: [1, ...shape.slice(1, -1), 5] }] })
})
