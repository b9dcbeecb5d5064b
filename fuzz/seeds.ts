// Small models that between them have every form that is read: what the fuzzer starts from.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as b from '../test/buildModel.js'

/** A model and the files beside it. */
export interface Seed {
  readonly model: Uint8Array
  readonly files: Readonly<Record<string, Uint8Array>>
}

const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))
const half = (count: number) => Array.from({ length: count }, (_, i) => 0x3c00 + i)
const io = [b.input('x', [1, 4]), b.output('y', [1, 4]), b.bytes(2, 'g')]
const weight = (name: string, more: object = {}) => b.initializer({ name, dims: [4, 4], values: values(16), ...more })
const matmul = (input: string, w: string, output: string, more: object = {}) =>
  b.node('MatMul', [input, w], [output], { name: `/${w}/MatMul`, ...more })
const graph = (...fields: readonly b.Field[]) => b.model(b.graph(...io, ...fields))
const int8 = { type: 'INT8', values: Array.from({ length: 16 }, (_, i) => i * 15 - 120) }
const codes = [
  b.initializer({ name: 's', dims: [4], values: [0.1, 0.2, 0.3, 0.4] }),
  b.initializer({ name: 'z', type: 'INT8', dims: [4], values: [0, 0, 0, 0] }),
]
/** A node as FunctionProto has it: field 7. */
const inFunction = (node: b.Field) => Buffer.concat([Buffer.of((7 << 3) | 2), node.subarray(1)])
const f = (name: string) => b.message(11, [b.bytes(1, name), b.float(2, 0.5), b.varint(20, 1)])

