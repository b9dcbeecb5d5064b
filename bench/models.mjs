// The models that are measured: their graphs run in onnxruntime, their values are noise. One entry a model.

/** @typedef {import('./writeModel.mjs').Graph} Graph */

/**
 * `size`: bytes of the model and its data; `holes`: most of them are zeros that take no disk. `weights`: the layer's tensors that are redrawn,
 * by name for the peers. `large`: left out by --quick.
 * @typedef {{ what: string, size: number, graph: () => Graph, layer: string, weights: readonly string[], external?: boolean, holes?: boolean,
 *   large?: boolean }} ModelEntry
 */

const classifier = { layer: 'fc', weights: ['fc.weight'] }
const big = { ...classifier, external: true, large: true }
const lastOf = (count) => ({ layer: `layer${count - 1}`, weights: [`layer${count - 1}.weight`] })

/** @type {Record<string, ModelEntry>} */
export const models = {
  mlp: { what: '5 KB', size: 4300, graph: mlp, ...classifier },
  resnet: { what: '47 MB, as ResNet-18', size: 46.8e6, graph: resnet, ...classifier },
  bert: { what: '436 MB, as BERT-base', size: 438e6, graph: bert, layer: 'classifier', weights: ['classifier.weight'] },
  external: { what: '2.4 GB external', size: 2.4e9, graph: () => tables(4, 146_000, 'noise'), ...big },
  two: { what: '2 GB external', size: 2e9, graph: () => tables(4, 122_000, 'hole'), ...big, holes: true },
  single: { what: 'one tensor of 2.1 GiB', size: 2.3e9, graph: () => tables(1, 560_000, 'hole'), ...big, holes: true },
  four: { what: '4.3 GiB external', size: 4.6e9, graph: () => tables(4, 280_000, 'hole'), ...big, holes: true },
  ten: { what: '10 GB external', size: 10e9, graph: () => tables(4, 610_000, 'hole'), ...big, holes: true },
  inline: { what: 'one file of 2 GiB', size: 2.15e9, graph: () => tables(2, 262_130, 'hole', {}), ...classifier, large: true, holes: true },
  unaligned: {
    ...{
      what: 'a byte offset of 2^32 + 3',
      size: 4.3e9,
      graph: () => tables(1, 100, 'noise', { file: 'model.data', offset: 2 ** 32 + 3 }),
    },
    ...{ ...big, holes: true },
  },
  files: {
    ...{ what: '10,000 external files', size: 42e6, graph: () => chain(10_000, { file: (i) => `data/${i}.bin` }) },
    ...{ ...lastOf(10_000), external: true },
  },
  initializers: { what: '100,000 initializers, 200,000 nodes', size: 19e6, graph: () => chain(100_000), ...lastOf(100_000) },
  quarter: { what: '25,000 initializers, 50,000 nodes', size: 5e6, graph: () => chain(25_000), ...lastOf(25_000) },
  nodes: { what: '1,000,000 nodes', size: 40e6, graph: () => chain(10, { relus: 99_999 }), ...lastOf(10), large: true },
}

const float = (name, ...dims) => ({ name, type: 'FLOAT', dims })
const node = (opType, inputs, output, attributes, name = '') => ({ opType, inputs, outputs: [output], attributes, name })
const linear = (name, input, output) => node('Gemm', [input, `${name}.weight`, `${name}.bias`], output, { transB: 1 }, name)

function mlp() {
  return {
    nodes: [linear('body', 'x', 'h'), node('Relu', ['h'], 'a'), linear('fc', 'a', 'y')],
    tensors: [
      { name: 'body.weight', dims: [32, 20] },
      { name: 'body.bias', dims: [32] },
      { name: 'fc.weight', dims: [10, 32] },
      { name: 'fc.bias', dims: [10] },
    ],
    inputs: [float('x', 'batch', 20)],
    outputs: [float('y', 'batch', 10)],
  }
}

