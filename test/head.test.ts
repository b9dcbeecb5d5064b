import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { inspect } from '../src/inspect.js'
import { reinit } from '../src/reinit.js'
import type { ReinitOptions } from '../src/reports.js'
import * as b from './buildModel.js'
import { conv, decode, file, float, gemm, ints, resize, scores, strings, trunk, values, written } from './headModels.js'
import { storedTensors } from './storedTensors.js'

// three processes each
vi.setConfig({ testTimeout: 60_000 })

const { int, tensor } = b.attribute
const label = ['cat', 'dog', 'emu']
const same = (type: string) => b.node(type, ['s'], ['y'])
const y = (...dims: readonly (number | string)[]) => b.output('y', dims)

interface Case {
  readonly fields: readonly b.Field[]
  /** Tensors by name with their new dims, and integers with their new values, for 5 classes. */
  readonly dims: Readonly<Record<string, readonly number[]>>
  readonly numbers?: Readonly<Record<string, readonly number[]>>
  readonly output?: readonly number[]
  readonly options?: ReinitOptions
  readonly opset?: number
  readonly status?: string
}
const fc = { 'fc.w': [5, 8], 'fc.b': [5] }
const kernel = { 'fc.w': [5, 4, 1, 1], 'fc.b': [5] }

const cases: Readonly<Record<string, Case>> = {
  Gemm: { fields: scores(same('Softmax'), y(2, 3)), dims: fc },
  'Gemm the other way round': {
    fields: [
      ...trunk,
      float('fc.w', [8, 3]),
      float('fc.b', [1, 3]),
      b.node('Gemm', ['f', 'fc.w', 'fc.b'], ['y'], { name: 'fc' }),
      y('n', 3),
    ],
    dims: { 'fc.w': [8, 5], 'fc.b': [1, 5] },
  },
  'MatMul and Add': {
    fields: [
      ...trunk,
      float('fc.w', [8, 3]),
      float('fc.b', [3]),
      b.node('MatMul', ['f', 'fc.w'], ['s'], { name: 'fc' }),
      b.node('Add', ['fc.b', 's'], ['y']),
      y(2, 3),
    ],
    dims: { 'fc.w': [8, 5], 'fc.b': [5] },
  },
  'a transposed weight': {
    fields: [
      ...trunk,
      float('fc.w', [3, 8]),
      b.node('Transpose', ['fc.w'], ['t'], { extra: [b.attribute.ints('perm', [1, 0])] }),
      b.node('MatMul', ['f', 't'], ['y'], { name: 'fc' }),
      b.valueInfo('t', [8, 3]),
      y(2, 3),
    ],
    dims: { 'fc.w': [5, 8] },
  },
  'a reshaped weight': {
    fields: [
      ...trunk,
      float('fc.w', [2, 4, 3]),
      ints('shape', [8, 3], 'int64_data'),
      b.node('Reshape', ['fc.w', 'shape'], ['t']),
      b.node('MatMul', ['f', 't'], ['y'], { name: 'fc' }),
      y(2, 3),
    ],
    dims: { 'fc.w': [2, 4, 5] },
    numbers: { shape: [8, 5] },
  },
  'weights in Constant nodes': {
    fields: [
      ...trunk,
      b.node('Constant', [], ['fc.w'], { extra: [tensor('value', { dims: [3, 8], values: values(24) })] }),
      b.node('Constant', [], ['fc.b'], { extra: [b.attribute.floats('value_floats', values(3))] }),
      b.node('Gemm', ['f', 'fc.w', 'fc.b'], ['y'], { name: 'fc', extra: [int('transB', 1)] }),
      y(2, 3),
    ],
    dims: fc,
  },
  'float_data, unpacked': {
    fields: [
      ...trunk,
      b.initializer({ name: 'fc.w', dims: [3, 8], values: values(24), storage: 'float_data', packing: 'unpacked' }),
      b.node('Gemm', ['f', 'fc.w'], ['y'], { name: 'fc', extra: [int('transB', 1)] }),
      y(2, 3),
    ],
    dims: { 'fc.w': [5, 8] },
  },
  'a 1x1 kernel, pooled and flattened': {
    fields: [
      ...conv(),
      same('Relu'),
      b.node('GlobalAveragePool', ['y'], ['p']),
      b.node('Flatten', ['p'], ['z']),
      b.output('z', [2, 3]),
      b.valueInfo('s', [2, 3, 3, 3]),
    ],
    dims: kernel,
    output: [2, 5],
  },
  'a 3x3 kernel': { fields: [...conv(3), same('Sigmoid'), y(2, 3, 3, 3)], dims: { ...kernel, 'fc.w': [5, 4, 3, 3] }, output: [2, 5, 3, 3] },
  'a kernel, flattened with its places': { fields: [...conv(), b.node('Flatten', ['s'], ['y']), y(2, 27)], dims: kernel, output: [2, 45] },
  'BatchNormalization and PRelu': {
    fields: [
      ...conv(),
      ...['g', 'h', 'u', 'v'].map((name) => b.initializer({ name, dims: [3], values: [1, 2, 3] })),
      float('a', [3, 1, 1]),
      b.node('BatchNormalization', ['s', 'g', 'h', 'u', 'v'], ['n'], { name: 'bn' }),
      b.node('PRelu', ['n', 'a'], ['y']),
      y(2, 3, 3, 3),
    ],
    dims: { ...kernel, g: [5], h: [5], u: [5], v: [5], a: [5, 1, 1] },
    output: [2, 5, 3, 3],
  },
  'constants of a scale, a shift and a temperature': {
    fields: scores(
      float('scale', [3]),
      float('shift', [1, 3]),
      b.initializer({ name: 't', dims: [], values: [2] }),
      b.node('Mul', ['s', 'scale'], ['a']),
      b.node('Sub', ['a', 'shift'], ['c']),
      b.node('Div', ['c', 't'], ['y']),
      y(2, 3),
    ),
    dims: { ...fc, scale: [5], shift: [1, 5] },
  },
  'a decomposed softmax': {
    fields: scores(
      b.node('ReduceMax', ['s'], ['max'], { extra: [b.attribute.ints('axes', [1]), int('keepdims', 1)] }),
      b.node('Sub', ['s', 'max'], ['d']),
      b.node('Exp', ['d'], ['e']),
      ints('last', [-1]),
      b.node('ReduceSum', ['e', 'last'], ['sum']),
      b.node('Div', ['e', 'sum'], ['y']),
      y(2, 3),
    ),
    dims: fc,
  },
  'a target with the number of classes': {
    fields: scores(ints('to', [2, 1, 3]), b.node('Reshape', ['s', 'to'], ['y']), y(2, 1, 3)),
    dims: fc,
    numbers: { to: [2, 1, 5] },
    output: [2, 1, 5],
  },
  'a target that is put together': {
    fields: scores(
      b.node('Shape', ['f'], ['all']),
      ints('zero', [0]),
      b.node('Gather', ['all', 'zero'], ['n']),
      ints('classes', [3]),
      b.node('Concat', ['n', 'classes'], ['to'], { extra: [int('axis', 0)] }),
      b.node('Reshape', ['s', 'to'], ['y']),
      y(2, 3),
    ),
    dims: fc,
    numbers: { classes: [5] },
  },
  'a target that takes what is left': {
    fields: [...conv(), b.node('GlobalMaxPool', ['s'], ['p']), ints('to', [0, -1]), b.node('Reshape', ['p', 'to'], ['y']), y(2, 3)],
    dims: kernel,
    numbers: { to: [0, -1] },
  },
  'Expand, Slice and Transpose': {
    fields: scores(
      ints('to', [2, 3]),
      b.node('Expand', ['s', 'to'], ['e']),
      ints('start', [0]),
      ints('end', [3]),
      ints('axes', [-1]),
      b.node('Slice', ['e', 'start', 'end', 'axes'], ['p']),
      b.node('Transpose', ['p'], ['y'], { extra: [b.attribute.ints('perm', [1, 0])] }),
      y(3, 2),
    ),
    dims: fc,
    numbers: { to: [2, 5], end: [5] },
    output: [5, 2],
  },
  'ArgMax beside the scores': {
    fields: scores(
      same('Softmax'),
      y(2, 3),
      b.node('ArgMax', ['y'], ['best'], { extra: [int('axis', -1), int('keepdims', 0)] }),
      b.output('best', [2], 'INT64'),
    ),
    dims: fc,
  },
  'names of classes that are looked up': {
    fields: scores(
      b.node('ArgMax', ['s'], ['best'], { extra: [int('axis', 1), int('keepdims', 0)] }),
      strings('names', label),
      b.node('Gather', ['names', 'best'], ['name']),
      same('Identity'),
      y(2, 3),
    ),
    dims: { ...fc, names: [5] },
    options: { labels: ['a', 'b', 'c', 'd', 'e'] },
  },
  ZipMap: {
    fields: scores(
      same('Softmax'),
      b.node('ZipMap', ['y'], ['z'], { domain: 'ai.onnx.ml', extra: [b.attribute.strings('classlabels_strings', label)] }),
      y(2, 3),
    ),
    dims: fc,
    options: { labels: ['a', 'b', 'c', 'd', 'e'] },
  },
  'ZipMap of numbers': {
    fields: scores(
      same('Softmax'),
      b.node('ZipMap', ['y'], ['z'], { domain: 'ai.onnx.ml', extra: [b.attribute.ints('classlabels_int64s', [0, 1, 2])] }),
      y(2, 3),
    ),
    dims: fc,
  },
  'inputs that mirror initializers': { fields: scores(same('Softmax'), y(2, 3), b.input('fc.w', [3, 8]), b.input('fc.b', [3])), dims: fc },
}