const models: Readonly<Record<string, Uint8Array>> = {
  linear: b.linearModel(),
  typed: b.linearModel({
    weight: { values: values(12), storage: 'float_data' },
    bias: { values: values(3), storage: 'float_data', packing: 'unpacked' },
  }),
  double: graph(weight('w', { type: 'DOUBLE', storage: 'double_data' }), matmul('x', 'w', 'y')),
  varints: graph(weight('w', { type: 'FLOAT16', storage: 'int32_data', values: half(16) }), matmul('x', 'w', 'y')),
  brain: graph(
    weight('w', { type: 'BFLOAT16', storage: 'int32_data', packing: 'unpacked', varintWidth: 4, values: half(16) }),
    matmul('x', 'w', 'y'),
  ),
  constants: graph(
    b.node('Constant', [], ['w'], { extra: [b.attribute.tensor('value', { dims: [4, 4], values: values(16) })] }),
    b.node('Constant', [], ['v'], { extra: [b.attribute.floats('value_floats', values(4))] }),
    b.node('Constant', [], ['a'], { extra: [b.attribute.float('value_float', 1)] }),
    matmul('x', 'w', 'h'),
    b.node('Add', ['h', 'v'], ['i']),
    b.node('Mul', ['i', 'a'], ['y']),
  ),
  external: b.linearModel({
    weight: { external: { location: 'w.data', offset: '0', length: '48' } },
    bias: { external: { location: 'sub/b.data', offset: '4' } },
  }),
  tied: graph(
    weight('w'),
    matmul('x', 'w', 'h'),
    b.node('Transpose', ['w'], ['t'], { extra: [b.attribute.ints('perm', [1, 0])] }),
    b.node('Gemm', ['h', 't'], ['y'], { name: 'second', extra: [b.attribute.int('transB', 1)] }),
  ),
  reshaped: graph(
    weight('w', { dims: [2, 2, 4] }),
    b.initializer({ name: 'shape', type: 'INT64', dims: [2], values: [-1, 4], storage: 'int64_data' }),
    b.initializer({ name: 'axes', type: 'INT64', dims: [1], values: [0] }),
    b.node('Reshape', ['w', 'shape'], ['r']),
    b.node('Unsqueeze', ['r', 'axes'], ['u']),
    b.node('Squeeze', ['u', 'axes'], ['q']),
    b.node('Cast', ['q'], ['c'], { extra: [b.attribute.int('to', 1)] }),
    matmul('x', 'c', 'y'),
  ),
  conv: graph(
    b.initializer({ name: 'conv.weight', dims: [2, 1, 3, 3], values: values(18) }),
    b.initializer({ name: 'conv.bias', dims: [2], values: [1, 2] }),
    b.node('Conv', ['x', 'conv.weight', 'conv.bias'], ['h'], {
      name: '/conv/Conv',
      extra: [b.attribute.int('group', 2), b.attribute.ints('strides', [2, 2])],
    }),
    ...['scale', 'shift', 'mean', 'var'].map((name) => b.initializer({ name: `bn.${name}`, dims: [2], values: [1, 2] })),
    b.node('BatchNormalization', ['h', 'bn.scale', 'bn.shift', 'bn.mean', 'bn.var'], ['n'], { name: '/bn/BatchNormalization' }),
    b.node('LeakyRelu', ['n'], ['r'], { extra: [b.attribute.float('alpha', 0.1)] }),
    b.initializer({ name: 'up.weight', dims: [2, 2, 2, 2], values: values(16) }),
    b.node('ConvTranspose', ['r', 'up.weight'], ['y'], { name: '/up/ConvTranspose' }),
  ),
  recurrent: graph(
    b.initializer({ name: 'W', dims: [1, 8, 4], values: values(32) }),
    b.initializer({ name: 'R', dims: [1, 8, 2], values: values(16) }),
    b.initializer({ name: 'B', dims: [1, 16], values: values(16) }),
    b.node('LSTM', ['x', 'W', 'R', 'B'], ['y'], { name: 'lstm', extra: [b.attribute.int('hidden_size', 2)] }),
  ),
  branches: graph(
    weight('w'),
    b.initializer({ name: 'c', type: 9, extra: [b.bytes(9, Uint8Array.of(1))] }),
    b.node('If', ['c'], ['y'], {
      name: 'if',
      extra: ['then_branch', 'else_branch'].map((name, i) =>
        b.attribute.graph(name, weight(`own${i}`), matmul('x', i ? 'w' : `own${i}`, `y${i}`), b.output(`y${i}`, [1, 4])),
      ),
    }),
  ),
  sparse: graph(
    b.message(15, [
      b.message(1, b.tensor({ name: 'w', dims: [3], values: [1, 2, 3] })),
      b.message(2, b.tensor({ type: 'INT64', dims: [3], values: [1, 5, 9] })),
      b.varint(3, 4),
      b.varint(3, 4),
    ]),
    matmul('x', 'w', 'y'),
  ),
  functions: b.model(
    b.graph(
      ...io,
      weight('w'),
      b.node('block', ['x', 'w'], ['h'], { name: 'one', domain: 'local' }),
      b.node('block', ['h', 'w'], ['y'], { name: 'two', domain: 'local' }),
    ),
    b.message(25, [
      b.bytes(1, 'block'),
      b.bytes(4, 'a'),
      b.bytes(4, 'b'),
      b.bytes(5, 'c'),
      f('alpha'),
      ...[
        b.node('Constant', [], ['k'], { extra: [b.attribute.tensor('value', { dims: [4, 4], values: values(16) })] }),
        matmul('a', 'b', 'm'),
        b.node('Add', ['m', 'k'], ['c']),
      ].map(inFunction),
      b.bytes(10, 'local'),
    ]),
    b.message(8, [b.bytes(1, 'local'), b.varint(2, 1)]),
  ),
  quantized: graph(
    b.initializer({ name: 'w', dims: [4, 4], ...int8 }),
    ...codes,
    b.node('DequantizeLinear', ['w', 's', 'z'], ['d'], { extra: [b.attribute.int('axis', 1)] }),
    matmul('x', 'd', 'y'),
  ),
  blocks: graph(
    b.initializer({ name: 'w', type: 'UINT8', dims: [4, 1, 8], values: Array<number>(32).fill(0x87) }),
    b.initializer({ name: 's', dims: [4], values: [0.1, 0.2, 0.3, 0.4] }),
    b.node('MatMulNBits', ['x', 'w', 's'], ['y'], {
      domain: 'com.microsoft',
      extra: [b.attribute.int('K', 16), b.attribute.int('N', 4), b.attribute.int('bits', 4), b.attribute.int('block_size', 16)],
    }),
  ),
  head: graph(
    b.initializer({ name: 'fc.weight', dims: [4, 4], values: values(16) }),
    b.initializer({ name: 'fc.bias', dims: [4], values: values(4) }),
    b.node('Gemm', ['x', 'fc.weight', 'fc.bias'], ['l'], { name: '/fc/Gemm', extra: [b.attribute.int('transB', 1)] }),
    b.node('Softmax', ['l'], ['y']),
  ),
  einsum: graph(
    weight('w'),
    b.node('Einsum', ['x', 'w'], ['h'], { extra: [b.message(5, [b.bytes(1, 'equation'), b.bytes(4, 'ij,jk->ik'), b.varint(20, 3)])] }),
    b.initializer({ name: 'e', dims: [4, 4], values: values(16) }),
    b.node('Gather', ['e', 'h'], ['y']),
  ),
  parts: graph(
    b.initializer({ name: 'w', dims: [4, 8], values: values(32) }),
    b.node('Split', ['w'], ['a', 'b'], { extra: [b.attribute.int('axis', 1)] }),
    b.node('Concat', ['a', 'b'], ['j'], { extra: [b.attribute.int('axis', 0)] }),
    matmul('x', 'a', 'h'),
    b.node('PRelu', ['h', 'slope'], ['p']),
    b.initializer({ name: 'slope', dims: [4], values: values(4) }),
    matmul('p', 'j', 'y'),
  ),
}

const files = { 'w.data': b.raw('FLOAT', values(16)), 'sub/b.data': b.raw('FLOAT', values(4)) }
/** Larger ones take the time of many, and have no other forms. */
const MAX_BYTES = 4096
/** The fixtures that are whole without other files. */
const modelsIn = (folder: string) =>
  readdirSync(folder).flatMap((name) => {
    const model = name.endsWith('.onnx') ? readFileSync(join(folder, name)) : null
    return model && model.length <= MAX_BYTES && !model.includes('location') ? [model] : []
  })

export const seeds: readonly Seed[] = [...Object.values(models), ...modelsIn('fixtures/models')].map((model) => ({ model, files }))

const scrambled = {
  'm.data': readFileSync('fixtures/scramble/m.data'),
  'old.data': readFileSync('fixtures/scramble/old.data'),
}
/** What a scramble has to tell apart is in fixtures of its own, one with data beside it. */
export const sharedSeeds: readonly Seed[] = [
  ...seeds,
  ...modelsIn('fixtures/scramble').map((model) => ({ model, files: {} })),
  { model: readFileSync('fixtures/scramble/external_orphans.onnx'), files: scrambled },
]
