import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import type { ReinitOptions } from '../src/reports.js'
import { attribute, type Field, initializer, input, node, output } from './buildModel.js'
import { dequantizedWeights, storedNumbers } from './dequantize.js'
import {
  codes,
  int8,
  type QuantizedModel,
  quantizedModel,
  quantizedModels,
  scale,
  tensor,
  uint8,
  withDequantizedBias,
  zeros,
} from './quantizedModels.js'
import { moments, redraw, removeFolders } from './redraw.js'

afterEach(removeFolders)

/** Two layers, one after the other; `scales` name theirs. */
const chain = (scales: readonly [string, string], ...extra: readonly Field[]) =>
  quantizedModel(
    node('DequantizeLinear', ['a', scales[0]], ['a.values']),
    node('DequantizeLinear', ['b', scales[1]], ['b.values']),
    node('MatMul', ['x', 'a.values'], ['h'], { name: '/first/MatMul' }),
    node('MatMul', ['h', 'b.values'], ['y'], { name: '/second/MatMul' }),
    int8('a', [64, 80]),
    int8('b', [80, 48]),
    ...[...new Set(scales)].map((name) => scale(name, [])),
    ...extra,
    input('x', [4, 64]),
    output('y', [4, 48]),
  )

test('weights that share a scale are redrawn together, in steps that both fit in', async () => {
  const { after, of } = await redraw(chain(['s', 's']), { run: true })
  const [a, b] = ['a', 'b'].map((name) => storedNumbers(after).get(name)?.values as number[]) as [number[], number[]]
  expect(Math.max(...a.map(Math.abs), ...b.map(Math.abs))).toBe(127)
  expect([of('a'), of('b')].flatMap((c) => c.checks.filter((k) => !k.passed))).toEqual([])
  expect(of('s')).toMatchObject({ role: 'quant_scale', initializer: 'quantization', why: 'scale of a, b', expected: { std: null } })
})

test('scales of one weight at several places of the graph get the same values', async () => {
  const twice = quantizedModel(
    node('DequantizeLinear', ['w', 's'], ['a']),
    node('DequantizeLinear', ['w', 't'], ['b']),
    node('MatMul', ['x', 'a'], ['h'], { name: 'one' }),
    node('MatMul', ['h', 'b'], ['y'], { name: 'two' }),
    int8('w', [64, 64]),
    scale('s', []),
    scale('t', []),
    input('x', [4, 64]),
    output('y', [4, 64]),
  )
  const { after, report } = await redraw(twice, { run: true })
  expect(report.changed.map((c) => c.name).sort()).toEqual(['s', 't', 'w'])
  expect(storedNumbers(after).get('t')).toEqual(storedNumbers(after).get('s'))
})

const oneWeight = (...fields: readonly Field[]) =>
  quantizedModel(...fields, node('MatMul', ['x', 'w.values'], ['y'], { name: 'layer' }), input('x', [4, 64]), output('y', [4, 80]))
const dequantize = (inputs: readonly string[], ...extra: readonly Field[]) => node('DequantizeLinear', inputs, ['w.values'], { extra })

/** Rows of integers that are looked up, and their values. */
const table = (...fields: readonly Field[]) =>
  quantizedModel(
    node('Gather', ['w', 'i'], ['rows'], { name: 'layer' }),
    int8('w', [70, 64]),
    input('i', [70], 'INT64'),
    output('y', [70, 64]),
    ...fields,
  )
/** Products of integers, which come in as they are. */
const products = (...fields: readonly Field[]) =>
  quantizedModel(
    node('DynamicQuantizeLinear', ['x'], ['x.q', 'x.s', 'x.z']),
    node('MatMulInteger', ['x.q', 'w', 'x.z'], ['product'], { name: 'layer' }),
    node('Cast', ['product'], ['cast'], { extra: [attribute.int('to', 1)] }),
    int8('w', [64, 80]),
    input('x', [4, 64]),
    output('y', [4, 80]),
    ...fields,
  )