/** 11.7 M parameters: four stages of two blocks. */
function resnet() {
  const [nodes, tensors] = [[], []]
  const conv = (name, input, [to, from, kernel], stride) => {
    tensors.push({ name: `${name}.weight`, dims: [to, from, kernel, kernel] })
    const padding = kernel >> 1
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [padding, padding, padding, padding] }
    nodes.push(node('Conv', [input, `${name}.weight`], `${name}.out`, attributes, name))
    const statistics = ['weight', 'bias', 'running_mean', 'running_var'].map((kind) => `${name}.bn.${kind}`)
    for (const s of statistics) tensors.push({ name: s, dims: [to], values: s.endsWith('_var') || s.endsWith('weight') ? 'ones' : 'noise' })
    nodes.push(node('BatchNormalization', [`${name}.out`, ...statistics], `${name}.normed`, undefined, `${name}.bn`))
    return `${name}.normed`
  }
  const relu = (input) => {
    nodes.push(node('Relu', [input], `${input}.relu`))
    return `${input}.relu`
  }
  let last = relu(conv('conv1', 'x', [64, 3, 7], 2))
  nodes.push(node('MaxPool', [last], 'pooled', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }))
  last = 'pooled'
  let width = 64
  for (const [stage, to] of [64, 128, 256, 512].entries())
    for (const block of [0, 1]) {
      const name = `layer${stage + 1}.${block}`
      const stride = to === width ? 1 : 2
      const inner = relu(conv(`${name}.conv1`, last, [to, width, 3], stride))
      const outer = conv(`${name}.conv2`, inner, [to, to, 3], 1)
      const around = stride === 1 ? last : conv(`${name}.downsample`, last, [to, width, 1], stride)
      nodes.push(node('Add', [outer, around], `${name}.sum`))
      last = relu(`${name}.sum`)
      width = to
    }
  nodes.push(node('GlobalAveragePool', [last], 'average'), node('Flatten', ['average'], 'flat'), linear('fc', 'flat', 'y'))
  tensors.push({ name: 'fc.weight', dims: [1000, 512] }, { name: 'fc.bias', dims: [1000] })
  return { nodes, tensors, inputs: [float('x', 'batch', 3, 224, 224)], outputs: [float('y', 'batch', 1000)] }
}

