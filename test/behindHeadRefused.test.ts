// What stands behind a head and can't take another number of classes is refused with its reason, and nothing is written.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inspect } from '../src/inspect.js'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'
import { conv, decode, file, float, gemm, ints, scores, trunk } from './headModels.js'

const { int } = b.attribute
const scalar = (name: string, value: number, type = 'FLOAT') => b.initializer({ name, type, dims: [], values: [value] })
const y = (...dims: readonly number[]) => b.output('y', dims)
const node = (type: string, inputs: readonly string[], ...extra: readonly b.Field[]) => b.node(type, inputs, ['y'], { extra })
const best = b.node('ArgMax', ['s'], ['best'], { extra: [int('axis', 1), int('keepdims', 0)] })
const top = b.node('ReduceMax', ['s'], ['top'], { extra: [int('keepdims', 0)] })
/** Scores [n, 3] of features whose rank the model does not say. */
const ofAnyRank = (...fields: readonly b.Field[]) => [
  float('w0', [4, 8]),
  b.node('MatMul', ['x', 'w0'], ['m'], { name: 'trunk' }),
  b.node('Reshape', ['m', 'shape'], ['f']),
  float('fc.w', [8, 3]),
  b.node('MatMul', ['f', 'fc.w'], ['s'], { name: 'fc' }),
  b.input('x', [2, 4]),
  b.input('shape', ['k'], 'INT64'),
  ...fields,
]
const NO_RANK = /by an axis whose place is not known: the model does not say the rank of its input/