test.each<[string, Uint8Array]>([
  [
    'rows that are moved on their way',
    table(
      node('Unsqueeze', ['rows', 'front'], ['wide']),
      node('Squeeze', ['wide', 'front'], ['again']),
      node('DequantizeLinear', ['again', 's'], ['y']),
      scale('s', []),
      tensor('front', 'INT64', [1], [0]),
    ),
  ],
  [
    'products of two scales, one after the other',
    products(node('Mul', ['cast', 'x.s'], ['half']), node('Mul', ['half', 's'], ['y']), scale('s', [])),
  ],
])('the scale is found: %s', async (_, bytes) => {
  const { after, of } = await redraw(bytes, { run: true })
  const numbers = (name: string) => storedNumbers(after).get(name)?.values ?? []
  const [s = 0] = numbers('s')
  expect(of('s')).toMatchObject({ role: 'quant_scale', why: 'scale of w' })
  const { std } = moments(numbers('w').map((v) => v * s))
  expect(std / (of('w').expected.std ?? 0)).toBeCloseTo(1, 1)
})

test.each<[string, Uint8Array, Partial<ReinitOptions>, string, RegExp]>([
  [
    'a scale that another layer has too',
    chain(['s', 's']),
    { all: false, layers: ['first'] },
    'a',
    /"s" is also that of "b", which is not redrawn/,
  ],
  [
    'a scale that activations have too',
    chain(['s', 't'], node('QuantizeLinear', ['x', 's'], ['q'], { name: 'in' }), output('q', [4, 64], 'UINT8')),
    {},
    'a',
    /"s" is also read by "in"/,
  ],
  [
    'a computed scale',
    oneWeight(node('Exp', ['s'], ['e']), dequantize(['w', 'e']), int8('w', [64, 80]), scale('s', [], -6)),
    {},
    'w',
    /its scale is computed in the graph/,
  ],
  [
    'a computed zero point',
    oneWeight(node('Abs', ['z'], ['a']), dequantize(['w', 's', 'a']), int8('w', [64, 80]), scale('s', []), zeros('z', 'INT8', [])),
    {},
    'w',
    /its zero point is computed in the graph/,
  ],
  [
    'a scale behind a lookup that is computed at another place',
    table(
      node('Exp', ['s'], ['e']),
      node('DequantizeLinear', ['rows', 's'], ['y']),
      node('DequantizeLinear', ['rows', 'e'], ['z']),
      scale('s', []),
      output('z', [70, 64]),
    ),
    {},
    'w',
    /its scale is computed in the graph/,
  ],
  [
    'a computed zero point behind a lookup',
    table(node('Abs', ['z'], ['a']), node('DequantizeLinear', ['rows', 's', 'a'], ['y']), scale('s', []), zeros('z', 'INT8', [])),
    {},
    'w',
    /its zero point is computed in the graph/,
  ],
  [
    'rows that have several scales at another place',
    table(
      node('DequantizeLinear', ['rows', 't'], ['y']),
      node('DequantizeLinear', ['rows', 's'], ['z'], { extra: [attribute.int('axis', 1)] }),
      scale('s', [64]),
      scale('t', []),
      output('z', [70, 64]),
    ),
    {},
    'w',
    /what is looked up in it has more than one scale/,
  ],
  [
    'rows that are read as they are',
    table(
      node('DequantizeLinear', ['rows', 's'], ['y']),
      scale('s', []),
      node('Cast', ['rows'], ['z'], { extra: [attribute.int('to', 1)] }),
      output('z', [70, 64]),
    ),
    {},
    'w',
    /its integers also reach Cast, which has no scale for them/,
  ],
  ['products without a scale of their own', products(node('Mul', ['cast', 'x.s'], ['y'])), {}, 'w', /its scale is computed in the graph/],
  [
    'unsigned integers without a zero point',
    oneWeight(dequantize(['w', 's']), uint8('w', [64, 80]), scale('s', [])),
    {},
    'w',
    /its zero point 0 is too near the end of 0 to 255, and it has no tensor of zero points/,
  ],
  [
    'a shared zero point at the end',
    oneWeight(
      dequantize(['w', 's', 'z']),
      uint8('w', [64, 80]),
      scale('s', []),
      zeros('z', 'UINT8', []),
      node('QuantizeLinear', ['x', 's2', 'z'], ['q'], { name: 'in' }),
      scale('s2', []),
      output('q', [4, 64], 'UINT8'),
    ),
    {},
    'w',
    /its zero point 0 is too near the end of 0 to 255, and "z" is also read by "in"/,
  ],
  [
    'integers that are read as they are',
    oneWeight(
      dequantize(['w', 's']),
      int8('w', [64, 80]),
      scale('s', []),
      node('Add', ['w', 'one'], ['u'], { name: 'plus' }),
      input('one', [80], 'INT8'),
      output('u', [64, 80], 'INT8'),
    ),
    {},
    'w',
    /its integers are read by "plus" too/,
  ],
  [
    'reordered blocks',
    quantizedModel(
      node('MatMulNBits', ['x', 'w', 's', '', 'g'], ['y'], {
        domain: 'com.microsoft',
        extra: Object.entries({ K: 64, N: 80, bits: 4, block_size: 32 }).map(([k, v]) => attribute.int(k, v)),
      }),

      uint8('w', [80, 2, 16]),
      scale('s', [80, 2]),
      tensor(
        'g',
        'INT32',
        [64],
        Array.from({ length: 64 }, (_, i) => i >> 5),
      ),
      input('x', [4, 64]),
      output('y', [4, 80]),
    ),
    {},
    'w',
    /its blocks are reordered/,
  ],
  [
    'a bias scale that is read elsewhere',
    withDequantizedBias([], 'shared'),
    {},
    'w',
    /its bias "b" can't follow: "b.scale" is a scale of "Mul_5" too/,
  ],
])('%s keeps a weight as it is, with the reason', async (_, bytes, options, name, detail) => {
  const reasons = await redraw(bytes, options).then(
    ({ report }) => report.skipped.filter((s) => s.name === name).map((s) => `${s.reason}: ${s.detail}`),
    (error: Error) => [`quantized: ${error.message}`],
  )
  expect(reasons).toEqual([expect.stringMatching(detail)])
  expect(reasons[0]).toMatch(/^quantized: /)
})

