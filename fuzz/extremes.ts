// Small files that ask for much: depth, counts, products, cycles and doubling, one entry each.
import * as b from '../test/buildModel.js'

const values = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i + 1)))
const io = [b.input('x', [1, 4]), b.output('y', [1, 4]), b.bytes(2, 'g')]
const model = (...fields: readonly (b.Field | readonly b.Field[])[]) => b.model(Buffer.concat(fields.flat()))
const w = (name = 'w') => b.initializer({ name, dims: [4, 4], values: values(16) })
const matmul = (input: string, weight: string, output: string) => b.node('MatMul', [input, weight], [output], { name: `/${weight}/MatMul` })
const graph = (...fields: readonly (b.Field | readonly b.Field[])[]) => b.model(b.message(7, [...io, ...fields].flat()))
const fc = [w(), matmul('x', 'w', 'y')]
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
/** y from x by nodes that each read their predecessor's output. */
const chain = (count: number, make: (from: string, to: string, i: number) => b.Field) =>
  many(count, (i) => make(i === 0 ? 'x' : `h${i}`, i === count - 1 ? 'y' : `h${i + 1}`, i))
/** The same behind a layer. */
const behind = (count: number, make: (from: string, to: string, i: number) => b.Field) =>
  graph(
    w(),
    matmul('x', 'w', 'h0'),
    chain(count, (from, to, i) => make(from === 'x' ? 'h0' : from, to, i)),
  )
/** Fields within as many graphs, written once from the inside out: a copy a level would take the square of the depth. */
function nested(depth: number, inner: Uint8Array, open: readonly b.Field[] = []): Uint8Array {
  const head = [b.bytes(1, 'x'), b.bytes(2, 'y'), b.bytes(4, 'If')]
  const pieces: Uint8Array[] = [inner]
  let length = inner.length
  const wrap = (field: number, before: Uint8Array) => {
    const tag = Buffer.concat([before, b.varintBytes((field << 3) | 2), b.varintBytes(length)])
    pieces.push(tag)
    length += tag.length
  }
  for (let i = 0; i < depth; i++) {
    wrap(6, b.bytes(1, 'then_branch'))
    wrap(5, Buffer.concat(head))
    wrap(1, Buffer.concat(open))
  }
  return Buffer.concat(pieces.reverse())
}
/** A node as FunctionProto has it: field 7. */
const inFunction = (node: b.Field) => Buffer.concat([Buffer.of((7 << 3) | 2), node.subarray(1)])
const fn = (name: string, ...nodes: readonly b.Field[]) =>
  b.message(25, [b.bytes(1, name), b.bytes(4, 'a'), b.bytes(5, 'z'), ...nodes.map(inFunction), b.bytes(10, 'local')])
const call = (name: string, from: string, to: string) => b.node(name, [from], [to], { domain: 'local' })
const quantized = (...fields: readonly b.Field[]) =>
  graph(b.initializer({ name: 'w', type: 'INT8', dims: [4, 4], values: many(16, (i) => i) }), ...fields)
const ints = (name: string, list: readonly (number | bigint)[]) => b.initializer({ name, type: 'INT64', dims: [list.length], values: list })
const nbits = (K: number, N: number, size: number) =>
  graph(
    b.initializer({ name: 'w', type: 'UINT8', dims: [4, 1, 8], values: Array<number>(32).fill(0x87) }),
    b.initializer({ name: 's', dims: [4], values: values(4) }),
    b.node('MatMulNBits', ['x', 'w', 's'], ['y'], {
      domain: 'com.microsoft',
      extra: [b.attribute.int('K', K), b.attribute.int('N', N), b.attribute.int('bits', 4), b.attribute.int('block_size', size)],
    }),
  )
const named = (name: string) =>
  graph(b.initializer({ name, dims: [4, 4], values: values(16) }), b.node('MatMul', ['x', name], ['y'], { name: `${name}/MatMul` }))
const branch = (...fields: readonly b.Field[]) =>
  b.node('If', ['x'], ['y'], {
    name: 'if',
    extra: [b.attribute.graph('then_branch', ...fields), b.attribute.graph('else_branch', ...fields)],
  })
const MIB = 1 << 20