test.each(Object.entries(cases))('%s', async (_, { fields, dims, numbers = {}, output: size = [2, 5], options = {} }) => {
  const { folder, output, report } = await resize(fields, options)
  expect(report.run).toMatchObject({ status: 'passed' })
  expect(report.bytes.identicalOutside).toBe(true)
  const shape = report.run.outputs[0]?.shape
  expect(shape).toEqual(size)
  const { graph, tensors } = written(output)
  for (const [name, wanted] of Object.entries(dims)) {
    const t = tensors.get(name)
    if (t) expect([name, t.dims?.map(Number)]).toEqual([name, wanted])
  }
  for (const [name, wanted] of Object.entries(numbers)) {
    const t = tensors.get(name)
    const list = t?.rawData?.length ? [...new BigInt64Array(Uint8Array.from(t.rawData).buffer)] : (t?.int64Data ?? [])
    expect([name, list.map(Number)]).toEqual([name, wanted])
  }
  // nothing declares the old number any more
  const declared = [...(graph.output ?? []), ...(graph.valueInfo ?? []), ...(graph.input ?? [])].filter((v) => v.name !== 'x')
  for (const v of declared) {
    const sizes = v.type?.tensorType?.shape?.dim?.map((d) => Number(d.dimValue ?? 0)) ?? []
    if (v.name === 's' || v.name?.startsWith('fc')) expect([v.name, sizes.includes(5)]).toEqual([v.name, true])
  }
  // all other tensors have their bytes
  const [before, after] = [storedTensors(join(folder, 'm.onnx')), storedTensors(output)]
  for (const [name, bytes] of before)
    if (!(name in dims) && !(name in numbers) && !/names/.test(name)) expect(after.get(name)).toEqual(bytes)
})

