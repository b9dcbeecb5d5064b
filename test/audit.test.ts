import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { auditOf, fresh, modelOf, normals, type Parts, shapes, sizeOf, trained } from './auditModels.js'
import * as b from './buildModel.js'
import { runCli } from './runCli.js'

const before = modelOf({ values: trained })
const clean = fresh(7)
const old = (name: string) => trained[name] as readonly number[]
/** Everything drawn anew, but this tensor. */
const withValues = (name: string, values: readonly number[]): Parts => ({ values: { ...clean, [name]: values } })
const transposed = (values: readonly number[], rows: number, columns: number) =>
  Array.from({ length: values.length }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number)
const turned = <T>(list: readonly T[], by: number): T[] => [...list.slice(by), ...list.slice(0, by)]
const shuffled = (values: readonly number[]) => {
  const keys = normals(values.length, 55)
  return values
    .map((v, i) => [keys[i] as number, v] as const)
    .sort((x, y) => x[0] - y[0])
    .map(([, v]) => v)
}
const raw = (name: string) => b.raw('FLOAT', old(name))
const halfOf = (value: number): number => {
  const sign = value < 0 ? 0x8000 : 0
  const size = Math.abs(value)
  const exponent = Math.max(-14, Math.floor(Math.log2(size)))
  return exponent === -14
    ? sign | Math.round(size * 2 ** 24)
    : sign | (((exponent + 15) << 10) + Math.round((size / 2 ** exponent - 1) * 1024))
}
/** The row of fc.weight that is left. */
const row = 17 * 64

interface Planted {
  readonly after: Parts
  readonly before?: Parts
  readonly files?: Readonly<Record<string, Uint8Array>>
  /** One leak, of this kind, name and words. */
  readonly kind: string
  readonly name?: string
  readonly what?: RegExp
}

