import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diff } from '../src/diff.js'
import type { DiffReport } from '../src/reports.js'
import * as b from './buildModel.js'

const values = [1, 2, 3, 4, 5, 6]
const model = (
  options: { weight?: b.TensorParts; bias?: b.TensorParts; node?: string; extra?: readonly b.Field[]; producer?: string } = {},
) =>
  b.model(
    b.graph(
      b.node('Gemm', ['x', 'fc.weight', 'fc.bias'], ['y'], { name: options.node ?? '/fc/Gemm' }),
      b.initializer({ name: 'fc.weight', dims: [2, 3], ...(options.weight?.external ? {} : { values }), ...options.weight }),
      b.initializer({ name: 'fc.bias', dims: [3], values: [7, 8, 9], ...options.bias }),
      b.input('x', [1, 2]),
      b.output('y', [1, 3]),
      ...(options.extra ?? []),
    ),
    ...(options.producer ? [b.bytes(3, options.producer)] : []),
  )
const external = (location: string, offset: string, length = '24'): b.TensorParts => ({ external: { location, offset, length } })
const raw = b.raw('FLOAT', values)
const halves = [0x3c00, 0x4000, 0xbc00, 0x7e00, 0xfc00, 0]
const strings = (list: readonly string[]) =>
  b.message(5, [b.varint(1, list.length), b.varint(2, 8), b.bytes(8, 's'), ...list.map((s) => b.bytes(6, s))])
const nan = (payload: number) => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32LE(0x7fc00000 + payload, 8)
  return b.message(5, [b.varint(1, 3), b.varint(2, 1), b.bytes(8, 'n'), b.bytes(9, bytes)])
}
const longs = (list: readonly bigint[], storage: 'raw_data' | 'int64_data') =>
  b.initializer({ name: 'shape', type: 'INT64', dims: [list.length], values: list, storage })
const far = [-1n, 2n ** 62n, 0n]

interface Case {
  readonly before: Uint8Array
  readonly after: Uint8Array
  readonly files?: Readonly<Record<string, Uint8Array>>
  readonly only?: readonly string[]
  readonly expected: Partial<DiffReport> | { readonly [key in keyof DiffReport]?: unknown }
}
const equal = { equal: true, changed: [], added: [], removed: [], moved: [], restEqual: true, rest: null, outside: 0 }
const named = (...names: string[]) => names.map((name) => expect.objectContaining({ name }))