test('a zero point off the middle moves there, where it is the weight’s own', async () => {
  const model = oneWeight(dequantize(['w', 's', 'z']), uint8('w', [64, 80]), scale('s', []), zeros('z', 'UINT8', [], 250))
  const { after, of } = await redraw(model, { run: true })
  expect(storedNumbers(after).get('z')?.values).toEqual([128])
  expect(of('z')).toMatchObject({ role: 'quant_zero_point', why: 'zero point of w', before: { mean: 250 }, after: { mean: 128 } })
  expect(of('w').checks.filter((c) => !c.passed)).toEqual([])
})

test.each([
  ['int8', tensor('w', 'INT8', [64, 80], codes(5120, -64, 64)), zeros('z', 'INT8', []), -64, 64],
  ['uint8', tensor('w', 'UINT8', [64, 80], codes(5120, 0, 127)), zeros('z', 'UINT8', [], 60), 0, 127],
  ['all of int8, symmetric', int8('w', [64, 80]), zeros('z', 'INT8', []), -127, 127],
])('seven bits stay seven: %s', async (_, weight, zero, least, greatest) => {
  const { after, of } = await redraw(oneWeight(dequantize(['w', 's', 'z']), weight, scale('s', []), zero))
  const ints = storedNumbers(after).get('w')?.values as number[]
  expect([Math.min(...ints) >= least, Math.max(...ints) <= greatest]).toEqual([true, true])
  expect([Math.min(...ints) === least, Math.max(...ints) === greatest]).toContain(true)
  expect(of('w').quantization?.range).toEqual([least, greatest])
})

test('two bits are told to be too few for the deviation', async () => {
  const { report, of } = await redraw(oneWeight(dequantize(['w', 's']), tensor('w', 'INT2', [64, 80], codes(1280, 0, 255)), scale('s', [])))
  expect(of('w').checks.find((c) => c.name === 'deviation')?.passed).toBe(false)
  expect(report.notes).toEqual([expect.stringMatching(/^w: the deviation test gives/)])
})

test('floats that the graph rounds get the scale that they need', async () => {
  const model = oneWeight(
    node('QuantizeLinear', ['w', 's', 'z'], ['w.q'], { extra: [attribute.int('axis', 1)] }),
    dequantize(['w.q', 's', 'z'], attribute.int('axis', 1)),
    zeros('w', 'FLOAT', [64, 80], 0.1),
    scale('s', [80]),
    zeros('z', 'INT8', [80]),
  )
  const { after, report } = await redraw(model, { run: true })
  const [w, s] = ['w', 's'].map((name) => storedNumbers(after).get(name)?.values as number[]) as [number[], number[]]
  s.forEach((step, column) => {
    const most = Math.max(...w.filter((_, i) => i % 80 === column).map(Math.abs))
    expect(most / step).toBeGreaterThan(126.99)
    expect(most / step).toBeLessThanOrEqual(127)
  })
  expect(report.changed.map((c) => c.name)).toEqual(['w', 's'])
})