test('labels are the given ones, everywhere', async () => {
  const labels = ["it's", 'b', 'c', 'd', 'ü']
  const entry = (key: string, text: string) => b.message(14, [b.bytes(1, key), b.bytes(2, text)])
  const { output } = await resize(
    cases.ZipMap?.fields ?? [],
    { labels },
    entry('names', "{0: 'cat', 1: 'dog', 2: 'emu'}"),
    entry('class_names', '["cat","dog","emu"]'),
    entry('labels', 'cat,dog,emu'),
    entry('id_to_label', '{"0":"cat","1":"dog","2":"emu"}'),
    entry('label_scores', '{"cat":"0.5","dog":"0.3","emu":"0.2"}'),
    entry('class_of_model', 'classifier'),
    entry('author', 'cat,dog,emu'),
  )
  const model = decode(output)
  const zip = model.graph?.node?.find((n) => n.opType === 'ZipMap')?.attribute?.[0]
  expect(zip?.strings?.map((s) => Buffer.from(s).toString())).toEqual(labels)
  expect(Object.fromEntries((model.metadataProps ?? []).map((p) => [p.key, p.value]))).toEqual({
    names: `{0: "it's", 1: 'b', 2: 'c', 3: 'd', 4: 'ü'}`,
    class_names: JSON.stringify(labels),
    labels: labels.join(','),
    id_to_label: JSON.stringify(Object.fromEntries(labels.entries())),
    label_scores: '{"cat":"0.5","dog":"0.3","emu":"0.2"}',
    class_of_model: 'classifier',
    author: 'cat,dog,emu',
  })
})

test('names of classes that nothing holds are said not to be needed', async () => {
  const { report } = await resize(scores(same('Softmax'), y(2, 3)), { labels: ['a', 'b', 'c', 'd', 'e'], run: false })
  expect(report.notes).toContain('the model holds no names of classes: --labels was not needed')
})