const cases: Readonly<Record<string, Case>> = {
  'a copy is equal': { before: model(), after: model(), expected: { ...equal, tensorCount: 2 } },
  'values: how many, how far, and the moments': {
    before: model(),
    after: model({ weight: { values: [1, 2, 3, 4, 5.5, 5] } }),
    expected: {
      ...equal,
      equal: false,
      outside: 1,
      changed: [
        {
          name: 'fc.weight',
          layer: 'fc',
          scope: '',
          what: 'values',
          outsideOnly: true,
          dataType: 'FLOAT',
          shape: [2, 3],
          elementCount: 6,
          differing: 2,
          maxDifference: 1,
          before: { mean: 3.5, std: expect.closeTo(Math.sqrt(35 / 12), 12), min: 1, max: 6 },
          after: { mean: expect.closeTo(20.5 / 6, 12), std: expect.closeTo(1.59208, 5), min: 1, max: 5.5 },
        },
      ],
    },
  },
  'only what may differ differs': {
    before: model(),
    after: model({ weight: { values: [6, 5, 4, 3, 2, 1] } }),
    only: ['fc'],
    expected: { equal: true, outside: 0, only: ['fc'], changed: [expect.objectContaining({ name: 'fc.weight', outsideOnly: false })] },
  },
  'something outside --only differs': {
    before: model(),
    after: model({ weight: { values: [6, 5, 4, 3, 2, 1] }, bias: { values: [7, 8, 0] } }),
    only: ['fc.weight'],
    expected: {
      equal: false,
      outside: 1,
      changed: [
        expect.objectContaining({ name: 'fc.weight', outsideOnly: false }),
        expect.objectContaining({ name: 'fc.bias', outsideOnly: true }),
      ],
    },
  },
  'a NaN with another payload differs': {
    before: model({ extra: [nan(1)] }),
    after: model({ extra: [nan(2)] }),
    expected: { equal: false, changed: [expect.objectContaining({ name: 'n', differing: 1, maxDifference: 0 })] },
  },
  'raw_data and float_data, packed or not, hold the same values': {
    before: model(),
    after: model({ weight: { storage: 'float_data' }, bias: { storage: 'float_data', packing: 'unpacked' } }),
    expected: {
      ...equal,
      moved: [
        { name: 'fc.weight', before: 'raw_data', after: 'float_data' },
        { name: 'fc.bias', before: 'raw_data', after: 'float_data' },
      ],
    },
  },
  'halves as bytes and as varints, padded ones too': {
    before: model({ weight: { type: 'FLOAT16', values: halves } }),
    after: model({ weight: { type: 'FLOAT16', values: halves, storage: 'int32_data', varintWidth: 5 } }),
    expected: { ...equal, moved: [{ name: 'fc.weight', before: 'raw_data', after: 'int32_data' }] },
  },
  'one half among varints': {
    before: model({ weight: { type: 'FLOAT16', values: halves } }),
    after: model({ weight: { type: 'FLOAT16', values: [...halves.slice(0, 5), 0x3c00], storage: 'int32_data' } }),
    expected: { changed: [expect.objectContaining({ name: 'fc.weight', differing: 1, maxDifference: 1 })] },
  },
  'integers of 64 bits as bytes and as varints': {
    before: model({ extra: [longs(far, 'raw_data')] }),
    after: model({ extra: [longs(far, 'int64_data')] }),
    expected: { ...equal, moved: [{ name: 'shape', before: 'raw_data', after: 'int64_data' }] },
  },
  'an integer of 64 bits': {
    before: model({ extra: [longs([-1n, 2n ** 62n, 0n], 'int64_data')] }),
    after: model({ extra: [longs([-1n, 2n ** 62n, 5n], 'int64_data')] }),
    expected: {
      ...equal,
      equal: false,
      outside: 1,
      changed: [expect.objectContaining({ name: 'shape', differing: 1, maxDifference: 5, layer: '' })],
    },
  },
  'strings that have the same bytes one after the other': {
    before: model({ extra: [strings(['ab', 'c'])] }),
    after: model({ extra: [strings(['a', 'bc'])] }),
    expected: { equal: false, changed: [expect.objectContaining({ name: 's', differing: null, maxDifference: null, before: null })] },
  },
  'the same data under another file name': {
    before: model({ weight: external('a.data', '0') }),
    after: model({ weight: external('other.data', '8') }),
    files: { 'a.data': raw, 'other.data': Buffer.concat([Buffer.alloc(8), raw]) },
    expected: { ...equal, moved: [{ name: 'fc.weight', before: 'a.data from byte 0', after: 'other.data from byte 8' }] },
  },
  'external data pulled into the model': {
    before: model({ weight: external('a.data', '0') }),
    after: model(),
    files: { 'a.data': raw },
    expected: { ...equal, moved: [{ name: 'fc.weight', before: 'a.data from byte 0', after: 'raw_data' }] },
  },
  'a value in a data file': {
    before: model({ weight: external('a.data', '0') }),
    after: model({ weight: external('b.data', '0') }),
    files: { 'a.data': raw, 'b.data': b.raw('FLOAT', [1, 2, 3, 4, 5, 7]) },
    expected: { equal: false, restEqual: true, changed: [expect.objectContaining({ name: 'fc.weight', differing: 1, maxDifference: 1 })] },
  },
  'alignment between tensors of a data file': {
    before: model({ weight: external('a.data', '4') }),
    after: model({ weight: external('b.data', '4') }),
    files: { 'a.data': Buffer.concat([Buffer.from([0, 0, 0, 1]), raw]), 'b.data': Buffer.concat([Buffer.alloc(4), raw]) },
    expected: { equal: false, changed: [], rest: 'byte 3 of the data file a.data, outside every tensor, is 1, that of b.data 0' },
  },
  'a node has another name of the same length': {
    before: model(),
    after: model({ node: '/fd/Gemm' }),
    expected: {
      equal: false,
      changed: [],
      restEqual: false,
      rest: expect.stringMatching(
        /^byte \d+ of .*before.onnx is 99 \(in node "\/fc\/Gemm"\), byte \d+ of .* is 100 \(in node "\/fd\/Gemm"\)$/,
      ),
    },
  },
  'a longer model differs where one ends': {
    before: model(),
    after: model({ producer: 'x' }),
    expected: { equal: false, restEqual: false, rest: expect.stringMatching(/before\.onnx ends, byte \d+ of .*after\.onnx is 26$/) },
  },
  'another shape is the tensor, not the rest': {
    before: model(),
    after: model({ weight: { dims: [3, 2] } }),
    only: ['fc.weight'],
    expected: { equal: true, restEqual: true, changed: [expect.objectContaining({ what: '[2, 3] → [3, 2]', differing: null })] },
  },
  'another type and more values': {
    before: model(),
    after: model({ weight: { type: 'DOUBLE', dims: [2, 4], values: [1, 2, 3, 4, 5, 6, 7, 8] } }),
    expected: { equal: false, restEqual: true, changed: [expect.objectContaining({ what: 'FLOAT → DOUBLE, [2, 3] → [2, 4]' })] },
  },
  'a tensor that only one has': {
    before: model(),
    after: model({ extra: [b.initializer({ name: 'extra', dims: [1], values: [1] })] }),
    expected: { equal: false, added: ['extra'], removed: [], restEqual: true, outside: 1, tensorCount: 3 },
  },
  'a tensor that only one has, and may': {
    before: model({ extra: [b.initializer({ name: 'extra', dims: [1], values: [1] })] }),
    after: model(),
    only: ['extra'],
    expected: { equal: true, added: [], removed: ['extra'], outside: 0 },
  },
  'a Constant inside a branch': {
    before: model({ extra: [branches(1)] }),
    after: model({ extra: [branches(2)] }),
    expected: {
      equal: false,
      restEqual: true,
      changed: [expect.objectContaining({ name: 'k', scope: 'choose/then_branch', maxDifference: 1 })],
    },
  },
}

