// Models with one quantized layer each, runnable where the runtime knows the operator; x is such that y shows the weight.
import { attribute, bytes, type Field, graph, initializer, input, message, node, output, type TensorParts, varint } from './buildModel.js'

/** A model of opset 21 with com.microsoft's operators; IR 10 knows 4-bit types. */
export const quantizedModel = (...fields: readonly Field[]): Uint8Array =>
  Buffer.concat([varint(1, 10), opset('', 21), opset('com.microsoft', 1), graph(...fields)])
const opset = (domain: string, version: number) => message(8, [bytes(1, domain), varint(2, version)])

const size = (dims: readonly number[]) => dims.reduce((n, d) => n * d, 1)
/** Whole numbers from low to high, all of them, in no order. */
export const codes = (count: number, low: number, high: number): number[] =>
  Array.from({ length: count }, (_, i) => low + ((i * 7919 + 13) % (high - low + 1)))
const spread = (count: number, around: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.fround(around * (1 + (i % 5) / 10)))

export const tensor = (
  name: string,
  type: string,
  dims: readonly number[],
  values: readonly number[],
  storage?: TensorParts['storage'],
): Field => initializer({ name, type, dims, values, ...(storage ? { storage } : {}) })
export const int8 = (name: string, dims: readonly number[]) => tensor(name, 'INT8', dims, codes(size(dims), -127, 127))
export const uint8 = (name: string, dims: readonly number[]) => tensor(name, 'UINT8', dims, codes(size(dims), 0, 255))
export const scale = (name: string, dims: readonly number[], around = 0.002) => tensor(name, 'FLOAT', dims, spread(size(dims), around))
export const zeros = (name: string, type: string, dims: readonly number[], value = 0) =>
  tensor(name, type, dims, Array<number>(size(dims)).fill(value))
const microsoft = (extra: readonly Field[] = []) => ({ domain: 'com.microsoft', name: 'layer', extra })

export interface QuantizedModel {
  readonly bytes: Uint8Array
  /** The integers of its matrix or kernel. */
  readonly weight: string
  /** What shows the weight, and how exactly; null: y is something else. */
  readonly reveals: Reveals | null
  /** What the runtime says, where it does not know the operator or type; passed by default. */
  readonly run?: 'passed' | 'unsupported' | 'failed-before'
}

/** An identity matrix as x makes y the weight, or its transpose; a kernel takes its rows as images; a table is looked up row by row. */
export type Reveals =
  | { readonly kind: 'matrix' | 'transposed'; readonly tolerance: number }
  | { readonly kind: 'kernel'; readonly dims: readonly [number, number, number]; readonly tolerance: number }
  | { readonly kind: 'table'; readonly tolerance: number }

const [K, N] = [64, 80]
const matrix = [input('x', [K, K]), output('y', [K, N])]
/** Values of y in steps of 1/64. */
const ROUGH = 0.01
const EXACT = 1e-5
const dq = (name: string, extra: readonly Field[] = [], zero: string | null = `${name}.zero`) =>
  node('DequantizeLinear', [name, `${name}.scale`, ...(zero === null ? [] : [zero])], [`${name}.values`], { extra })
