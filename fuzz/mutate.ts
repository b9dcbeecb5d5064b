import type { Random } from './random.js'
import { bytesField, copyOf, type FieldNode, messageField, varintField, write } from './wireTree.js'

/** What a mutation may take from: the tree that it changes, and those of all other models. */
interface Material {
  readonly tree: FieldNode[]
  readonly others: readonly (readonly FieldNode[])[]
  readonly random: Random
}

/** The bytes of a changed copy: one to four mutations of the fields, and now and then one of the bytes. */
export function mutate(model: readonly FieldNode[], others: readonly (readonly FieldNode[])[], random: Random): Uint8Array {
  const tree = model.map(copyOf)
  for (let i = random.below(4); i >= 0; i--) random.pick(random.one(6) ? breaking : keeping)({ tree, others, random })
  const bytes = write(tree)
  return random.one(20) ? random.pick(ofBytes)(bytes, random) : bytes
}

const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  -1n,
  -2n,
  127n,
  128n,
  255n,
  256n,
  4096n,
  65536n,
  (1n << 31n) - 1n,
  1n << 31n,
  1n << 32n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
]

/** Names that a program could take for something else: keys of objects, patterns, paths, controls, text that turns round, markup. */
const TEXTS = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '*',
  '**',
  're:(',
  'a,b',
  '/',
  '..',
  '../x',
  '/etc/passwd',
  'm.onnx',
  '.',
  'w.data/',
  'https://x/y',
  '\0',
  'a\nb',
  '\x1b[2J\x1b]0;x\x07',
  '\u202eabc\u2066',
  '<script>alert(1)</script>',
  '|`*_[x](y)`|',
  '\ud800',
  '-',
  '--all',
  'fc.weight',
  'fc.bias',
  '0',
  '-1',
  '1e3',
  '9007199254740993',
  '18446744073709551616',
  'location',
  'offset',
  'length',
  'x'.repeat(300),
  '.'.repeat(5000),
  '/'.repeat(2000),
]
const OPERATORS = [
  'Gemm',
  'MatMul',
  'Conv',
  'ConvTranspose',
  'LSTM',
  'GRU',
  'RNN',
  'Einsum',
  'Gather',
  'Transpose',
  'Reshape',
  'Cast',
  'Identity',
  'Constant',
  'If',
  'Loop',
  'Scan',
  'Add',
  'Mul',
  'Concat',
  'Split',
  'Slice',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Expand',
  'Pad',
  'Tile',
  'BatchNormalization',
  'LayerNormalization',
  'PRelu',
  'Relu',
  'Softmax',
  'DequantizeLinear',
  'QuantizeLinear',
  'QLinearConv',
  'QLinearMatMul',
  'MatMulInteger',
  'MatMulNBits',
  'Attention',
  'ConstantOfShape',
  'Shape',
  'Div',
  'Sqrt',
  'ReduceL2',
  'block',
  'TreeEnsembleClassifier',
  'Where',
  'GatherElements',
  'ScatterND',
  'FusedMatMul',
  'SkipLayerNormalization',
  'EmbedLayerNormalization',
  'QGemm',
  'DynamicQuantizeLSTM',
]