const row = (bytes: Buffer | undefined, i: number, size: number) => bytes?.subarray(i * size, (i + 1) * size)

test('kept classes have the bytes of the old ones, the others are drawn', async () => {
  const kept = await resize(scores(same('Softmax'), y(2, 3)), { keepClasses: [2, 0], bias: 0.5 })
  expect(kept.report.notes).toContain('classes 0 to 1 are the old classes 2, 0')
  const [before, after] = [storedTensors(join(kept.folder, 'm.onnx')), storedTensors(kept.output)]
  expect(row(after.get('fc.w'), 0, 32)).toEqual(row(before.get('fc.w'), 2, 32))
  expect(row(after.get('fc.w'), 1, 32)).toEqual(row(before.get('fc.w'), 0, 32))
  expect(row(after.get('fc.w'), 2, 32)).not.toEqual(row(before.get('fc.w'), 2, 32))
  const bias = new Float32Array(Uint8Array.from(after.get('fc.b') ?? []).buffer)
  expect([...bias]).toEqual([Math.fround(Math.sin(3)), Math.fround(Math.sin(1)), 0.5, 0.5, 0.5])
  // those that are drawn are what a head without kept classes has
  const drawn = storedTensors((await resize(scores(same('Softmax'), y(2, 3)))).output)
  expect(row(after.get('fc.w'), 4, 32)).toEqual(row(drawn.get('fc.w'), 4, 32))
})

test('kept classes along an inner axis', async () => {
  const { folder, output } = await resize(cases['MatMul and Add']?.fields ?? [], { keepClasses: [1], numClasses: 2 })
  const floats = (path: string) => new Float32Array(Uint8Array.from(storedTensors(path).get('fc.w') ?? []).buffer)
  const [before, after] = [floats(join(folder, 'm.onnx')), floats(output)]
  for (let k = 0; k < 8; k++) expect(after[2 * k]).toBe(before[3 * k + 1])
})

const tied = [
  float('table', [6, 8]),
  ints('ids', [1, 2]),
  b.node('Gather', ['table', 'ids'], ['e'], { name: 'embed' }),
  b.node('Transpose', ['table'], ['t'], { extra: [b.attribute.ints('perm', [1, 0])] }),
  float('mid', [8, 8]),
  b.node('MatMul', ['e', 'mid'], ['r'], { name: 'mid' }),
  b.node('MatMul', ['r', 't'], ['y'], { name: 'fc' }),
  y(2, 6),
]

test.each<[string, ReinitOptions, boolean]>([
  ['--head', { layers: [], head: true }, false],
  ['--layers', { layers: ['fc'] }, false],
  ['--all', { layers: [], all: true }, true],
])('a head that shares its tensor gets one of its own under --shared fork: %s', async (_, options, isRedrawn) => {
  const { folder, output, report } = await resize(tied, { shared: 'fork', ...options })
  expect(report.run).toMatchObject({ status: 'passed', outputs: [{ name: 'y', shape: [2, 5] }] })
  expect(report.changed.find((c) => c.name === 'table.fc')).toMatchObject({ shape: [8, 5], fanIn: 8, fanOut: 5 })
  expect(report.run.features?.status).toBe(isRedrawn ? 'not-compared' : 'equal')
  expect(report.notes.join()).toContain('table is used elsewhere too: fc gets a tensor of its own, table.fc')
  const [before, after] = [storedTensors(join(folder, 'm.onnx')), storedTensors(output)]
  expect(after.get('table.fc')?.length).toBe(160)
  expect(after.get('table')?.equals(before.get('table') ?? Buffer.alloc(0))).toBe(!isRedrawn)
  expect(report.changed.flatMap((c) => c.checks).filter((c) => !c.passed)).toEqual([])
})

test('fan_out follows the number of classes, fan_in stays', async () => {
  const { report } = await resize(scores(same('Softmax'), y(2, 3)), { init: 'he_normal', mode: 'fan_out' })
  expect(report.changed[0]).toMatchObject({ name: 'fc.w', shape: [5, 8], fanIn: 8, fanOut: 5 })
  expect(report.changed[0]?.expected.std).toBeCloseTo(Math.sqrt(2 / 5), 6)
  expect(report.head).toMatchObject({ layers: ['fc'], classes: 3, newClasses: 5, behind: ['Softmax'] })
})