const planted: Readonly<Record<string, Planted>> = {
  'one tensor left': { after: withValues('fc.weight', old('fc.weight')), kind: 'equal', what: /all values are as they were/ },
  'a bias of five values left': { after: withValues('fc.bias', old('fc.bias')), kind: 'equal', name: 'fc.bias' },
  'a bias of five values left, in another order': {
    after: withValues('fc.bias', turned(old('fc.bias'), 2)),
    kind: 'shuffled',
    name: 'fc.bias',
  },
  'one row left': {
    after: withValues('fc.weight', [
      ...(clean['fc.weight'] ?? []).slice(0, row),
      ...old('fc.weight').slice(row, row + 64),
      ...(clean['fc.weight'] ?? []).slice(row + 64),
    ]),
    kind: 'run',
    what: /^values 1088 to 1151 stand in tensor "fc.weight"$/,
  },
  'eight values left, elsewhere': {
    after: withValues('conv.weight', [
      ...(clean['conv.weight'] ?? []).slice(0, 333),
      ...old('fc.weight').slice(501, 509),
      ...(clean['conv.weight'] ?? []).slice(341),
    ]),
    kind: 'run',
    what: /^values 501 to 508 stand in tensor "conv.weight"$/,
  },
  'a transposed copy': {
    after: withValues('fc.weight', transposed(old('fc.weight'), 32, 64)),
    kind: 'correlated',
    what: /^transposed: correlation 1.000$/,
  },
  'a kernel with other axes first': {
    after: withValues(
      'conv.weight',
      // [O, I, h, w] → [h, w, O, I]
      Array.from(
        { length: sizeOf('conv.weight') },
        (_, i) => old('conv.weight')[(Math.floor(i / 8) % 16) * 72 + (i % 8) * 9 + Math.floor(i / 128)] as number,
      ),
    ),
    kind: 'correlated',
    name: 'conv.weight',
    what: /^axes in the order 2, 3, 0, 1: correlation 1.000$/,
  },
  'weights × 0.5': {
    after: withValues(
      'fc.weight',
      old('fc.weight').map((v) => v / 2),
    ),
    kind: 'correlated',
    what: /correlation 1.000/,
  },
  'a sign flip': {
    after: withValues(
      'fc.weight',
      old('fc.weight').map((v) => -v),
    ),
    kind: 'correlated',
    what: /correlation −1.000/,
  },
  'a shift': {
    after: withValues(
      'fc.weight',
      old('fc.weight').map((v) => Math.fround(v + 1.25)),
    ),
    kind: 'correlated',
    what: /correlation 1.000/,
  },
  'a bias of sixteen, scaled': {
    after: withValues(
      'conv.bias',
      old('conv.bias').map((v) => Math.fround(v * 0.3)),
    ),
    kind: 'correlated',
    name: 'conv.bias',
  },
  'noise on the old values': {
    after: withValues(
      'fc.weight',
      old('fc.weight').map((v, i) => Math.fround(v * 0.3 + (clean['fc.weight']?.[i] ?? 0))),
    ),
    kind: 'correlated',
    what: /correlation 0.\d+ with/,
  },
  'one row × 2': {
    after: withValues(
      'fc.weight',
      (clean['fc.weight'] ?? []).map((v, i) => (i >= row && i < row + 64 ? 2 * (old('fc.weight')[i] as number) : v)),
    ),
    kind: 'correlated',
    what: /^values 1088 to 1151: correlation 1.000 with the old ones$/,
  },
  'a shuffled tensor': {
    after: withValues('fc.weight', shuffled(old('fc.weight'))),
    kind: 'shuffled',
    what: /^the same values in another order$/,
  },
  'a shuffled tensor, × −0.7': {
    after: withValues('fc.weight', shuffled(old('fc.weight').map((v) => Math.fround(v * -0.7)))),
    kind: 'shuffled',
    what: /negated/,
  },
  'a shuffled bias, shifted': {
    after: withValues('conv.bias', shuffled(old('conv.bias').map((v) => Math.fround(v + 3)))),
    kind: 'shuffled',
    name: 'conv.bias',
  },
  'a copy in half precision': {
    after: { values: clean, tensors: { 'fc.weight': { type: 'FLOAT16', values: old('fc.weight').map(halfOf) } } },
    kind: 'correlated',
  },
  'a copy in codes of 8 bits': {
    after: {
      values: clean,
      tensors: { 'fc.weight': { type: 'INT8', values: old('fc.weight').map((v) => Math.round(Math.max(-128, Math.min(127, v * 90)))) } },
    },
    kind: 'correlated',
  },
  'a copy inside a doc string': {
    after: { values: clean, graph: [b.bytes(10, Buffer.concat([Buffer.from('x'), raw('fc.weight')]))] },
    kind: 'run',
    what: /^all values stand in a doc string or metadata$/,
  },
  'a copy inside an unknown field': {
    after: { values: clean, model: [b.bytes(4242, raw('conv.weight'))] },
    kind: 'run',
    name: 'conv.weight',
    what: /outside of every tensor/,
  },
  'a large copy inside an unknown field': {
    before: { values: trained, graph: [table(normals(400_000, 21))] },
    after: { values: clean, graph: [table(normals(400_000, 22))], model: [b.bytes(4242, b.raw('FLOAT', normals(400_000, 21)))] },
    kind: 'run',
    name: 'table.weight',
    what: /^all values stand outside of every tensor/,
  },
  'a kernel of five axes, all the other way round': {
    before: { values: trained, graph: [volume(normals(4 * 3 * 2 * 5 * 3, 31))] },
    after: { values: clean, graph: [volume(reversedAxes(normals(4 * 3 * 2 * 5 * 3, 31), [4, 3, 2, 5, 3]))] },
    kind: 'correlated',
    name: 'volume.weight',
    what: /^axes in the order 4, 3, 2, 1, 0: correlation 1.000$/,
  },
  'a copy in another tensor, a byte out of step': {
    after: { values: clean, graph: [b.initializer({ name: 'table', type: 'UINT8', dims: [8193], values: [9, ...raw('fc.weight')] })] },
    kind: 'run',
    what: /in tensor "table"/,
  },
  'an unused external range': {
    after: { values: clean, tensors: { 'fc.weight': { external: { location: 'after.data', offset: '0', length: '8192' } } } },
    files: { 'after.data': Buffer.concat([b.raw('FLOAT', clean['fc.weight'] ?? []), Buffer.alloc(37), raw('conv.weight')]) },
    kind: 'run',
    name: 'conv.weight',
    what: /where no tensor is/,
  },
  'a tensor left in float_data of one field a value': {
    after: {
      values: clean,
      tensors: {
        'fc.weight': {
          values: [...(clean['fc.weight'] ?? []).slice(0, 1900), ...old('fc.weight').slice(1900)],
          storage: 'float_data',
          packing: 'unpacked',
        },
      },
    },
    kind: 'run',
    what: /^values 1900 to 2047 stand in tensor "fc.weight"$/,
  },
  'extremes kept': {
    after: withValues(
      'fc.weight',
      (clean['fc.weight'] ?? []).map((v, i) =>
        i === 3 ? Math.min(...old('fc.weight')) : i === 9 ? Math.max(...old('fc.weight')) : v * 0.2,
      ),
    ),
    kind: 'extremes',
  },
  'moments kept': {
    after: withValues(
      'fc.weight',
      (() => {
        const of = (values: readonly number[]) => {
          const mean = values.reduce((a, v) => a + v, 0) / values.length
          return { mean, std: Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length) }
        }
        const [is, wanted] = [of(clean['fc.weight'] ?? []), of(old('fc.weight'))]
        return (clean['fc.weight'] ?? []).map((v) => Math.fround(((v - is.mean) / is.std) * wanted.std + wanted.mean))
      })(),
    ),
    kind: 'moments',
  },
  'a Constant node left': {
    before: {
      values: trained,
      nodes: [b.node('Constant', [], ['k'], { extra: [b.attribute.tensor('value', { dims: [32, 64], values: normals(2048, 3) })] })],
    },
    after: {
      values: clean,
      nodes: [b.node('Constant', [], ['k'], { extra: [b.attribute.tensor('value', { dims: [32, 64], values: normals(2048, 3) })] })],
    },
    kind: 'equal',
    name: 'k',
  },
  'an attribute of ai.onnx.ml left': {
    before: { values: trained, graph: [linear(normals(12, 4))] },
    after: { values: clean, graph: [linear(normals(12, 4))] },
    kind: 'equal',
    name: 'label.coefficients',
  },
  'an attribute of ai.onnx.ml left, six values': {
    before: { values: trained, graph: [linear(normals(6, 4))] },
    after: { values: clean, graph: [linear(normals(6, 4))] },
    kind: 'equal',
    name: 'label.coefficients',
  },
  'a tensor of an If left': {
    before: { values: trained, graph: [branch(3)] },
    after: { values: clean, graph: [branch(3)] },
    kind: 'equal',
    name: 'inner',
  },
  'a training graph left': {
    before: { values: trained, model: [training(3)] },
    after: { values: clean, model: [training(3)] },
    kind: 'equal',
    name: 'start',
  },
}