const axis = (value: number) => attribute.int('axis', value)
const xIsOne = [tensor('x.scale', 'FLOAT', [], [Math.fround(1 / 255)]), zeros('x.zero', 'UINT8', [])]
const ySteps = [tensor('y.scale', 'FLOAT', [], [1 / 64]), zeros('y.zero', 'UINT8', [], 128)]
const quantizeX = node('QuantizeLinear', ['x', 'x.scale', 'x.zero'], ['x.q'])
const dequantizeY = node('DequantizeLinear', ['y.q', 'y.scale', 'y.zero'], ['y'])
const dynamicX = node('DynamicQuantizeLinear', ['x'], ['x.q', 'x.s', 'x.z'])
/** ConvInteger and MatMulInteger leave the scales to a Mul behind them. */
const scaled = [
  node('Cast', ['product'], ['cast'], { extra: [attribute.int('to', 1)] }),
  node('Mul', ['x.s', 'w.scale'], ['both']),
  node('Mul', ['cast', 'both'], ['y']),
]
const gemm = (weight: string) => node('Gemm', ['x', weight], ['y'], { name: 'layer', extra: [attribute.int('transB', 1)] })
const matMul = (weight: string) => node('MatMul', ['x', weight], ['y'], { name: 'layer' })
const transpose = (from: string, to: string) => node('Transpose', [from], [to], { extra: [attribute.ints('perm', [1, 0])] })
const blockSize = (value: number) => attribute.int('block_size', value)
const images = [input('x', [72, 8, 3, 3]), output('y', [72, 96, 1, 1])]
const kernel = { kind: 'kernel', dims: [8, 3, 3] } as const

const nBits = (bits: number, block: number, extra: readonly Field[] = [], zero = '') => {
  const blocks = Math.ceil(80 / block)
  const sizes = { K: 80, N: 64, bits, block_size: block }
  const given = Object.entries(sizes).map(([name, value]) => attribute.int(name, value))
  return quantizedModel(
    node('MatMulNBits', ['x', 'w', 'w.scale', ...(zero ? [zero] : [])], ['y'], microsoft(given)),
    uint8('w', [64, blocks, (block * bits) / 8]),
    scale('w.scale', [64, blocks], 0.02),
    ...extra,
    input('x', [80, 80]),
    output('y', [80, 64]),
  )
}
const lookup = (...fields: readonly Field[]) => quantizedModel(...fields, input('i', [70], 'INT64'), output('y', [70, K]))