test.each(['copy', 'inline', 'reference'] as const)('external data goes with --data %s', async (data) => {
  const external = (name: string, dims: readonly number[], offset: number) =>
    b.initializer({
      name,
      dims,
      external: { location: 'w.data', offset: String(offset), length: String(4 * dims.reduce((n, d) => n * d, 1)) },
    })
  const fields = [
    external('w0', [4, 8], 0),
    external('fc.w', [3, 8], 128),
    external('fc.b', [3], 224),
    ...trunk.slice(1),
    ...gemm.slice(2),
    same('Softmax'),
    y(2, 3),
  ]
  const bytes = b.raw('FLOAT', values(59))
  const folder = b.folderOf({ 'm.onnx': file(fields), 'w.data': bytes })
  const output = join(folder, 'out.onnx')
  const report = await reinit(join(folder, 'm.onnx'), { layers: ['fc'], init: 'xavier_normal', numClasses: 5, output, data })
  expect(report.run.status).toBe('passed')
  expect(readFileSync(join(folder, 'w.data'))).toEqual(Buffer.from(bytes))
  const after = storedTensors(output)
  expect(after.get('w0')).toEqual(storedTensors(join(folder, 'm.onnx')).get('w0'))
  expect(after.get('fc.w')?.length).toBe(160)
  expect(report.changed.map((c) => c.checks.every((k) => k.passed))).toEqual([true, true])
})

const refused: Readonly<Record<string, readonly [fields: readonly b.Field[], message: RegExp, options?: ReinitOptions]>> = {
  'no head': [scores(same('Softmax'), y(2, 3)), /Gemm "fc" is a layer that takes its scores|trunk/, { layers: ['trunk'] }],
  'two heads of different sizes': [
    scores(same('Softmax'), y(2, 3), float('box', [8, 4]), b.node('MatMul', ['f', 'box'], ['z'], { name: 'boxes' }), b.output('z', [2, 4])),
    /Two heads are selected/,
    { layers: [], head: true },
  ],
  'labels of another length': [cases.ZipMap?.fields ?? [], /--labels has 2 names for 5 classes/, { labels: ['a', 'b'] }],
  'labels that are missing': [cases.ZipMap?.fields ?? [], /ZipMap .* give --labels FILE with 5 names/],
  'a class that is not there': [
    scores(same('Softmax'), y(2, 3)),
    /--keep-classes 3: the head has the classes 0 to 2/,
    { keepClasses: [3] },
  ],
  'a class that is kept twice': [scores(same('Softmax'), y(2, 3)), /twice/, { keepClasses: [1, 1] }],
  'more kept than there are': [
    scores(same('Softmax'), y(2, 3)),
    /names 3 classes, but --num-classes is 2/,
    { keepClasses: [0, 1, 2], numClasses: 2 },
  ],
  'no classes': [scores(same('Softmax'), y(2, 3)), /--num-classes 0/, { numClasses: 0 }],
  'half a class': [scores(same('Softmax'), y(2, 3)), /--num-classes 2.5/, { numClasses: 2.5 }],
  'more than 2 GiB': [
    scores(same('Softmax'), y(2, 3)),
    /protobuf ends at 2147483647: save its weights as external data/,
    { numClasses: 1e8 },
  ],
  'a bias that is kept': [scores(same('Softmax'), y(2, 3)), /--bias keep/, { bias: 'keep' }],
  'a shuffle': [scores(same('Softmax'), y(2, 3)), /shuffle needs as many values as before/, { init: 'shuffle' }],
  'a selection of the best that needs more': [
    scores(ints('k', [3]), b.node('TopK', ['s', 'k'], ['y', 'i']), y(2, 3)),
    /takes 3 classes or more/,
    { numClasses: 2 },
  ],
  groups: [
    [
      float('fc.w', [4, 2, 1, 1]),
      b.node('Conv', ['x', 'fc.w'], ['y'], { name: 'fc', extra: [int('group', 2)] }),
      b.input('x', [2, 4, 3, 3]),
      y(2, 4, 3, 3),
    ],
    /has 2 groups/,
  ],
  'a depth to space': [
    [...conv(), b.node('DepthToSpace', ['s'], ['y'], { extra: [int('blocksize', 1)] }), y(2, 3, 3, 3)],
    /DepthToSpace .* stands behind the head/,
  ],
  'a split by meaning': [
    scores(ints('parts', [1, 2]), b.node('Split', ['s', 'parts'], ['y', 'z'], { extra: [int('axis', 1)] }), y(2, 1), b.output('z', [2, 2])),
    /Split .* splits the classes/,
  ],
  'a bias that another layer has too': [
    [
      ...trunk,
      float('fc.w', [3, 8]),
      float('zero', [3]),
      b.node('Gemm', ['f', 'fc.w', 'zero'], ['y'], { name: 'fc', extra: [int('transB', 1)] }),
      float('box.w', [8, 3]),
      b.node('MatMul', ['f', 'box.w'], ['o'], { name: 'box' }),
      b.node('Add', ['o', 'zero'], ['z']),
      y(2, 3),
      b.output('z', [2, 3]),
    ],
    /"zero" too/,
  ],
  'scores that a branch takes': [
    scores(
      b.initializer({ name: 'c', type: 9, extra: [b.bytes(9, Uint8Array.of(1))] }),
      b.node('If', ['c'], ['y'], {
        extra: ['then_branch', 'else_branch'].map((name, i) =>
          b.attribute.graph(name, b.node('Relu', ['s'], [`r${i}`]), b.bytes(2, name), b.output(`r${i}`, [2, 3])),
        ),
      }),
      y(2, 3),
    ),
    /takes the scores/,
  ],
  'a head in a branch': [
    [
      ...trunk,
      b.initializer({ name: 'c', type: 9, extra: [b.bytes(9, Uint8Array.of(1))] }),
      b.node('If', ['c'], ['y'], {
        extra: ['then_branch', 'else_branch'].map((name, i) =>
          b.attribute.graph(
            name,
            float('fc.w', [8, 3]),
            b.node('MatMul', ['f', 'fc.w'], [`r${i}`], { name: 'fc' }),
            b.bytes(2, name),
            b.output(`r${i}`, [2, 3]),
          ),
        ),
      }),
      y(2, 3),
    ],
    /MatMul "fc" is in If_\d\/then_branch, and heads in subgraphs and functions are not resized/,
  ],
  'a head that shares its tensor': [
    [
      float('table', [6, 8]),
      ints('ids', [1, 2]),
      b.node('Gather', ['table', 'ids'], ['e'], { name: 'embed' }),
      b.node('Transpose', ['table'], ['t'], { extra: [b.attribute.ints('perm', [1, 0])] }),
      b.node('Relu', ['e'], ['r']),
      b.node('MatMul', ['r', 't'], ['y'], { name: 'fc' }),
      y(2, 6),
    ],
    /MatMul "fc" and Gather "embed" share the tensor "table"\. Give --shared fork, and the head gets one of its own\.$/,
    { layers: [], head: true },
  ],
  'classes of a shared tensor that are kept': [
    tied,
    /--keep-classes: "table" is shared, and the copy for the head is drawn whole/,
    { shared: 'fork', keepClasses: [1] },
  ],
  'a sum with another branch': [scores(b.node('Add', ['s', 'q'], ['y']), b.input('q', [2, 3]), y(2, 3)), /joins the scores to "q"/],
}