function table(values: readonly number[]): b.Field {
  return Buffer.concat([
    b.initializer({ name: 'table.weight', dims: [1000, 400], values }),
    b.node('Gather', ['table.weight', 'ids'], ['e'], { name: '/table/Gather' }),
  ])
}
function volume(values: readonly number[]): b.Field {
  return Buffer.concat([
    b.initializer({ name: 'volume.weight', dims: [4, 3, 2, 5, 3], values }),
    b.node('Conv', ['v', 'volume.weight'], ['w'], { name: '/volume/Conv' }),
  ])
}
/** [a, b, …, z] → [z, …, b, a], in memory of the same number of rows: the shape stays as it is declared. */
function reversedAxes(values: readonly number[], dims: readonly number[]): number[] {
  const strides = dims.map((_, i) => dims.slice(i + 1).reduce((n, d) => n * d, 1))
  const [sizes, steps] = [dims.toReversed(), strides.toReversed()]
  return values.map((_, at) => {
    let [left, from] = [at, 0]
    for (let i = sizes.length - 1; i >= 0; i--) {
      from += (left % (sizes[i] as number)) * (steps[i] as number)
      left = Math.floor(left / (sizes[i] as number))
    }
    return values[from] as number
  })
}
function linear(coefficients: readonly number[]): b.Field {
  return b.node('LinearClassifier', ['x'], ['label', 'scores'], {
    domain: 'ai.onnx.ml',
    extra: [b.attribute.floats('coefficients', coefficients)],
  })
}
function branch(seed: number): b.Field {
  const inner = [
    b.initializer({ name: 'inner', dims: [64], values: normals(64, seed) }),
    b.node('Add', ['x', 'inner'], ['o']),
    b.output('o', [64]),
  ]
  return b.node('If', ['condition'], ['i'], {
    name: 'if',
    extra: [b.attribute.graph('then_branch', ...inner), b.attribute.graph('else_branch', b.output('x', [64]))],
  })
}
function training(seed: number): b.Field {
  return b.message(20, [b.message(1, [b.initializer({ name: 'start', dims: [64], values: normals(64, seed) })])])
}