export const quantizedModels: Readonly<Record<string, QuantizedModel>> = {
  'DequantizeLinear, one scale, uint8': {
    bytes: quantizedModel(
      dq('w'),
      gemm('w.values'),
      uint8('w', [N, K]),
      scale('w.scale', []),
      zeros('w.zero', 'UINT8', [], 131),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'transposed', tolerance: EXACT },
  },
  'DequantizeLinear, a scale a column': {
    bytes: quantizedModel(
      dq('w', [axis(1)]),
      matMul('w.values'),
      int8('w', [K, N]),
      scale('w.scale', [N]),
      zeros('w.zero', 'INT8', [N]),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  'DequantizeLinear in front of a Transpose, a scale an output': {
    bytes: quantizedModel(
      dq('w', [axis(0)], null),
      transpose('w.values', 't'),
      matMul('t'),
      int8('w', [N, K]),
      scale('w.scale', [N]),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'transposed', tolerance: EXACT },
  },
  'DequantizeLinear behind a Transpose, a scale an output': {
    bytes: quantizedModel(
      transpose('w', 't'),
      node('DequantizeLinear', ['t', 'w.scale'], ['t.values'], { extra: [axis(1)] }),
      matMul('t.values'),
      int8('w', [N, K]),
      scale('w.scale', [N]),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'transposed', tolerance: EXACT },
  },
  'DequantizeLinear, int4 in blocks': {
    bytes: quantizedModel(
      dq('w', [axis(0), blockSize(24)], null),
      matMul('w.values'),
      tensor('w', 'INT4', [K, N], codes((K * N) / 2, 0, 255)),
      scale('w.scale', [3, N], 0.02),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  'DequantizeLinear, uint4 in blocks with zero points': {
    bytes: quantizedModel(
      dq('w', [axis(1), blockSize(20)]),
      matMul('w.values'),
      tensor('w', 'UINT4', [K, N], codes((K * N) / 2, 0, 255)),
      scale('w.scale', [K, 4], 0.02),
      tensor('w.zero', 'UINT4', [K, 4], Array<number>(K * 2).fill(0x79)),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  'DequantizeLinear, int16': {
    bytes: quantizedModel(
      dq('w', [], null),
      matMul('w.values'),
      tensor('w', 'INT16', [K, N], codes(K * N, -32768, 32767)),
      scale('w.scale', [], 1e-5),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  'DequantizeLinear, int8 as varints': {
    bytes: quantizedModel(
      dq('w', [], null),
      matMul('w.values'),
      tensor('w', 'INT8', [K, N], codes(K * N, -127, 127), 'int32_data'),
      tensor('w.scale', 'FLOAT', [], [0.002], 'float_data'),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  'DequantizeLinear, int4 as varints': {
    bytes: quantizedModel(
      dq('w', [axis(1)], null),
      matMul('w.values'),
      tensor('w', 'INT4', [K, N], codes((K * N) / 2, 0, 255), 'int32_data'),
      scale('w.scale', [N], 0.02),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  'DequantizeLinear of a Constant node': {
    bytes: quantizedModel(
      node('Constant', [], ['w'], { extra: [attribute.tensor('value', { type: 'INT8', dims: [K, N], values: codes(K * N, -127, 127) })] }),
      node('Constant', [], ['w.scale'], { extra: [attribute.tensor('value', { dims: [], values: [0.002] })] }),
      dq('w', [], null),
      matMul('w.values'),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  'DequantizeLinear, float16 scales': {
    bytes: quantizedModel(
      dq('w', [axis(1)], null),
      node('Cast', ['w.values'], ['w.floats'], { extra: [attribute.int('to', 1)] }),
      matMul('w.floats'),
      int8('w', [K, N]),
      zeros('w.scale', 'FLOAT16', [N], 0x2000),
      ...matrix,
    ),
    weight: 'w',
    // the product has float16's precision
    reveals: { kind: 'matrix', tolerance: 1e-3 },
  },
  'DequantizeLinear, float8': {
    bytes: quantizedModel(
      dq('w', [axis(1)], null),
      matMul('w.values'),
      tensor('w', 'FLOAT8E4M3FN', [K, N], codes(K * N, 0, 126)),
      scale('w.scale', [N]),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  'DequantizeLinear, float4 in blocks': {
    bytes: quantizedModel(
      dq('w', [axis(0), blockSize(32)], null),
      matMul('w.values'),
      tensor('w', 'FLOAT4E2M1', [K, N], codes((K * N) / 2, 0, 255)),
      scale('w.scale', [2, N], 0.02),
      ...matrix,
    ),
    weight: 'w',
    reveals: null,
    run: 'failed-before',
  },
  QLinearConv: {
    bytes: quantizedModel(
      quantizeX,
      node('QLinearConv', ['x.q', 'x.scale', 'x.zero', 'w', 'w.scale', 'w.zero', 'y.scale', 'y.zero', 'b'], ['y.q'], { name: 'layer' }),
      dequantizeY,
      int8('w', [96, 8, 3, 3]),
      scale('w.scale', [96]),
      zeros('w.zero', 'INT8', [96]),
      tensor('b', 'INT32', [96], codes(96, -3000, 3000)),
      ...xIsOne,
      ...ySteps,
      ...images,
    ),
    weight: 'w',
    reveals: { ...kernel, tolerance: ROUGH },
  },
  ConvInteger: {
    bytes: quantizedModel(
      dynamicX,
      node('ConvInteger', ['x.q', 'w', 'x.z', 'w.zero'], ['product'], { name: 'layer' }),
      ...scaled,
      uint8('w', [96, 8, 3, 3]),
      scale('w.scale', []),
      zeros('w.zero', 'UINT8', [], 120),
      ...images,
    ),
    weight: 'w',
    reveals: { ...kernel, tolerance: EXACT },
  },
  QLinearMatMul: {
    bytes: quantizedModel(
      quantizeX,
      node('QLinearMatMul', ['x.q', 'x.scale', 'x.zero', 'w', 'w.scale', 'w.zero', 'y.scale', 'y.zero'], ['y.q'], { name: 'layer' }),
      dequantizeY,
      int8('w', [K, N]),
      scale('w.scale', [N]),
      zeros('w.zero', 'INT8', [N]),
      ...xIsOne,
      ...ySteps,
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: ROUGH },
  },
  MatMulInteger: {
    bytes: quantizedModel(
      dynamicX,
      node('MatMulInteger', ['x.q', 'w', 'x.z', 'w.zero'], ['product'], { name: 'layer' }),
      ...scaled,
      int8('w', [K, N]),
      scale('w.scale', [N]),
      zeros('w.zero', 'INT8', [N]),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  MatMulIntegerToFloat: {
    bytes: quantizedModel(
      dynamicX,
      node('MatMulIntegerToFloat', ['x.q', 'w', 'x.s', 'w.scale', 'x.z', 'w.zero', 'b'], ['y'], microsoft()),
      uint8('w', [K, N]),
      scale('w.scale', [N]),
      tensor('w.zero', 'UINT8', [N], codes(N, 100, 150)),
      scale('b', [N]),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  DynamicQuantizeMatMul: {
    bytes: quantizedModel(
      node('DynamicQuantizeMatMul', ['x', 'w', 'w.scale', 'w.zero', 'b'], ['y'], microsoft()),
      int8('w', [K, N]),
      scale('w.scale', []),
      zeros('w.zero', 'INT8', []),
      scale('b', [N]),
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'matrix', tolerance: EXACT },
  },
  DynamicQuantizeLSTM: {
    bytes: quantizedModel(
      node(
        'DynamicQuantizeLSTM',
        ['x', 'w', 'r', 'b', '', '', '', '', 'w.scale', 'w.zero', 'r.scale', 'r.zero'],
        ['y'],
        microsoft([attribute.int('hidden_size', 16)]),
      ),
      int8('w', [1, 80, 64]),
      int8('r', [1, 16, 64]),
      scale('b', [1, 128]),
      scale('w.scale', [1, 64]),
      zeros('w.zero', 'INT8', [1, 64]),
      scale('r.scale', [1]),
      zeros('r.zero', 'INT8', [1]),
      input('x', [3, 1, 80]),
      output('y', [3, 1, 1, 16]),
    ),
    weight: 'w',
    reveals: null,
  },
  QGemm: {
    bytes: quantizedModel(
      quantizeX,
      node('QGemm', ['x.q', 'x.scale', 'x.zero', 'w', 'w.scale', 'w.zero', 'b'], ['y'], microsoft([attribute.int('transB', 1)])),
      int8('w', [N, K]),
      scale('w.scale', [N]),
      zeros('w.zero', 'INT8', [N]),
      tensor('b', 'INT32', [N], codes(N, -3000, 3000)),
      ...xIsOne,
      ...matrix,
    ),
    weight: 'w',
    reveals: { kind: 'transposed', tolerance: EXACT },
  },
  QAttention: {
    bytes: quantizedModel(
      quantizeX,
      node(
        'QAttention',
        ['x.q', 'w', 'b', 'x.scale', 'w.scale', '', 'x.zero', 'w.zero'],
        ['y'],
        microsoft([attribute.int('num_heads', 4)]),
      ),
      int8('w', [K, 3 * K]),
      scale('b', [3 * K]),
      scale('w.scale', []),
      zeros('w.zero', 'INT8', []),
      ...xIsOne,
      input('x', [1, 5, K]),
      output('y', [1, 5, K]),
    ),
    weight: 'w',
    reveals: null,
  },
  'MatMulNBits, 4 bits, a block that ends early': { bytes: nBits(4, 32), weight: 'w', reveals: { kind: 'transposed', tolerance: 1e-4 } },
  'MatMulNBits, 4 bits with zero points': {
    bytes: nBits(4, 16, [tensor('z', 'UINT8', [64, 3], Array<number>(192).fill(0x79))], 'z'),
    weight: 'w',
    reveals: { kind: 'transposed', tolerance: 1e-4 },
  },
  'MatMulNBits, float zero points': {
    bytes: nBits(4, 16, [tensor('z', 'FLOAT', [64, 5], spread(320, 7))], 'z'),
    weight: 'w',
    reveals: { kind: 'transposed', tolerance: 1e-4 },
  },
  'MatMulNBits, 8 bits': { bytes: nBits(8, 16), weight: 'w', reveals: { kind: 'transposed', tolerance: 1e-4 } },
  'GatherBlockQuantized, bytes of two': {
    bytes: lookup(
      node('GatherBlockQuantized', ['w', 'i', 'w.scale', 'z'], ['y'], microsoft([blockSize(16), attribute.int('quantize_axis', 1)])),
      uint8('w', [70, K / 2]),
      scale('w.scale', [70, 4], 0.02),
      tensor('z', 'UINT8', [70, 2], codes(140, 0x66, 0x69)),
    ),
    weight: 'w',
    reveals: { kind: 'table', tolerance: EXACT },
  },
  'GatherBlockQuantized, int4': {
    bytes: lookup(
      node('GatherBlockQuantized', ['w', 'i', 'w.scale'], ['y'], microsoft([blockSize(32), attribute.int('quantize_axis', 1)])),
      tensor('w', 'INT4', [70, K], codes(35 * K, 0, 255)),
      scale('w.scale', [70, 2], 0.02),
    ),
    weight: 'w',
    reveals: { kind: 'table', tolerance: EXACT },
  },
  'Gather of integers': {
    bytes: lookup(
      node('Gather', ['w', 'i'], ['rows'], { name: 'layer' }),
      node('DequantizeLinear', ['rows', 'w.scale', 'w.zero'], ['y']),
      uint8('w', [70, K]),
      scale('w.scale', []),
      zeros('w.zero', 'UINT8', [], 117),
    ),
    weight: 'w',
    reveals: { kind: 'table', tolerance: EXACT },
  },
}

/** Q/DQ around a Gemm, its bias in steps of x.scale·w.scale with a DequantizeLinear of its own. */
export function withDequantizedBias(shape: readonly number[], kind: 'own' | 'other' | 'shared'): Uint8Array {
  const count = shape[0] ?? 1
  const weightScales = Array.from({ length: count }, (_, i) => Math.fround(0.002 * (1 + i / 10)))
  const product = weightScales.map((s) => Math.fround(Math.fround(0.01) * s * (kind === 'other' ? 3 : 1)))
  const extra = shape.length > 0 ? [attribute.int('axis', 0)] : []
  return quantizedModel(
    node('QuantizeLinear', ['x', 'x.scale', 'x.zero'], ['x.q']),
    node('DequantizeLinear', ['x.q', 'x.scale', 'x.zero'], ['x.values']),
    node('DequantizeLinear', ['w', 'w.scale', 'w.zero'], ['w.values'], { extra }),
    node('DequantizeLinear', ['b', 'b.scale'], ['b.values'], { extra }),
    node('Gemm', ['x.values', 'w.values', 'b.values'], ['y'], { name: 'layer', extra: [attribute.int('transB', 1)] }),
    ...(kind === 'shared' ? [node('Mul', ['x', 'b.scale'], ['z']), output('z', [4, 32])] : []),
    int8('w', [40, 32]),
    tensor('w.scale', 'FLOAT', shape, weightScales),
    zeros('w.zero', 'INT8', shape),
    tensor('b', 'INT32', [40], codes(40, -3000, 3000)),
    tensor('b.scale', 'FLOAT', shape, product),
    tensor('x.scale', 'FLOAT', [], [0.01]),
    zeros('x.zero', 'UINT8', [], 128),
    input('x', [4, 32]),
    output('y', [4, 40]),
  )
}