const refused: Readonly<Record<string, readonly [fields: readonly b.Field[], message: RegExp, options?: ReinitOptions]>> = {
  'a squeeze of the classes': [scores(ints('a', [1]), node('Squeeze', ['s', 'a']), y(2)), /takes away the axis of the classes/],
  'a squeeze of who knows what': [scores(node('Squeeze', ['s'])), /Squeeze "y" squeezes by an axis/],
  'axes that are computed': [scores(b.input('a', [1], 'INT64'), node('Unsqueeze', ['s', 'a'])), /adds axes that are not known/],
  'scores joined end to end': [
    scores(node('Concat', ['s', 's'], int('axis', 1)), y(2, 6)),
    /joins the classes to other values along their axis/,
  ],
  'scores beside other values': [
    scores(b.input('q', [2, 3]), node('Concat', ['s', 'q'], int('axis', 0)), y(4, 3)),
    /joins the scores to values of other layers/,
  ],
  'a part of the classes': [
    scores(ints('a', [1]), ints('z', [3]), ints('axes', [1]), node('Slice', ['s', 'a', 'z', 'axes']), y(2, 2)),
    /takes a part of the classes/,
  ],
  'the first classes': [
    scores(ints('a', [0]), ints('z', [2]), ints('axes', [1]), node('Slice', ['s', 'a', 'z', 'axes']), y(2, 2)),
    /takes a part of the classes/,
  ],
  'a part that is computed': [
    scores(b.input('z', [1], 'INT64'), ints('a', [0]), node('Slice', ['s', 'a', 'z'])),
    /takes a part that is not known/,
  ],
  'a class by a computed number': [
    scores(b.input('i', [1], 'INT64'), node('Gather', ['s', 'i'], int('axis', 1))),
    /single classes by an index/,
  ],
  'a class counted from the last': [scores(ints('i', [-1]), node('Gather', ['s', 'i'], int('axis', 1))), /single classes by an index/],
  'rows by a table': [
    scores(b.initializer({ name: 'i', type: 'INT64', dims: [1, 2], values: [0, 1] }), node('Gather', ['s', 'i'])),
    /takes entries by a table/,
  ],
  'a class by a computed number, ArrayFeatureExtractor': [
    scores(b.input('i', [1], 'INT64'), b.node('ArrayFeatureExtractor', ['s', 'i'], ['y'], { domain: 'ai.onnx.ml' })),
    /single classes by an index/,
  ],
  'values looked up by the scores': [
    scores(b.node('Cast', ['s'], ['i'], { extra: [int('to', 7)] }), float('table', [9]), node('Gather', ['table', 'i'])),
    /looks values up by the scores/,
  ],
  'values looked up by the class': [
    scores(best, float('table', [3, 7]), node('Gather', ['table', 'best']), y(2, 7)),
    /looks values up by the class/,
  ],
  'a table of more than a name each': [
    scores(
      best,
      b.initializer({ name: 'pairs', type: 'INT64', dims: [3, 2], values: [0, 1, 2, 3, 4, 5] }),
      node('Gather', ['pairs', 'best']),
    ),
    /Tensor "pairs" \[3,2\] lists more than the names of 3 classes/,
  ],
  'numbers of classes in eight bits': [
    scores(best, b.initializer({ name: 'codes', type: 'INT8', dims: [3], values: [0, 1, 2] }), node('Gather', ['codes', 'best'])),
    /Tensor "codes" \(INT8\) holds numbers of the classes, and only INT32 and INT64 can be rewritten/,
  ],
  'names that are no numbers': [
    scores(best, ints('codes', [7, 8, 9]), node('Gather', ['codes', 'best'])),
    /Tensor "codes" names classes by whole numbers: --labels must give such/,
    { labels: ['a', 'b', 'c', 'd', 'e'] },
  ],
  'names that are stored in another shape': [
    scores(
      best,
      b.initializer({ name: 'codes', type: 'INT64', dims: [3, 1], values: [0, 1, 2] }),
      ints('flat', [3]),
      b.node('Reshape', ['codes', 'flat'], ['list']),
      node('Gather', ['list', 'best']),
    ),
    /Gather "y" has the operand "list", which is computed/,
  ],
  'labels by a table of their own': [
    scores(best, b.node('LabelEncoder', ['best'], ['y'], { domain: 'ai.onnx.ml' })),
    /LabelEncoder "y" names classes by a table of its own/,
  ],
  'a norm over the batch': [
    scores(float('g', [2, 3]), node('LayerNormalization', ['s', 'g'], int('axis', 0)), y(2, 3)),
    /normalizes over more than the classes/,
  ],
  'numbers that meet a table of classes': [
    scores(best, ints('offsets', [5, 6, 7]), node('Add', ['best', 'offsets'])),
    /meets a constant of 3 entries/,
  ],
  'values of the size of the scores': [
    scores(b.node('Shape', ['s'], ['n']), node('ConstantOfShape', ['n'])),
    /makes values of the size of the scores/,
  ],
  'other values spread to the size of the scores': [
    scores(b.node('Shape', ['s'], ['n']), scalar('one', 1), node('Expand', ['one', 'n'])),
    /spreads other values to the size of the scores/,
  ],
  'a target without a place for the classes': [
    scores(ints('to', [-1, 1]), node('Reshape', ['s', 'to']), y(6, 1)),
    /has the target \[-1, 1\]/,
  ],
  'a loop over the scores': [
    scores(
      b.node('Scan', ['s'], ['y'], {
        extra: [
          int('num_scan_inputs', 1),
          b.attribute.graph('body', b.node('Identity', ['row'], ['out']), b.input('row', [3]), b.output('out', [3])),
        ],
      }),
    ),
    /Scan "y" takes the scores into a body of its own/,
  ],
  'a constant of a shape that is computed': [
    scores(b.input('q', []), b.node('Mul', ['q', 'q'], ['r']), node('Add', ['s', 'r'])),
    /joins the scores to "r", whose shape is not known/,
  ],
  'a scale that is put together': [
    scores(
      float('g', [1]),
      float('h', [2]),
      b.node('Concat', ['g', 'h'], ['scale'], { extra: [int('axis', 0)] }),
      node('Mul', ['s', 'scale']),
      y(2, 3),
    ),
    /Mul "y" has the operand "scale", which is made by Concat "scale"/,
  ],
  'a scale that holds few values': [
    scores(
      b.message(15, [
        b.message(1, b.tensor({ name: 'few', dims: [1], values: [2] })),
        b.message(2, b.tensor({ name: 'at', type: 'INT64', dims: [1], values: [1] })),
        b.varint(3, 3),
      ]),
      node('Mul', ['s', 'few']),
      y(2, 3),
    ),
    /Mul "y" has the operand "few" \[\d\], which has not 3 entries along this one axis alone/,
  ],
  'a head behind another one': [
    scores(float('box.w', [3, 3]), b.node('MatMul', ['s', 'box.w'], ['y'], { name: 'box' }), y(2, 3), b.output('s', [2, 3])),
    /MatMul "box" is a head behind another one/,
    { layers: ['fc', 'box'] },
  ],
  'a part of a tensor': [
    [
      ...trunk,
      float('fc.w', [8, 7]),
      ints('a', [0]),
      ints('z', [3]),
      ints('axes', [1]),
      b.node('Slice', ['fc.w', 'a', 'z', 'axes'], ['part']),
      b.node('MatMul', ['f', 'part'], ['y'], { name: 'fc' }),
      y(2, 3),
    ],
    /MatMul "fc" has no one axis of outputs in its weight, or takes only a part of a tensor/,
  ],
  'a head that makes no output': [
    [...trunk, ...gemm, b.node('Identity', ['f'], ['y']), y(2, 8)],
    /"fc" is no head: nothing of it reaches the model's outputs/,
  ],
  'a body, of scores that no list names': [
    scores(
      top,
      b.node('If', ['top'], ['y'], { extra: [b.attribute.graph('then_branch', b.node('Neg', ['s'], ['n']), b.output('n', [2, 3]))] }),
    ),
    /Neg .* in .* takes the scores, and they are not followed there/,
  ],
  ...Object.fromEntries(
    (
      [
        ['Transpose', ['s'], []],
        ['Flatten', ['s'], []],
        ['ReduceMax', ['s'], [b.attribute.ints('axes', [1])]],
        ['Split', ['s'], [int('axis', 1)]],
        ['Concat', ['s', 's'], [int('axis', 1)]],
        ['Gather', ['s', 'i'], [int('axis', 1)]],
        ['TopK', ['s', 'i'], [int('axis', 1)]],
        ['Unsqueeze', ['s', 'i'], []],
        ['Squeeze', ['s', 'i'], []],
        ['Slice', ['s', 'i', 'i', 'i'], []],
        ['GlobalAveragePool', ['s'], []],
        ['MaxPool', ['s'], []],
        ['BatchNormalization', ['s', 'i', 'i', 'i', 'i'], []],
      ] as const
    ).map(([type, inputs, extra]) => [
      `${type} of scores of an unknown rank`,
      [ofAnyRank(ints('i', [1]), node(type, inputs, ...extra)), NO_RANK] as const,
    ]),
  ),
}