test.each(Object.entries(planted))('found: %s', async (_, { after, before: first, files, kind, name = 'fc.weight', what }) => {
  const report = await auditOf(first ? modelOf(first) : before, modelOf(after), {}, files)
  expect(report.leaks).toEqual([expect.objectContaining({ kind, name, what: what ? expect.stringMatching(what) : expect.any(String) })])
  expect(report.clean).toBe(false)
})

const narrow: Readonly<
  Record<string, { readonly type: (typeof types)[number]; readonly storage?: b.TensorParts['storage']; readonly left: number }>
> = {
  'codes of 8 bits': { type: 'INT8', left: 24 },
  'codes of 4 bits, two a byte': { type: 'INT4', left: 64 },
  'floats of 8 bits': { type: 'FLOAT8E4M3FN', left: 24 },
  'half precision': { type: 'FLOAT16', left: 8 },
  'half precision as varints': { type: 'FLOAT16', storage: 'int32_data', left: 8 },
  bfloat16: { type: 'BFLOAT16', left: 8 },
  'double precision': { type: 'DOUBLE', left: 8 },
  'codes of 16 bits': { type: 'INT16', left: 16 },
  'codes of 16 bits without a sign': { type: 'UINT16', left: 16 },
  'sums of 32 bits': { type: 'INT32', left: 12 },
}
test.each(Object.entries(narrow))('a run is found: %s', async (_, { type, storage, left }) => {
  const perByte = type === 'INT4' ? 2 : 1
  const [first, second] = [drawn(type, 2048, 1), drawn(type, 2048, 2)]
  const at = 300
  const end = at + left / perByte
  const tensorOf = (values: readonly number[]) =>
    b.model(
      b.graph(
        // integers of 32 bits are numbers that were learned where a scale makes them some
        ...(type === 'INT32'
          ? [b.node('DequantizeLinear', ['w', 'step'], ['d']), b.initializer({ name: 'step', dims: [], values: [0.5] })]
          : []),
        b.node('MatMul', ['x', type === 'INT32' ? 'd' : 'w'], ['y']),
        b.initializer({ name: 'w', type, dims: [32, 64], values, ...(storage ? { storage } : {}) }),
      ),
    )
  const mixed = [...second.slice(0, at), ...first.slice(at, end), ...second.slice(end)]
  const { leaks } = await auditOf(tensorOf(first), tensorOf(mixed))
  expect(leaks).toEqual([expect.objectContaining({ kind: 'run', name: 'w' })])
  expect(leaks[0]?.elementCount).toBeGreaterThanOrEqual(left)
  expect((await auditOf(tensorOf(first), tensorOf(second))).leaks).toEqual([])
})

test('a copied model: every tensor is named', async () => {
  const { leaks } = await auditOf(before, before)
  expect(leaks.map(({ kind, name }) => [kind, name])).toEqual(Object.keys(shapes).map((name) => ['equal', name]))
})

test('what was renamed is compared with what took its place', async () => {
  const renamed = modelOf({ values: { ...clean, 'fc.weight': old('fc.weight').map((v) => v * 2) } })
  const after = Buffer.from(renamed.map((_, i) => renamed[i] as number))
    .toString('latin1')
    .replaceAll('fc.weight', 't1.______')
    .replaceAll('conv.', 't22_.')
  const { leaks } = await auditOf(before, Buffer.from(after, 'latin1'))
  expect(leaks).toEqual([expect.objectContaining({ kind: 'correlated', name: 'fc.weight' })])
})

test('drawn anew, nothing is found, and all that was learned was looked for', async () => {
  const report = await auditOf(before, modelOf({ values: clean }))
  expect(report).toMatchObject({ clean: true, leaks: [], judged: { tensors: 4, elements: 1152 + 16 + 2048 + 5 } })
})