/** What is asked, and the file. Each is at most a few megabytes. */
export const extremes: Readonly<Record<string, () => Uint8Array>> = {
  'subgraphs nested 100 deep': () => b.model(b.message(7, [nested(100, Buffer.concat(io))]), b.message(7, [...io, ...fc])),
  'subgraphs nested 999 deep, with weights in them': () => b.model(b.message(7, [nested(999, Buffer.concat([...io, ...fc])), ...io])),
  'subgraphs nested 10,000 deep': () => b.model(b.message(7, [nested(10_000, Buffer.concat([...io, ...fc]))])),
  'a field that nobody knows, nested 10,000 deep': () => Buffer.concat([graph(...fc), b.bytes(4242, nested(10_000, Buffer.concat(fc)))]),
  'dims of 2^63': () => graph(b.initializer({ name: 'w', dims: [2n ** 63n - 1n, 2n ** 63n - 1n], values: [1] }), matmul('x', 'w', 'y')),
  'dims whose product wraps to 16': () =>
    graph(b.initializer({ name: 'w', dims: [2n ** 62n, 2n ** 62n, 4n], values: values(16) }), matmul('x', 'w', 'y')),
  'a dimension of 0 and one of 2^62': () => graph(b.initializer({ name: 'w', dims: [0, 2n ** 62n], values: [] }), matmul('x', 'w', 'y')),
  '1,000,000 dims': () => graph(b.initializer({ name: 'w', dims: Array<number>(MIB).fill(1), values: [1] }), matmul('x', 'w', 'y')),
  '30,000 dims of an input': () => graph(...fc, b.input('x2', Array<number>(30_000).fill(1))),
  'a sparse tensor of 2^80 elements': () =>
    graph(
      b.message(15, [
        b.message(1, b.tensor({ name: 'w', dims: [3], values: [1, 2, 3] })),
        b.message(2, b.tensor({ type: 'INT64', dims: [3], values: [1, 5, 9] })),
        b.varint(3, 2n ** 40n),
        b.varint(3, 2n ** 40n),
      ]),
      matmul('x', 'w', 'y'),
    ),
  'a sparse tensor with more values than places': () =>
    graph(
      b.message(15, [
        b.message(1, b.tensor({ name: 'w', dims: [16], values: values(16) })),
        b.message(2, b.tensor({ type: 'INT64', dims: [2], values: [-7, 2n ** 62n] })),
        b.varint(3, -1),
        b.varint(3, 2),
      ]),
      matmul('x', 'w', 'y'),
    ),
  'a sparse tensor that says its dims twice': () =>
    graph(
      b.message(15, [
        b.message(1, b.tensor({ name: 'w', dims: [3, 7], values: values(21) })),
        b.varint(3, 4),
        b.varint(3, 4),
        b.varint(3, 4),
        b.varint(3, 4),
      ]),
      matmul('x', 'w', 'y'),
    ),
  'a varint of 11 bytes': () => Buffer.concat([b.varint(1, 9, 11), graph(...fc)]),
  'a length of 2^64 − 1': () => Buffer.concat([Buffer.of(0x3a), b.varintBytes(2n ** 64n - 1n)]),
  'a length of 2 GiB in 20 bytes': () => Buffer.concat([Buffer.of(0x3a), b.varintBytes(2 ** 31 - 1), Buffer.alloc(16)]),
  'a string of 2^40 bytes in a length': () => Buffer.concat([Buffer.of(0x12), b.varintBytes(2 ** 40), Buffer.alloc(16)]),
  'an external offset and length beyond 2^53 in sum': () =>
    b.linearModel({ weight: { external: { location: 'w.data', offset: String(2 ** 53 - 8), length: '48' } } }),
  'an external offset of 2^64': () => b.linearModel({ weight: { external: { location: 'w.data', offset: '18446744073709551616' } } }),
  'external data of 2^52 bytes': () =>
    b.linearModel({
      inFeatures: 2 ** 25,
      outFeatures: 2 ** 25,
      weight: { external: { location: 'w.data' } },
      bias: { external: { location: 'w.data' } },
    }),
  'a name of 4 MB': () => named('n'.repeat(4 * MIB)),
  'a name of 1,000,000 dots': () => named('.'.repeat(MIB)),
  'a name of 1,000,000 slashes': () => named('/'.repeat(MIB)),
  'a name of 1,000,000 layers': () => named('a.'.repeat(MIB / 2)),
  'a name of 1,000,000 scopes': () => named('/a_1'.repeat(MIB / 4)),
  'a name of 1,000,000 digits': () => named('1'.repeat(MIB)),
  'a name of 1,000,000 brackets': () => named('['.repeat(MIB)),
  'a name of 1,000,000 spaces': () => named(' '.repeat(MIB)),
  'a name of 1,000,000 underscores': () => named('_'.repeat(MIB)),
  'an operator of 1,000,000 letters': () => graph(...fc, b.node('Q'.repeat(MIB), ['y'], ['z'])),
  '30,000 attributes': () =>
    graph(w(), b.node('MatMul', ['x', 'w'], ['y'], { extra: many(30_000, (i) => b.attribute.int(`a${i % 7}`, i)) })),
  '1,000,000 integers in an attribute': () =>
    graph(w(), b.node('Transpose', ['w'], ['t'], { extra: [b.attribute.ints('perm', Array<number>(MIB).fill(1))] }), matmul('x', 't', 'y')),
  '30,000 inputs of a node': () =>
    graph(w(), b.node('Concat', Array<string>(30_000).fill('w'), ['c'], { extra: [b.attribute.int('axis', 0)] }), matmul('x', 'c', 'y')),
  '30,000 outputs of a node': () =>
    graph(
      w(),
      b.node(
        'Split',
        ['w'],
        many(30_000, (i) => `s${i}`),
        { extra: [b.attribute.int('axis', 0)] },
      ),
      matmul('x', 's0', 'y'),
    ),
  '20,000 readers of a tensor': () =>
    graph(
      w(),
      many(20_000, (i) => matmul('x', 'w', i === 0 ? 'y' : `y${i}`)),
    ),
  '20,000 readers of a value': () =>
    graph(
      w(),
      matmul('x', 'w', 'h'),
      many(20_000, (i) => b.node('Relu', ['h'], [i === 0 ? 'y' : `y${i}`])),
    ),
  '20,000 outputs of the model': () =>
    graph(
      ...fc,
      many(20_000, () => b.output('y', [1, 4])),
    ),
  '3,000 weights': () =>
    graph(
      many(3000, (i) => w(`w${i}`)),
      chain(3000, (from, to, i) => matmul(from, `w${i}`, to)),
    ),
  '20,000 nodes in a row': () => behind(20_000, (from, to) => b.node('Identity', [from], [to])),
  '20,000 transpositions of a weight': () =>
    graph(
      w(),
      chain(20_000, (from, to) => b.node('Transpose', [from === 'x' ? 'w' : from], [to === 'y' ? 't' : to])),
      matmul('x', 't', 'y'),
    ),
  '20,000 nodes in a row, the last first': () =>
    graph(w(), matmul('x', 'w', 'h0'), chain(20_000, (from, to) => b.node('Relu', [from === 'x' ? 'h0' : from], [to])).reverse()),
  'a sum doubled 200 times behind a layer': () => behind(200, (from, to) => b.node('Add', [from, from], [to])),
  'a product doubled 200 times behind a layer': () => behind(200, (from, to) => b.node('Mul', [from, from], [to])),
  'a concatenation doubled 200 times': () =>
    graph(
      w(),
      chain(200, (from, to) =>
        b.node('Concat', [from === 'x' ? 'w' : from, from === 'x' ? 'w' : from], [to === 'y' ? 't' : to], {
          extra: [b.attribute.int('axis', 1)],
        }),
      ),
      matmul('x', 't', 'y'),
    ),
  'a shape doubled 200 times': () =>
    graph(
      w(),
      ints('s', [2, 8]),
      chain(200, (from, to) =>
        b.node('Concat', [from === 'x' ? 's' : from, from === 'x' ? 's' : from], [to === 'y' ? 't' : to], {
          extra: [b.attribute.int('axis', 0)],
        }),
      ),
      b.node('Reshape', ['w', 't'], ['r']),
      matmul('x', 'r', 'y'),
    ),
  'two ways through each of 60 layers': () =>
    behind(60, (from, to, i) =>
      Buffer.concat([b.node('Dropout', [from], [`p${i}`]), b.node('Identity', [from], [`q${i}`]), b.node('Add', [`p${i}`, `q${i}`], [to])]),
    ),
  'two ways that normalize, 60 times': () =>
    behind(60, (from, to, i) =>
      Buffer.concat([
        b.node('MaxPool', [from], [`p${i}`]),
        b.node('InstanceNormalization', [from], [`q${i}`]),
        b.node('Sum', [`p${i}`, `q${i}`], [to]),
      ]),
    ),
  'functions that double 40 times': () =>
    model(
      b.graph(...io, w(), call('f0', 'x', 'h'), matmul('h', 'w', 'y')),
      many(40, (i) => fn(`f${i}`, call(`f${i + 1}`, 'a', 'b'), call(`f${i + 1}`, 'b', 'z'))),
      fn('f40', b.node('Relu', ['a'], ['z'])),
    ),
  'functions that call each other 20,000 deep': () =>
    model(
      b.graph(...io, w(), call('f0', 'x', 'h'), matmul('h', 'w', 'y')),
      many(20_000, (i) => fn(`f${i}`, call(`f${i + 1}`, 'a', 'z'))),
    ),
  'functions that call themselves': () =>
    model(b.graph(...io, w(), call('f', 'x', 'h'), matmul('h', 'w', 'y')), fn('f', call('g', 'a', 'z')), fn('g', call('f', 'a', 'z'))),
  'branches in a function that call it': () =>
    model(
      b.graph(...io, w(), call('f', 'x', 'h'), matmul('h', 'w', 'y')),
      fn('f', b.node('If', ['a'], ['z'], { extra: [b.attribute.graph('then_branch', call('f', 'a', 'z'), b.output('z', [1]))] })),
    ),
  'branches in functions in branches': () =>
    model(
      b.graph(...io, w(), branch(call('f', 'x', 'h'), matmul('h', 'w', 'y'), b.output('y', [1, 4]))),
      fn('f', b.node('If', ['a'], ['z'], { extra: [b.attribute.graph('then_branch', call('g', 'a', 'z'), b.output('z', [1]))] })),
      fn('g', b.node('Relu', ['a'], ['z'])),
    ),
  'a target shape behind a layer, doubled 200 times': () =>
    graph(
      w(),
      ints('s0', [-1]),
      many(200, (i) => b.node('Concat', [`s${i}`, `s${i}`], [`s${i + 1}`], { extra: [b.attribute.int('axis', 0)] })),
      matmul('x', 'w', 'h'),
      b.node('Reshape', ['h', 's200'], ['y']),
    ),
  'a computed shape behind a layer, doubled 200 times': () =>
    graph(
      w(),
      b.node('Shape', ['x'], ['s0']),
      many(200, (i) => b.node('Concat', [`s${i}`, `s${i}`], [`s${i + 1}`], { extra: [b.attribute.int('axis', 0)] })),
      matmul('x', 'w', 'h'),
      b.node('Reshape', ['h', 's200'], ['y']),
    ),
  'a shape behind a layer that is made from itself': () =>
    graph(
      w(),
      b.node('Concat', ['s', 's'], ['s'], { extra: [b.attribute.int('axis', 0)] }),
      matmul('x', 'w', 'h'),
      b.node('Reshape', ['h', 's'], ['y']),
    ),
  'a rank of sums doubled 150 times': () =>
    graph(
      w(),
      b.node('NoRule', ['x'], ['t0']),
      many(150, (i) => b.node('Add', [`t${i}`, `t${i}`], [`t${i + 1}`])),
      b.node('Shape', ['t150'], ['s']),
      matmul('x', 'w', 'h'),
      b.node('Reshape', ['h', 's'], ['y']),
    ),
  'ranks and lengths of one another, 5,000 deep': () =>
    graph(
      w(),
      b.node('NoRule', ['x'], ['t0']),
      many(5000, (i) => [b.node('Shape', [`t${i}`], [`s${i}`]), b.node('Reshape', ['x', `s${i}`], [`t${i + 1}`])]).flat(),
      matmul('x', 'w', 'h'),
      b.node('Reshape', ['h', 's4999'], ['y']),
    ),
  'a node that reads itself': () => graph(w(), b.node('MatMul', ['y', 'w'], ['y'], { name: 'fc' })),
  'a cycle of paths': () =>
    graph(
      w(),
      b.node('Transpose', ['a'], ['b']),
      b.node('Identity', ['b'], ['a']),
      b.node('Add', ['w', 'a'], ['c']),
      matmul('x', 'c', 'y'),
    ),
  'a branch whose output is the node itself': () => graph(...fc.slice(0, 1), branch(matmul('x', 'w', 'h'), b.output('y', [1, 4]))),
  'branches that capture each other': () =>
    graph(
      w(),
      b.node('If', ['q'], ['p'], { extra: [b.attribute.graph('then_branch', matmul('q', 'w', 'r'), b.output('q', [1]))] }),
      b.node('If', ['p'], ['q'], { extra: [b.attribute.graph('then_branch', matmul('p', 'w', 'r'), b.output('p', [1]))] }),
      b.node('Add', ['p', 'q'], ['y']),
    ),
  'a loop that carries itself': () =>
    graph(
      w(),
      b.node('Loop', ['', '', 'y'], ['y'], {
        extra: [
          b.attribute.graph(
            'body',
            b.input('i', []),
            b.input('c', []),
            b.input('y', []),
            b.output('c', []),
            b.output('y', []),
            matmul('y', 'w', 'z'),
          ),
        ],
      }),
    ),
  'a range of 10^15': () =>
    graph(
      w(),
      ints('a', [0]),
      ints('b', [10n ** 15n]),
      ints('c', [1]),
      b.node('Range', ['a', 'b', 'c'], ['r']),
      b.node('Reshape', ['w', 'r'], ['t']),
      matmul('x', 't', 'y'),
    ),
  'a reshape to 2^62': () => graph(w(), ints('s', [2n ** 62n, -1]), b.node('Reshape', ['w', 's'], ['t']), matmul('x', 't', 'y')),
  'an expansion to 2^62': () =>
    graph(w(), ints('s', [2n ** 62n, 4, 4]), b.node('Expand', ['w', 's'], ['t']), b.node('Tile', ['t', 's'], ['u']), matmul('x', 'u', 'y')),
  'a transposition of axes that are not there': () =>
    graph(w(), b.node('Transpose', ['w'], ['t'], { extra: [b.attribute.ints('perm', [2n ** 40n, -5])] }), matmul('x', 't', 'y')),
  'a convolution in 2^40 groups': () =>
    graph(
      b.initializer({ name: 'k', dims: [4, 1, 2, 2], values: values(16) }),
      b.node('Conv', ['x', 'k'], ['y'], { extra: [b.attribute.int('group', 2 ** 40), b.attribute.ints('strides', [0, -3])] }),
    ),
  'a convolution in no groups': () =>
    graph(
      b.initializer({ name: 'k', dims: [4, 1, 2, 2], values: values(16) }),
      b.node('Conv', ['x', 'k'], ['y'], { extra: [b.attribute.int('group', 0)] }),
    ),
  'codes of 2^40 rows': () => nbits(2 ** 40, 2 ** 12, 16),
  'codes in blocks of 0': () => nbits(16, 4, 0),
  'codes in negative blocks': () => nbits(-16, -4, -1),
  'a scale an element': () =>
    quantized(
      b.initializer({ name: 's', dims: [4, 4], values: values(16) }),
      b.node('DequantizeLinear', ['w', 's'], ['d'], { extra: [b.attribute.int('axis', 7), b.attribute.int('block_size', 2 ** 40)] }),
      matmul('x', 'd', 'y'),
    ),
  'an equation of 1,000,000 letters': () =>
    graph(
      w(),
      b.node('Einsum', ['x', 'w'], ['y'], {
        extra: [b.message(5, [b.bytes(1, 'equation'), b.bytes(4, 'i'.repeat(MIB)), b.varint(20, 3)])],
      }),
    ),
  'metadata nested 1,000,000 deep': () =>
    graph(
      w(),
      b.node('MatMul', ['x', 'w'], ['y'], {
        extra: ['namespace', 'pkg.torch.onnx.name_scopes', 'pkg.torch.onnx.class_hierarchy'].map((key) =>
          b.message(9, [b.bytes(1, key), b.bytes(2, '['.repeat(MIB))]),
        ),
      }),
    ),
  'metadata of 1,000,000 quotes': () =>
    graph(
      w(),
      b.node('MatMul', ['x', 'w'], ['y'], {
        extra: ['namespace', 'pkg.torch.onnx.name_scopes'].map((key) =>
          b.message(9, [b.bytes(1, key), b.bytes(2, "['" + "\\'".repeat(MIB / 2))]),
        ),
      }),
    ),
  'a doc string of 4 MB': () => Buffer.concat([graph(...fc), b.bytes(6, 'x'.repeat(4 * MIB))]),
  '20,000 functions': () =>
    model(
      b.graph(...io, ...fc),
      many(20_000, () => fn('f', b.node('Relu', ['a'], ['z']))),
    ),
  '20,000 operator sets': () => Buffer.concat([graph(...fc), ...many(20_000, (i) => b.message(8, [b.bytes(1, `d${i}`), b.varint(2, 1)]))]),
  '10,000 parts of a graph': () =>
    model(
      many(10_000, () => b.graph(b.node('Relu', ['x'], ['']))),
      b.graph(...io, ...fc),
    ),
  'a model in a model': () => model(b.graph(...io, ...fc), b.message(7, [b.message(7, fc)])),
}