test.each(Object.entries(refused))('%s is refused, and nothing is written', async (_, [fields, message, options = {}]) => {
  const folder = b.folderOf({ 'm.onnx': file(fields) })
  const call = reinit(join(folder, 'm.onnx'), {
    layers: ['fc'],
    init: 'xavier_normal',
    numClasses: 5,
    output: join(folder, 'out.onnx'),
    ...options,
  })
  const error: unknown = await call.then(
    () => null,
    (e: unknown) => e,
  )
  expect(error).toMatchObject({ exitCode: 2 })
  expect(String((error as Error).message)).toMatch(message)
  expect(String((error as Error).message)).not.toMatch(/\n/)
  expect(readdirSync(folder)).toEqual(['m.onnx'])
})

test('inspect tells what a head is and what would change', async () => {
  const folder = b.folderOf({ 'm.onnx': file(cases['a decomposed softmax']?.fields ?? []) })
  const { head } = await inspect(join(folder, 'm.onnx'), { head: true })
  expect(head).toMatchObject({ layers: ['fc'], opTypes: ['Gemm'], fanIn: 8, fanOut: 3, classes: 3, newClasses: null, refused: null })
  expect(head?.behind).toEqual(['ReduceMax', 'Sub', 'Exp', 'ReduceSum', 'Div'])
  expect(head?.changes.map((c) => c.name)).toEqual(['fc.w', 'fc.b', 'y'])
  expect((await inspect(join(folder, 'm.onnx'))).head).toBeUndefined()
  // a layer in front that is selected beside it is drawn, and is no head
  expect((await inspect(join(folder, 'm.onnx'), { head: true, layers: ['trunk'] })).head).toEqual(head)
})