test('what is no number of a training stays, with its reason', async () => {
  const graph = [
    b.initializer({ name: 'shape', type: 'INT64', dims: [9], values: [1, 2, 3, 4, 5, 6, 7, 8, 9] }),
    b.initializer({ name: 'eps', dims: [1], values: [Math.fround(0.0123456789)] }),
    b.initializer({ name: 'ones', dims: [64], values: Array.from({ length: 64 }, () => 1) }),
    b.initializer({ name: 'mask', dims: [64], values: Array.from({ length: 64 }, (_, i) => (i < 20 ? 0 : -10000)) }),
    b.initializer({ name: 'mel', dims: [64], values: normals(64, 9) }),
    b.node('Add', ['x', 'mel'], ['z']),
    b.node('Mul', ['z', 'mask'], ['q']),
    b.initializer({ name: 'to', type: 'INT64', dims: [2], values: [8, 8] }),
    b.node('Reshape', ['q', 'to'], ['r']),
  ]
  const both = [modelOf({ values: trained, graph }), modelOf({ values: clean, graph })] as const
  const { leaks, stays } = await auditOf(...both)
  expect(leaks).toEqual([expect.objectContaining({ kind: 'equal', name: 'mel' })])
  expect(stays.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
    expect.stringMatching(/^shape: /),
    expect.stringMatching(/^eps: /),
    'ones: one value, repeated: nothing learned',
    expect.stringMatching(/^mask: /),
    expect.stringMatching(/^to: steers the graph: .*Reshape/),
  ])
  const kept = await auditOf(...both, { keep: ['mel'] })
  expect(kept).toMatchObject({
    clean: true,
    stays: expect.arrayContaining([expect.objectContaining({ name: 'mel', reason: '--keep mel' })]),
  })
  await expect(auditOf(...both, { keep: ['mels'] })).rejects.toThrow('--keep "mels" matches nothing')
})

test('a tensor that nobody can read is not taken for clean', async () => {
  const segmented = b.initializer({
    name: 'cut',
    dims: [64],
    values: normals(64, 3),
    extra: [b.message(3, [b.varint(1, 0), b.varint(2, 9)])],
  })
  const { leaks } = await auditOf(modelOf({ values: trained, graph: [segmented] }), modelOf({ values: clean }))
  expect(leaks).toEqual([
    expect.objectContaining({ kind: 'unread', name: 'cut', what: "can't be judged: segmented tensors are not supported" }),
  ])
})