async function refusal(model: Uint8Array, options: ReinitOptions) {
  const folder = b.folderOf({ 'm.onnx': model })
  const output = join(folder, 'out.onnx')
  const error: unknown = await reinit(join(folder, 'm.onnx'), {
    layers: ['fc'],
    init: 'xavier_normal',
    numClasses: 5,
    output,
    ...options,
  }).then(
    () => null,
    (e: unknown) => e,
  )
  expect(readdirSync(folder)).toEqual(['m.onnx'])
  return { error, folder }
}

test.each(Object.entries(refused))('%s', async (_, [fields, message, options = {}]) => {
  const { error } = await refusal(file(fields), options)
  expect(error).toMatchObject({ exitCode: 2 })
  expect(String((error as Error).message)).toMatch(message)
})

test('inspect tells why another number is refused', async () => {
  const folder = b.folderOf({ 'm.onnx': file(scores(node('Squeeze', ['s']), b.output('y', ['n', 'k']))) })
  const { head } = await inspect(join(folder, 'm.onnx'), { head: true })
  expect(head).toMatchObject({
    layers: ['fc'],
    opTypes: ['Gemm'],
    fanIn: 8,
    fanOut: 3,
    classes: null,
    newClasses: null,
    behind: [],
    changes: [],
  })
  expect(head?.refused).toMatch(/^The number of classes can't change: Squeeze "y" squeezes by an axis/)
})

/** Before opset 5 a target was an attribute, before opset 7 an operand's place. Runtimes have left both. */
const early = (opset: number, fields: readonly b.Field[]) =>
  Buffer.concat([b.varint(1, 3), b.message(8, [b.varint(2, opset)]), b.graph(b.bytes(2, 'g'), ...fields)])

test('a target that is an attribute', async () => {
  const folder = b.folderOf({
    'm.onnx': early(1, scores(node('Reshape', ['s'], b.attribute.ints('shape', [2, 1, 3])), y(2, 1, 3))),
  })
  const output = join(folder, 'out.onnx')
  const report = await reinit(join(folder, 'm.onnx'), { layers: ['fc'], init: 'xavier_normal', numClasses: 5, output, run: false })
  expect(report.bytes.identicalOutside).toBe(true)
  const { graph } = decode(output)
  expect(graph?.node?.find((n) => n.opType === 'Reshape')?.attribute?.[0]?.ints?.map(Number)).toEqual([2, 1, 5])
  expect(graph?.output?.[0]?.type?.tensorType?.shape?.dim?.map((d) => Number(d.dimValue))).toEqual([2, 1, 5])
})

test.each([
  [1, [3, 1, 1], [5, 1, 1]],
  [1, [3], [5]],
  [0, [2, 3], [2, 5]],
])('an operand that starts at axis %i', async (axis, dims, wanted) => {
  const [images, size] = dims[0] === 2 ? [false, 2] : [true, 4]
  const head = images ? conv() : scores()
  const extra = [int('broadcast', 1), int('axis', axis)]
  const folder = b.folderOf({
    'm.onnx': early(6, [...head, float('scale', dims), node('Mul', ['s', 'scale'], ...extra), y(...[2, 3, 3, 3].slice(0, size))]),
  })
  const report = await reinit(join(folder, 'm.onnx'), {
    layers: ['fc'],
    init: 'xavier_normal',
    numClasses: 5,
    output: join(folder, 'out.onnx'),
    run: false,
  })
  expect(report.head?.changes.find((c) => c.name === 'scale')?.what).toMatch(/, 3 → 5$/)
  expect(
    decode(join(folder, 'out.onnx'))
      .graph?.initializer?.find((t) => t.name === 'scale')
      ?.dims?.map(Number),
  ).toEqual(wanted)
})
