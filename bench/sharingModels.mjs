import onnxProto from 'onnx-proto'

const { ModelProto } = onnxProto.onnx

/**
 * Models whose weights other tools leave in place or make explode, small enough for a table: numbers are normal with a little skew, as
 * trained ones are, and He-scaled, so that outputs have the size of the inputs. One entry a model.
 * @type {Record<string, { what: string, bytes: () => Uint8Array }>}
 */
export const sharingModels = {
  initializers: { what: 'weights as initializers', bytes: () => mlp('raw') },
  constants: { what: 'weights in Constant nodes', bytes: () => mlp('constant') },
  float_data: { what: 'weights in float_data', bytes: () => mlp('float_data') },
  resnet: { what: '18 residual convolutions, norms folded', bytes: residual },
}

/** Numbers of a generator whose state they share: mulberry32, Box–Muller, a square for the skew. */
function numbers(seed) {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return (count, std) =>
    Float32Array.from({ length: count }, () => {
      const z = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
      return std * (z + 0.08 * (z * z - 1))
    })
}

const value = (name, ...dims) => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
})

function mlp(storage) {
  const draw = numbers(1)
  const layers = [
    ['fc1', 64, 256],
    ['fc2', 256, 256],
    ['fc3', 256, 10],
  ]
  const [node, initializer] = [[], []]
  const add = (name, dims, std) => {
    const values = draw(
      dims.reduce((n, d) => n * d, 1),
      std,
    )
    const data = storage === 'float_data' ? { floatData: [...values] } : { rawData: new Uint8Array(values.buffer) }
    const tensor = { name, dims, dataType: 1, ...data }
    if (storage === 'constant')
      node.push({ opType: 'Constant', output: [name], attribute: [{ name: 'value', type: 4, t: { ...tensor, name: '' } }] })
    else initializer.push(tensor)
  }
  let last = 'x'
  for (const [name, from, to] of layers) {
    add(`${name}.weight`, [from, to], Math.sqrt(2 / from))
    add(`${name}.bias`, [to], 0.1)
    node.push({ opType: 'Gemm', name, input: [last, `${name}.weight`, `${name}.bias`], output: [name === 'fc3' ? 'y' : `${name}.out`] })
    if (name !== 'fc3') node.push({ opType: 'Relu', input: [`${name}.out`], output: [(last = `${name}.relu`)] })
  }
  return model({ node, initializer, input: [value('x', 1, 64)], output: [value('y', 1, 10)] })
}

/** Nine blocks x + conv(relu(conv(x))), each branch at a quarter of its input. */
function residual() {
  const draw = numbers(2)
  const width = 32
  const [node, initializer] = [[], []]
  const conv = (name, input, from, std) => {
    initializer.push({
      name: `${name}.weight`,
      dims: [width, from, 3, 3],
      dataType: 1,
      rawData: new Uint8Array(draw(width * from * 9, std).buffer),
    })
    initializer.push({ name: `${name}.bias`, dims: [width], dataType: 1, rawData: new Uint8Array(draw(width, 0.02).buffer) })
    const attribute = [{ name: 'pads', type: 7, ints: [1, 1, 1, 1] }]
    node.push({ opType: 'Conv', name, input: [input, `${name}.weight`, `${name}.bias`], output: [`${name}.out`], attribute })
    return `${name}.out`
  }
  const std = Math.sqrt(2 / (9 * width))
  let last = conv('stem', 'x', 3, Math.sqrt(2 / 27))
  for (let i = 0; i < 9; i++) {
    const inner = conv(`block${i}.conv1`, last, width, std)
    node.push({ opType: 'Relu', input: [inner], output: [`block${i}.relu`] })
    const branch = conv(`block${i}.conv2`, `block${i}.relu`, width, std / 2)
    node.push({ opType: 'Add', input: [last, branch], output: [`block${i}.sum`] })
    last = `block${i}.sum`
  }
  node.push({ opType: 'GlobalAveragePool', input: [last], output: ['pooled'] }, { opType: 'Flatten', input: ['pooled'], output: ['y'] })
  return model({ node, initializer, input: [value('x', 1, 3, 16, 16)], output: [value('y', 1, width)] })
}

const model = (graph) =>
  ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph: { name: 'graph', ...graph } }).finish()