/** 109 M parameters: twelve layers of width 768 with twelve heads, vocabulary 30,522, 512 positions; sequences of 16. */
function bert() {
  const [width, heads, length] = [768, 12, 16]
  const [nodes, tensors] = [[], []]
  const add = (opType, inputs, name, attributes) => {
    nodes.push(node(opType, inputs, `${name}.out`, attributes, name))
    return `${name}.out`
  }
  const dense = (name, input, from, to) => {
    tensors.push({ name: `${name}.weight`, dims: [from, to] }, { name: `${name}.bias`, dims: [to] })
    return add('Add', [add('MatMul', [input, `${name}.weight`], `${name}.matmul`), `${name}.bias`], `${name}.add`)
  }
  const norm = (name, input) => {
    tensors.push({ name: `${name}.weight`, dims: [width], values: 'ones' }, { name: `${name}.bias`, dims: [width] })
    return add('LayerNormalization', [input, `${name}.weight`, `${name}.bias`], name, { axis: -1 })
  }
  const split = (input, name, perm) =>
    add('Transpose', [add('Reshape', [input, 'split'], `${name}.reshape`)], `${name}.transpose`, { perm })
  tensors.push(
    { name: 'split', dims: [4], values: [0, 0, heads, width / heads] },
    { name: 'merge', dims: [3], values: [0, 0, width] },
    { name: 'first', dims: [1], values: [0] },
    { name: 'embeddings.word.weight', dims: [30522, width] },
    { name: 'embeddings.position.weight', dims: [512, width] },
    { name: 'positions', dims: [length], values: Array.from({ length }, (_, i) => i) },
  )
  const words = add('Gather', ['embeddings.word.weight', 'ids'], 'embeddings.word')
  const positions = add('Gather', ['embeddings.position.weight', 'positions'], 'embeddings.position')
  let x = norm('embeddings.norm', add('Add', [words, positions], 'embeddings.sum'))
  for (let i = 0; i < 12; i++) {
    const name = `encoder.layer.${i}`
    const project = (of, perm) => split(dense(`${name}.attention.${of}`, x, width, width), `${name}.attention.${of}`, perm)
    const [q, k, v] = [project('query', [0, 2, 1, 3]), project('key', [0, 2, 3, 1]), project('value', [0, 2, 1, 3])]
    const weights = add('Softmax', [add('MatMul', [q, k], `${name}.attention.scores`)], `${name}.attention.softmax`, { axis: -1 })
    const mixed = add('Transpose', [add('MatMul', [weights, v], `${name}.attention.mix`)], `${name}.attention.back`, { perm: [0, 2, 1, 3] })
    const attended = dense(`${name}.attention.output`, add('Reshape', [mixed, 'merge'], `${name}.attention.merge`), width, width)
    x = norm(`${name}.attention.norm`, add('Add', [attended, x], `${name}.attention.residual`))
    const inner = add('Relu', [dense(`${name}.intermediate`, x, width, 4 * width)], `${name}.relu`)
    x = norm(`${name}.norm`, add('Add', [dense(`${name}.output`, inner, 4 * width, width), x], `${name}.residual`))
  }
  const first = add('Flatten', [add('Gather', [x, 'first'], 'pooler.first', { axis: 1 })], 'pooler.flat')
  tensors.push({ name: 'pooler.weight', dims: [width, width] }, { name: 'pooler.bias', dims: [width] })
  tensors.push({ name: 'classifier.weight', dims: [2, width] }, { name: 'classifier.bias', dims: [2] })
  nodes.push(linear('pooler', first, 'pooled'), node('Tanh', ['pooled'], 'tanh'), linear('classifier', 'tanh', 'y'))
  return {
    ...{ nodes, tensors },
    inputs: [{ name: 'ids', type: 'INT64', dims: ['batch', length] }],
    outputs: [float('y', 'batch', 2)],
  }
}

/**
 * Embedding tables of 1024 columns and a classifier behind their sum, in one external file, or in the model where `file` is none. `offset`: of
 * the classifier's weight.
 */
function tables(count, rows, values, { file, offset } = { file: 'model.data' }) {
  const names = Array.from({ length: count }, (_, i) => `table${i}`)
  return {
    nodes: [
      ...names.map((name) => node('Gather', [`${name}.weight`, 'ids'], name, undefined, name)),
      node('Sum', names, 'sum'),
      linear('fc', 'sum', 'y'),
    ],
    tensors: [
      ...names.map((name) => ({ name: `${name}.weight`, dims: [rows, 1024], values, file })),
      { name: 'fc.weight', dims: [10, 1024], file, offset },
      { name: 'fc.bias', dims: [10], file },
    ],
    inputs: [{ name: 'ids', type: 'INT64', dims: ['batch'] }],
    outputs: [float('y', 'batch', 10)],
  }
}

/** `count` products with a [4, 4] weight, `relus` Relu behind each. */
function chain(count, { relus = 1, file = () => undefined } = {}) {
  const names = Array.from({ length: count }, (_, i) => `layer${i}`)
  function* nodes() {
    let last = 'x'
    let k = 0
    for (const name of names) {
      yield node('MatMul', [last, `${name}.weight`], (last = `h${k++}`), undefined, name)
      for (let i = 0; i < relus; i++)
        yield node('Relu', [last], (last = k === count * (relus + 1) - 1 ? 'y' : `h${k}`), undefined, `relu${k++}`)
    }
  }
  return {
    nodes: nodes(),
    tensors: names.map((name, i) => ({ name: `${name}.weight`, dims: [4, 4], ...(file(i) ? { file: file(i) } : {}) })),
    inputs: [float('x', 'batch', 4)],
    outputs: [float('y', 'batch', 4)],
  }
}