function branches(value: number): b.Field {
  const constant = b.node('Constant', [], ['k'], { extra: [b.attribute.tensor('value', { dims: [1], values: [value] })] })
  return b.node('If', ['condition'], ['z'], { name: 'choose', extra: [b.attribute.graph('then_branch', constant, b.output('k', [1]))] })
}

test.each(Object.entries(cases))('%s', async (_, { before, after, files, only, expected }) => {
  const folder = b.folderOf({ 'before.onnx': before, 'after.onnx': after, ...files })
  const report = await diff(join(folder, 'before.onnx'), join(folder, 'after.onnx'), only ? { only } : {})
  expect(report).toMatchObject(expected)
  // the other way round the same tensors differ
  const back = await diff(join(folder, 'after.onnx'), join(folder, 'before.onnx'), only ? { only } : {})
  expect(back).toMatchObject({ changed: named(...report.changed.map((c) => c.name)), equal: report.equal, restEqual: report.restEqual })
  expect([back.added, back.removed]).toEqual([report.removed, report.added])
})

test('a pattern that matches nothing is refused with the nearest names', async () => {
  const folder = b.folderOf({ 'm.onnx': model() })
  const path = join(folder, 'm.onnx')
  await expect(diff(path, path, { only: ['fcc'] })).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/^--only "fcc" .*"fc"/) as string,
  })
})

test('a truncated model is invalid', async () => {
  const folder = b.folderOf({ 'm.onnx': model() })
  writeFileSync(join(folder, 'short.onnx'), model().subarray(0, 60))
  await expect(diff(join(folder, 'm.onnx'), join(folder, 'short.onnx'))).rejects.toMatchObject({ code: 'invalid' })
})

test('chunks: a difference in the last of a million values is found', async () => {
  const many = new Float32Array(1_000_000)
  const big = (last: number) => {
    many[many.length - 1] = last
    const payload = Buffer.from(many.buffer.slice(0))
    return b.model(b.graph(b.message(5, [b.varint(1, many.length), b.varint(2, 1), b.bytes(8, 'w'), b.bytes(9, payload)])))
  }
  const folder = b.folderOf({ 'a.onnx': big(0), 'b.onnx': big(3) })
  const report = await diff(join(folder, 'a.onnx'), join(folder, 'b.onnx'))
  expect(report.changed).toMatchObject([{ name: 'w', differing: 1, maxDifference: 3 }])
})

test('an aborted signal stops it with its reason', async () => {
  const path = join(b.folderOf({ 'a.onnx': model() }), 'a.onnx')
  await expect(diff(path, path, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
})