test('integers in a data file are redrawn there', async () => {
  const data = Buffer.from(codes(5120, -127, 127))
  const external = { location: 'w.data', offset: '64', length: '5120' }
  const bytes = oneWeight(dequantize(['w', 's']), initializer({ name: 'w', type: 'INT8', dims: [64, 80], external }), scale('s', []))
  const files = { 'w.data': Buffer.concat([Buffer.alloc(64, 7), data, Buffer.alloc(9, 9)]) }
  const { after } = await redraw(bytes, { init: 'xavier_uniform' }, files)
  const is = dequantizedWeights(after).get('w') as number[]
  expect(Math.abs(moments(is).std / Math.sqrt(2 / 144) - 1)).toBeLessThan(0.03)
  const file = readFileSync(`${after}.data`)
  expect([file.length, file[63], file[5184]]).toEqual([5193, 7, 9])
})

test('the same command gives the same bytes, another seed others', async () => {
  const { bytes } = quantizedModels['MatMulNBits, 4 bits with zero points'] as QuantizedModel
  const written: string[] = []
  for (const seed of [3, 3, 4]) {
    const { after } = await redraw(bytes, { seed })
    written.push(readFileSync(after).toString('base64'))
  }
  expect([written[0] === written[1], written[0] === written[2]]).toEqual([true, false])
})

test('a table of bytes that is a matrix too is redrawn once for both', async () => {
  const sizes = { K: 64, N: 70, bits: 4, block_size: 32 }
  const given = Object.entries(sizes).map(([name, value]) => attribute.int(name, value))
  const reshape = (from: string, to: string, shape: readonly number[]) => [
    node('Reshape', [from, `${to}.shape`], [to]),
    initializer({ name: `${to}.shape`, type: 'INT64', dims: [shape.length], values: shape }),
  ]
  const tied = quantizedModel(
    ...reshape('w', 'table', [70, 32]),
    ...reshape('w.scale', 'table.scale', [70, 2]),
    node('GatherBlockQuantized', ['table', 'i', 'table.scale'], ['h'], {
      domain: 'com.microsoft',
      name: 'wte',
      extra: [attribute.int('block_size', 32)],
    }),
    node('MatMulNBits', ['h', 'w', 'w.scale'], ['y'], { domain: 'com.microsoft', name: 'head', extra: given }),
    uint8('w', [70, 2, 16]),
    scale('w.scale', [140]),
    input('i', [5], 'INT64'),
    output('y', [5, 70]),
  )
  const { after, of, report } = await redraw(tied, { run: true })
  expect(report.changed.map((c) => c.name).sort()).toEqual(['w', 'w.scale'])
  expect(of('w')).toMatchObject({ fanIn: 64, fanOut: 70 })
  expect(of('w').checks.filter((c) => !c.passed)).toEqual([])
  const { std } = moments(dequantizedWeights(after).get('w') as number[])
  expect(Math.abs(std / Math.sqrt(2 / 64) - 1)).toBeLessThan(0.05)
})

test('scales that are powers of two are rounded up to one', async () => {
  const inBlocks = [attribute.int('axis', 0), attribute.int('block_size', 32), attribute.int('output_dtype', 1)]
  const model = oneWeight(
    dequantize(['w', 's'], ...inBlocks),
    tensor('w', 'FLOAT8E4M3FN', [64, 80], codes(5120, 0, 126)),
    zeros('s', 'FLOAT8E8M0', [2, 80], 120),
  )
  const { after, of } = await redraw(model)
  expect(of('w').quantization?.saturated).toBe(0)
  const { std } = moments(dequantizedWeights(after).get('w') as number[])
  expect(Math.abs(std / Math.sqrt(2 / 64) - 1)).toBeLessThan(0.03)
})

test.each([
  ['MatMulInteger', []],
  ['QLinearMatMul', [expect.stringMatching(/^activations keep scales that were calibrated with the old weights/)]],
])('%s: whether activations were calibrated is told', async (name, notes) => {
  const { report } = await redraw((quantizedModels[name] as QuantizedModel).bytes)
  expect(report.notes).toEqual(notes)
})