test('a tensor that is no valid one, where only the audit looks, is not taken for clean', async () => {
  const start = b.initializer({ name: 'start', dims: [64], values: normals(4, 3) })
  const first = modelOf({ values: trained, model: [b.message(20, [b.message(1, [start])])] })
  const { leaks } = await auditOf(first, modelOf({ values: clean }))
  expect(leaks).toEqual([expect.objectContaining({ kind: 'unread', name: 'start', what: expect.stringMatching(/^can't be judged: .*64/) })])
})

/** Distances to the old numbers that come by chance once in e^4 times or so: one tensor is nothing, twenty are no chance. */
const NEAR = Math.exp(-4)
const near: Readonly<Record<string, readonly [kind: string, change: (drawn: readonly number[], old: readonly number[]) => number[]]>> = {
  'means and deviations': [
    'moments',
    (drawn, values) => {
      const [is, was] = [momentsOf(drawn), momentsOf(values)]
      const off = (NEAR * was.std) / Math.sqrt(drawn.length)
      return drawn.map((v) => ((v - is.mean) / is.std) * (was.std + off / 2) + was.mean + off)
    },
  ],
  'the least and the greatest values': [
    'extremes',
    (drawn, values) => {
      const [least, most] = [Math.min(...values), Math.max(...values)]
      const off = NEAR * 0.3
      return drawn.map((v, i) => (i === 5 ? least - off : i === 77 ? most + off : Math.max(least * 0.9, Math.min(most * 0.9, v * 0.5))))
    },
  ],
}
function momentsOf(values: readonly number[]) {
  const mean = values.reduce((a, v) => a + v, 0) / values.length
  return { mean, std: Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length) }
}

test.each(Object.entries(near))('%s of many tensors, each near to the old ones, are no chance together', async (words, [kind, change]) => {
  const skewed = (seed: number) => normals(256, seed, 0, 0.3).map((v) => v + 0.6 * v * v)
  const modelWith = (of: (i: number) => readonly number[], count: number) =>
    b.model(
      b.graph(
        ...Array.from({ length: count }, (_, i) => b.initializer({ name: `t${i}.weight`, dims: [16, 16], values: of(i) })),
        ...Array.from({ length: count }, (_, i) => b.node('MatMul', ['x', `t${i}.weight`], [`y${i}`])),
      ),
    )
  const changed = (i: number) => change(normals(256, 5000 + i, 0, 0.3), skewed(1 + i))
  expect(
    (
      await auditOf(
        modelWith((i) => skewed(1 + i), 2),
        modelWith(changed, 2),
      )
    ).leaks,
  ).toEqual([])
  const { leaks } = await auditOf(
    modelWith((i) => skewed(1 + i), 20),
    modelWith(changed, 20),
  )
  const what = `${words} of 20 tensors, taken together, are nearer to the old ones than chance brings them`
  expect(leaks).toEqual([{ kind, name: '', scope: '', what, file: null, byte: null, elementCount: 40 }])
})

const secret = 'File "/home/alice/acme/model.py", line 12'
const texts: Readonly<Record<string, { readonly before: Parts; readonly after: Parts; readonly found: readonly string[] }>> = {
  'a doc string in the same place': {
    before: { values: trained, graph: [b.bytes(10, secret)] },
    after: { values: clean, graph: [b.bytes(10, secret)] },
    found: [secret],
  },
  'one line of it in metadata': {
    before: { values: trained, graph: [b.bytes(10, `first line\n  ${secret}\n`)] },
    after: { values: clean, model: [b.message(14, [b.bytes(1, 'k'), b.bytes(2, `note: ${secret}`)])] },
    found: [secret],
  },
  'the producer': {
    before: { values: trained, model: [b.bytes(3, 'acme-trainer')] },
    after: { values: clean, model: [b.bytes(3, 'acme-trainer')] },
    found: ['test', 'acme-trainer'].slice(1),
  },
  'the producer is the name of a node as well, which stays': {
    before: { values: trained, model: [b.bytes(4, '/conv/Conv')] },
    after: { values: clean },
    found: [],
  },
  'bytes of a tensor': {
    before: { values: trained, graph: [b.bytes(10, secret)] },
    after: { values: clean, graph: [b.initializer({ name: 't', type: 'UINT8', dims: [secret.length], values: [...Buffer.from(secret)] })] },
    found: [secret],
  },
}
test.each(Object.entries(texts))('text: %s', async (_, { before: first, after, found }) => {
  const { leaks } = await auditOf(modelOf(first), modelOf(after))
  expect(leaks.map(({ kind, name }) => [kind, name])).toEqual(found.map((text) => ['string', text]))
  expect((await auditOf(modelOf(first), modelOf(after), { strings: false })).leaks).toEqual([])
})

test('--renamed: names must be gone, but for inputs and outputs', async () => {
  const { leaks } = await auditOf(before, modelOf({ values: clean }), { renamed: true })
  expect(new Set(leaks.map(({ name }) => name))).toEqual(
    new Set(['/conv/Conv', '/fc/Gemm', 'conv.weight', 'conv.bias', 'fc.weight', 'fc.bias']),
  )
})

test('the command: one line a leak, and its status', async () => {
  const folder = b.folderOf({
    'a.onnx': before,
    'b.onnx': modelOf({ values: clean }),
    'c.onnx': modelOf(withValues('fc.weight', old('fc.weight'))),
  })
  const at = (name: string) => join(folder, name)
  const good = await runCli(['audit', at('a.onnx'), at('b.onnx')])
  expect(good.stdout).toMatch(/audit +nothing that was learned is left: 4 tensors looked for in [\d.]+ kB of 1 file/)
  expect(good.status).toBe(0)
  const bad = await runCli(['audit', at('a.onnx'), at('c.onnx')])
  expect(bad.stdout).toMatch(/1 leak:\n {2}fc.weight +all values are as they were, byte \d+ of the model\n/)
  expect(bad.status).toBe(1)
  const json = await runCli(['audit', at('a.onnx'), at('c.onnx'), '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ schema: 1, clean: false, leaks: [{ kind: 'equal', name: 'fc.weight', file: '' }] })
  expect((await runCli(['audit', at('a.onnx'), at('b.onnx'), '--keep', 'nothing'])).status).toBe(2)
  writeFileSync(at('d.onnx'), 'no model')
  expect((await runCli(['audit', at('a.onnx'), at('d.onnx')])).status).toBe(1)
})

test('what a scramble would refuse is audited: complex numbers, long text, compiled models, values that are left out', async () => {
  const withOthers = (values: Parts['values']) =>
    modelOf({
      values,
      graph: [
        b.initializer({ name: 'phases', type: 14, dims: [8], extra: [b.bytes(9, new Uint8Array(64).fill(7))] }),
        b.node('Identity', ['phases'], ['p']),
        b.node('Tokenizer', ['y'], ['t'], { domain: 'other', extra: [b.attribute.string('vocabulary', 'word '.repeat(20_000))] }),
        b.node('EPContext', ['y'], ['e'], { domain: 'com.microsoft', extra: [b.attribute.string('ep_cache_context', 'blob')] }),
      ],
    })
  const same = await auditOf(withOthers(trained), withOthers(clean))
  expect(same).toMatchObject({ leaks: [], clean: true })
  expect((await auditOf(withOthers(trained), withOthers({ ...clean, 'fc.weight': old('fc.weight') }))).leaks).toEqual([
    expect.objectContaining({ kind: 'equal', name: 'fc.weight' }),
  ])
  const recipe = b.message(14, [b.bytes(1, 'onnx-reinit.skeleton'), b.bytes(2, '{}')])
  const skeleton = modelOf({ values: trained, tensors: { 'fc.weight': { extra: [b.bytes(9, '')] } }, model: [recipe] })
  expect((await auditOf(skeleton, modelOf({ values: clean }))).leaks).toContainEqual(
    expect.objectContaining({ kind: 'unread', name: 'fc.weight' }),
  )
})

// ---- no false alarms ----

const types = ['FLOAT', 'DOUBLE', 'FLOAT16', 'BFLOAT16', 'INT8', 'UINT8', 'INT16', 'UINT16', 'INT32', 'INT4', 'FLOAT8E4M3FN'] as const
/** Numbers of a type, of one distribution whatever the seed. */
function drawn(type: (typeof types)[number], count: number, seed: number): number[] {
  const values = normals(count, seed, 0, 0.1)
  const code = (v: number, most: number) => Math.max(-most - 1, Math.min(most, Math.round((v / 0.4) * most)))
  switch (type) {
    case 'FLOAT16':
      return values.map(halfOf)
    case 'BFLOAT16':
      return values.map((v) => new DataView(b.raw('FLOAT', [v]).buffer as ArrayBuffer).getUint16(2, true))
    case 'INT8':
      return values.map((v) => code(v, 127))
    case 'UINT8':
      return values.map((v) => code(v, 127) + 128)
    case 'INT16':
      return values.map((v) => code(v, 32767))
    case 'UINT16':
      return values.map((v) => code(v, 32767) + 32768)
    case 'INT32':
      return values.map((v) => code(v, 2 ** 20))
    case 'INT4':
      return Array.from(
        { length: Math.ceil(count / 2) },
        (_, i) => (code(values[2 * i] as number, 7) & 15) | ((code(values[2 * i + 1] ?? 0, 7) & 15) << 4),
      )
    case 'FLOAT8E4M3FN':
      return values.map((v) => (Math.abs(Math.round(v * 300)) % 126) | (v < 0 ? 128 : 0))
    default:
      return values
  }
}

test('1,000 tensors that were drawn anew: nothing is found', async () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 65, max: 800 }))
  const tensor = fc.record({ type: fc.constantFrom(...types), rows: fc.integer({ min: 1, max: 12 }), columns: size })
  let tensors = 0
  await fc.assert(
    fc.asyncProperty(fc.array(tensor, { minLength: 25, maxLength: 25 }), fc.integer({ min: 1, max: 2 ** 30 }), async (list, seed) => {
      const modelWith = (of: number) =>
        b.model(
          b.graph(
            ...list.map(({ type, rows, columns }, i) =>
              b.initializer({
                name: `t${i}.weight`,
                type,
                dims: [rows, columns],
                values: drawn(type, rows * columns, seed + 7919 * (2 * i + of)),
              }),
            ),
            ...list.map((_, i) => b.node('MatMul', ['x', `t${i}.weight`], [`y${i}`])),
          ),
        )
      const { leaks } = await auditOf(modelWith(0), modelWith(1))
      expect(leaks).toEqual([])
      tensors += list.length
    }),
    { numRuns: 40 },
  )
  expect(tensors).toBeGreaterThanOrEqual(1000)
}, 120_000)