type Mutation = (m: Material) => void
const mutations: Readonly<Record<string, Mutation>> = {
  drop: ({ tree, random }) => at(tree, random, (list, i) => list.splice(i, 1)),
  duplicate: ({ tree, random }) =>
    at(
      tree,
      random,
      (list, i, f) =>
        list.splice(random.below(list.length + 1), 0, copyOf(f), ...(random.one(20) ? Array.from({ length: 100 }, () => copyOf(f)) : [])) &&
        i,
    ),
  swap: ({ tree, random }) =>
    at(tree, random, (list, i, f) => {
      const j = random.below(list.length)
      list[i] = list[j] as FieldNode
      list[j] = f
    }),
  move: ({ tree, random }) =>
    at(tree, random, (list, i, f) => {
      list.splice(i, 1)
      insert(tree, f, random)
    }),
  retag: ({ tree, random }) =>
    at(tree, random, (_, __, f) => (f.number = random.one(4) ? random.below(30) : Math.max(1, f.number + random.below(5) - 2))),
  wireType: ({ tree, random }) => at(tree, random, (_, __, f) => (f.wireType = random.below(8))),
  lie: ({ tree, random }) =>
    at(tree, random, (_, __, f) => (f.lengthError = random.one(3) ? Number(random.pick(NUMBERS)) : random.below(9) - 4)),
  pad: ({ tree, random }) => at(tree, random, (_, __, f) => (f.width = 1 + random.below(12))),
  number: ({ tree, random }) =>
    at(
      tree,
      random,
      (_, __, f) => (f.value = random.one(2) ? random.pick(NUMBERS) : f.value + BigInt(random.below(5) - 2)),
      (f) => f.wireType === 0,
    ),
  /** Often dims, element types and attributes: numbers that other fields must agree with. */
  two: ({ tree, random }) => {
    const value = random.pick(NUMBERS)
    for (let i = 0; i < 2; i++)
      at(
        tree,
        random,
        (_, __, f) => (f.value = value),
        (f) => f.wireType === 0,
      )
  },
  text: ({ tree, random }) => at(tree, random, (_, __, f) => (f.bytes = Buffer.from(random.pick(TEXTS))), isText),
  /** Another name of the model in place of this one: cycles, tensors used twice, shapes that are data. */
  rename: ({ tree, random }) => at(tree, random, (_, __, f) => at(tree, random, (_, __, g) => (f.bytes = g.bytes), isText), isText),
  operator: ({ tree, random }) =>
    at(
      tree,
      random,
      (list) => {
        const type = list.find((f) => f.number === 4)
        if (type) type.bytes = Buffer.from(random.pick(OPERATORS))
      },
      (f, type) => type === 'Node' && f.number === 4,
    ),
  payload: ({ tree, random }) =>
    at(
      tree,
      random,
      (_, __, f) => {
        const length = random.one(2) ? f.bytes.length : Math.max(0, f.bytes.length + random.below(9) - 4)
        f.bytes = Uint8Array.from({ length }, (_, i) => (random.one(3) ? random.below(256) : (f.bytes[i] ?? 255)))
      },
      (f) => f.wireType !== 0 && f.fields === null,
    ),
  /** A field of another model, preferably one that is allowed in that place. */
  splice: ({ tree, others, random }) => {
    const field = random.pick(fieldsOf(random.pick(others)))
    if (field) insert(tree, copyOf(field.field), random)
  },
  /** What a graph holds, in a subgraph of it, many times over. */
  nest: ({ tree, random }) => {
    const graphs = fieldsOf(tree).filter(({ field }) => field.type === 'Graph')
    const { field } = random.pick(graphs) ?? {}
    if (!field?.fields) return
    let body = field.fields
    const depth = random.one(50) ? random.pick([30, 90, 120, 300]) : 1 + random.below(5)
    for (let i = 0; i < depth; i++) {
      const attribute = messageField(5, 'Attribute', [bytesField(1, 'then_branch'), messageField(6, 'Graph', body), varintField(20, 5n)])
      const outputs = body.filter((f) => f.number === 12).map(copyOf)
      body = [messageField(1, 'Node', [bytesField(1, 'x'), bytesField(2, 'y'), bytesField(4, 'If'), attribute]), ...outputs]
    }
    field.fields = body
  },
  /** A node's graph in a function, which calls itself or another. */
  call: ({ tree, random }) =>
    at(
      tree,
      random,
      (_, __, f) => {
        f.fields?.push(bytesField(7, 'local'))
        const type = f.fields?.find((g) => g.number === 4)?.bytes ?? Buffer.from('f')
        const node = copyOf(f)
        tree.push(
          messageField(25, 'Function', [
            bytesField(1, type),
            bytesField(4, 'a'),
            bytesField(5, 'y'),
            { ...node, number: 7 },
            ...(random.one(2) ? [{ ...copyOf(node), number: 7 }] : []),
            bytesField(10, 'local'),
          ]),
        )
      },
      (f) => f.type === 'Node',
    ),
}

/** What makes most files invalid in the first step is chosen less often. */
const breaking = ['retag', 'wireType', 'lie', 'drop', 'number'].map((name) => mutations[name] as Mutation)
const keeping = Object.entries(mutations).flatMap(([name, mutation]) => (/^(retag|wireType|lie)$/.test(name) ? [] : [mutation]))

const ofBytes: readonly ((bytes: Buffer, random: Random) => Uint8Array)[] = [
  (bytes, random) => {
    for (let i = random.below(4); i >= 0; i--) bytes[random.below(bytes.length)] = random.below(256)
    return bytes
  },
  (bytes, random) => {
    if (bytes.length > 0)
      bytes.writeUInt8((bytes[random.below(bytes.length)] as number) ^ (1 << random.below(8)), random.below(bytes.length))
    return bytes
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const from = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + random.below(16))])
  },
  (bytes, random) => {
    const from = random.below(bytes.length)
    const start = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(start, start + random.below(64)), bytes.subarray(from)])
  },
]

interface Found {
  readonly list: FieldNode[]
  readonly field: FieldNode
  readonly parent: FieldNode['type']
}

/** Every field, with the list that it stands in. */
function fieldsOf(tree: readonly FieldNode[], parent: FieldNode['type'] = 'Model', found: Found[] = []): Found[] {
  const list = tree as FieldNode[]
  for (const field of list) {
    found.push({ list, field, parent })
    if (field.fields) fieldsOf(field.fields, field.type, found)
  }
  return found
}

function at(
  tree: FieldNode[],
  random: Random,
  change: (list: FieldNode[], index: number, field: FieldNode) => unknown,
  fits: (field: FieldNode, parent: FieldNode['type']) => boolean = () => true,
): void {
  const found = random.pick(fieldsOf(tree).filter(({ field, parent }) => fits(field, parent)))
  if (found) change(found.list, found.list.indexOf(found.field), found.field)
}

/** Into a message that has fields of this kind already, or any. */
function insert(tree: FieldNode[], field: FieldNode, random: Random): void {
  const fields = fieldsOf(tree)
  const like = fields.filter(({ field: f }) => f.number === field.number && f.type === field.type)
  const { list } = (random.one(5) ? random.pick(fields) : random.pick(like)) ?? { list: tree }
  list.splice(random.below(list.length + 1), 0, field)
}

const isText = (f: FieldNode, parent: FieldNode['type']) =>
  f.wireType === 2 && f.fields === null && f.bytes.length < 64 && !(parent === 'Tensor' && f.number !== 8)
