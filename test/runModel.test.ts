import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test, vi } from 'vitest'
import { ReinitError } from '../src/errors.js'
import { tensorTypes } from '../src/run/tensorTypes.js'
import { requireRuntime, runtimeVersion } from '../src/run/requireRuntime.js'
import { type RunnableModel, runModel } from '../src/runModel.js'
import type { RunOptions, RunOutput, RunStatus, Value } from '../src/types.js'
import {
  attribute,
  bytes,
  type Field,
  folderOf,
  graph,
  initializer,
  input,
  linearModel,
  message,
  model,
  node,
  output,
  varint,
} from './buildModel.js'
import { npy } from './runNpyFile.js'

// a process each; under load its start alone takes its time
vi.setConfig({ testTimeout: 60_000 })

/** TensorProto.DataType codes of the types that a run can feed. */
const codes: Readonly<Record<string, number>> = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
  UINT4: 21,
}
type Dims = readonly (number | string)[] | null
const tensorType = (type: string, dims: Dims) => {
  const shape = dims?.map((d) => message(1, d === '' ? [] : [typeof d === 'number' ? varint(1, d) : bytes(2, d)]))
  return message(1, [varint(1, codes[type] as number), ...(shape ? [message(2, shape)] : [])])
}
const value = (number: number, name: string, type: Field) => message(number, [bytes(1, name), message(2, [type])])
const of = (type: string, dims: Dims) => [value(11, 'x', tensorType(type, dims)), value(12, 'y', tensorType(type, dims))]
const sequence = (number: number, name: string) => value(number, name, message(4, [message(1, [tensorType('FLOAT', ['n'])])]))
const build = (...fields: Field[]) => model(graph(bytes(2, 'main'), ...fields))
const int64s = (name: string, values: readonly number[]) => initializer({ name, type: 'INT64', dims: [values.length], values })
const floats = (name: string, values: readonly number[]) => initializer({ name, dims: [values.length], values })
const identity = (type: string, dims: Dims) => build(node('Identity', ['x'], ['y']), ...of(type, dims))
const notANumber = build(
  floats('w', [-1]),
  node('Log', ['w'], ['l']),
  node('Add', ['x', 'l'], ['y']),
  input('x', ['n']),
  output('y', ['n']),
)
const logarithm = build(node('Log', ['x'], ['y']), ...of('FLOAT', ['n', 64]))
const positions = (declared: number | string, threshold: number) =>
  build(
    floats('w', [threshold]),
    node('Greater', ['x', 'w'], ['c']),
    node('NonZero', ['c'], ['y']),
    input('x', [100]),
    output('y', [1, declared], 'INT64'),
  )
const custom = Buffer.concat([
  build(node('Foo', ['x'], ['y'], { domain: 'test' }), ...of('FLOAT', [1])),
  message(8, [bytes(1, 'test'), varint(2, 1)]),
])
/** Doubles a number for as long as an INT64 counts. */
const endless = build(
  initializer({ name: 'trips', type: 'INT64', dims: [], values: [2n ** 62n] }),
  node('Loop', ['trips', '', 'x'], ['y'], {
    extra: [
      attribute.graph(
        'body',
        bytes(2, 'body'),
        node('Identity', ['condition'], ['on']),
        node('Add', ['s', 's'], ['t']),
        value(11, 'i', tensorType('INT64', [])),
        value(11, 'condition', tensorType('BOOL', [])),
        value(11, 's', tensorType('FLOAT', [1])),
        value(12, 'on', tensorType('BOOL', [])),
        value(12, 't', tensorType('FLOAT', [1])),
      ),
    ],
  }),
  ...of('FLOAT', [1]),
)

interface Case {
  readonly bytes: Uint8Array
  readonly before?: Uint8Array
  readonly options?: RunOptions
  readonly status: RunStatus
  /** Shapes of the inputs that it ran with. */
  readonly shapes?: readonly (readonly number[])[]
  readonly message?: RegExp
}

const cases: Readonly<Record<string, Case>> = {
  'a model runs': { bytes: linearModel(), status: 'passed', shapes: [[1, 4]] },
  'symbolic dimensions are 1': { bytes: identity('FLOAT', ['batch', '', 3]), status: 'passed', shapes: [[1, 1, 3]] },
  'a scalar': { bytes: identity('BOOL', []), status: 'passed', shapes: [[]] },
  'no rank declared': { bytes: identity('FLOAT', null), status: 'passed' },
  'no elements': { bytes: identity('FLOAT', ['n', 0]), status: 'passed', shapes: [[1, 0]] },
  'a name of JavaScript': {
    bytes: build(node('Identity', ['__proto__'], ['y']), input('__proto__', [2]), output('y', [2])),
    status: 'passed',
    shapes: [[2]],
  },
  '--dim': { bytes: identity('FLOAT', ['batch', 'seq']), options: { dims: { seq: 5 } }, status: 'passed', shapes: [[1, 5]] },
  'a dimension named by its formula': {
    bytes: build(
      floats('w', [1]),
      node('Concat', ['x', 'w'], ['c'], { extra: [attribute.int('axis', 0)] }),
      node('MatMul', ['c', 'mask'], ['y']),
      input('x', ['past']),
      input('mask', ['past + 1']),
      output('y', []),
    ),
    status: 'passed',
    shapes: [[1], [2]],
  },
  'a cache as long as the sequence, or empty': {
    bytes: build(
      node('MatMul', ['x', 'total'], ['l']),
      node('Concat', ['l', 'past'], ['y'], { extra: [attribute.int('axis', 0)] }),
      input('x', [1, 'seq']),
      input('total', ['seq']),
      input('past', ['past_length']),
      output('y', [1]),
    ),
    status: 'passed',
    shapes: [[1, 1], [1], [0]],
  },
  'an image must be larger than the kernel': {
    bytes: build(
      initializer({ name: 'w', dims: [1, 1, 3, 3], values: Array.from({ length: 9 }, () => 1) }),
      node('Conv', ['x', 'w'], ['y']),
      input('x', ['batch', 1, 'height', 'width']),
      output('y', ['batch', 1, 'h', 'w']),
    ),
    status: 'passed',
    shapes: [[1, 1, 8, 8]],
  },
  'audio of some length beside a state of one row': {
    bytes: build(
      initializer({ name: 'w', dims: [1, 1, 100], values: Array.from({ length: 100 }, () => 1) }),
      int64s('axes', [1]),
      node('Unsqueeze', ['x', 'axes'], ['u']),
      node('Conv', ['u', 'w'], ['c'], { extra: [attribute.ints('strides', [1000])] }),
      node('Add', ['c', 'state'], ['y']),
      value(11, 'x', tensorType('FLOAT', ['', ''])),
      value(11, 'state', tensorType('FLOAT', [1, '', 1])),
      value(12, 'y', tensorType('FLOAT', ['', 1, ''])),
    ),
    status: 'passed',
    shapes: [
      [1, 224],
      [1, 1, 1],
    ],
  },
  'an index into a table of one row': {
    bytes: build(
      initializer({ name: 'w', dims: [1, 2], values: [1, 2] }),
      node('Gather', ['w', 'x'], ['y']),
      input('x', ['n'], 'INT64'),
      output('y', ['n', 2]),
    ),
    status: 'passed',
    shapes: [[1]],
  },
  'an input that must be positive': { bytes: logarithm, status: 'passed', shapes: [[1, 64]] },
  'an input that must be positive, with the input model beside': { bytes: logarithm, before: logarithm, status: 'passed' },
  'not finite': { bytes: notANumber, status: 'failed', message: /"y" is not finite/ },
  'not finite, as before': { bytes: notANumber, before: notANumber, status: 'failed-before', message: /as with the input model/ },
  'not finite, unlike before': {
    bytes: notANumber,
    before: identity('FLOAT', ['n']),
    status: 'failed',
    message: /not finite; the input model runs/,
  },
  'not finite before, but now': { bytes: identity('FLOAT', ['n']), before: notANumber, options: { compare: true }, status: 'passed' },
  'no model': { bytes: Buffer.from('text'), status: 'failed', message: /Protobuf parsing failed/ },
  'no model, unlike before': { bytes: Buffer.from('text'), before: linearModel(), status: 'failed' },
  'no model, as before': { bytes: Buffer.from('text'), before: Buffer.from('text'), status: 'failed-before' },
  'a later IR version': { bytes: Buffer.concat([linearModel(), varint(1, 99)]), status: 'unsupported', message: /IR version: 99/ },
  'a later opset': {
    bytes: Buffer.concat([linearModel(), message(8, [bytes(1, ''), varint(2, 999)])]),
    status: 'unsupported',
    message: /Opset 999/,
  },
  'an unknown operator': { bytes: custom, before: custom, status: 'unsupported', message: /test:Foo/ },
  'an unknown operator, unlike before': { bytes: custom, before: identity('FLOAT', [1]), status: 'failed' },
  'no kernel': {
    bytes: build(
      node('Cast', ['x'], ['a'], { extra: [attribute.int('to', 16)] }),
      node('MatMul', ['a', 'a'], ['b']),
      node('Cast', ['b'], ['y'], { extra: [attribute.int('to', 1)] }),
      ...of('FLOAT', [2, 2]),
    ),
    status: 'unsupported',
  },
  bfloat16: { bytes: identity('BFLOAT16', [1]), status: 'unsupported', message: /data type/ },
  'packed integers': {
    bytes: Buffer.concat([
      build(node('Cast', ['x'], ['y'], { extra: [attribute.int('to', 21)] }), input('x', [4]), value(12, 'y', tensorType('UINT4', [4]))),
      varint(1, 10),
      message(8, [bytes(1, ''), varint(2, 21)]),
    ]),
    status: 'unsupported',
    message: /"y" holds 4-bit integers/,
  },
  'a sequence goes in': {
    bytes: build(node('ConcatFromSequence', ['x'], ['y'], { extra: [attribute.int('axis', 0)] }), sequence(11, 'x'), output('y', ['n'])),
    status: 'unsupported',
    message: /"x" is no tensor/,
  },
  'a sequence comes out': {
    bytes: build(node('SequenceConstruct', ['x', 'x'], ['y']), input('x', ['n']), sequence(12, 'y')),
    status: 'passed',
    message: /not looked at: output "y"/,
  },
  'another size than declared': { bytes: positions(3, 0), status: 'failed', message: /"y" is \[1, \d+\], the model declares \[1, 3\]/ },
  'another size than declared, unlike before': { bytes: positions(3, 0), before: positions('n', 0), status: 'failed' },
  'another size than declared, as before': { bytes: positions(3, 0), before: positions(3, 0), status: 'failed-before' },
  'a size that depends on values': {
    bytes: positions('n', 1),
    before: positions('n', 0),
    options: { compare: true },
    status: 'passed',
    message: /^output "y" is \[1, \d+\], the input model's \[1, \d+\]$/,
  },
  'another rank than before': {
    bytes: build(int64s('s', [1, 4]), node('Reshape', ['x', 's'], ['y']), input('x', [4]), value(12, 'y', tensorType('FLOAT', null))),
    before: build(int64s('s', [4]), node('Reshape', ['x', 's'], ['y']), input('x', [4]), value(12, 'y', tensorType('FLOAT', null))),
    options: { compare: true },
    status: 'failed',
    message: /is \[1, 4\], the input model's \[4\]/,
  },
  'no end': { bytes: endless, options: { timeout: 1 }, status: 'timeout', message: /no result after 1 s/ },
}

const named = (name: string, elemType: number, shape: Value['shape']): Value => ({ name, elemType, shape, metadata: new Map() })
const save = (bytes: Uint8Array, before?: Uint8Array): RunnableModel => {
  const folder = folderOf({ 'model.onnx': bytes, ...(before ? { 'before.onnx': before } : {}) })
  return { path: join(folder, 'model.onnx'), before: before ? join(folder, 'before.onnx') : null, byteLength: bytes.length, inputs: [] }
}

test.concurrent.each(Object.entries(cases))('%s', async (_, { bytes, before, options = {}, status, shapes, message }) => {
  const inputs = [named('x', 1, Object.keys(options.dims ?? {}))]
  const result = await runModel({ ...save(bytes, before), inputs }, options)
  expect(result).toMatchObject({ status, runtime: `onnxruntime-node ${runtimeVersion()}` })
  if (shapes) expect(result.inputs.map((i) => i.shape)).toEqual(shapes)
  if (message) expect(result.message).toMatch(message)
  else if (status === 'passed' && !before) expect(result.message).toBeUndefined()
})

test.concurrent.each(Object.entries(tensorTypes).filter(([name]) => !name.endsWith('int4')))(
  '%s goes in and comes out',
  async (_, { dataType }) => {
    const model = save(identity(dataType, ['n', 3]))
    const { status, inputs, outputs } = await runModel(model)
    const shape = [1, 3]
    expect({ status, inputs }).toEqual({ status: 'passed', inputs: [{ name: 'x', dataType, shape }] })
    expect(outputs[0]).toMatchObject({ name: 'y', dataType, shape, finite: dataType === 'STRING' ? null : true })
  },
)

test('the same model gives the same numbers, of every element', async () => {
  const model = save(identity('FLOAT', [1000]))
  const [first, second] = await Promise.all([runModel(model), runModel(model)])
  expect(first).toEqual(second)
  const { mean, std, min, max } = first.outputs[0] as RunOutput
  expect(Math.abs(mean as number)).toBeLessThan(0.15)
  expect(Math.abs((std as number) - 1)).toBeLessThan(0.1)
  expect(min).toBeLessThan(-2)
  expect(max).toBeGreaterThan(2)
})

test('an input is a file, zeros or ones', async () => {
  const add = build(
    node('Add', ['a', 'b'], ['s']),
    node('Add', ['s', 'c'], ['y']),
    ...['a', 'b', 'c'].map((n) => input(n, ['n'])),
    output('y', ['n']),
  )
  const model = { ...save(add), inputs: ['a', 'b', 'c'].map((n) => named(n, 1, ['n'])) }
  const file = join(dirname(model.path), 'a.npy')
  writeFileSync(file, npy('<f4', [4], new Uint8Array(Float32Array.of(0, 10, 20, 40).buffer)))
  const { outputs, inputs } = await runModel(model, { inputs: { a: file, b: 'ones', c: 'zeros' } })
  expect(inputs.map((i) => i.shape)).toEqual([[4], [4], [4]])
  expect(outputs).toEqual([{ name: 'y', dataType: 'FLOAT', shape: [4], finite: true, mean: 18.5, std: Math.sqrt(218.75), min: 1, max: 41 }])
})

test('a model over a third of free memory runs only by force', async () => {
  const model = { ...save(linearModel()), byteLength: 2 ** 60 }
  expect(await runModel(model)).toMatchObject({ status: 'too-large', runtime: null, inputs: [], outputs: [] })
  expect(await runModel(model, { force: true })).toMatchObject({ status: 'passed' })
})

/** What a child process does, and what it means: of the model alone, and with an input model at which it does the same. */
const children: Readonly<Record<string, readonly [script: string, alone: RunStatus, beside: RunStatus, message: RegExp]>> = {
  aborts: [
    'console.error("first\\n  what(): out of luck"); process.abort()',
    'failed',
    'failed-before',
    /^the runtime crashed \(SIG\w+\): what\(\): out of luck/,
  ],
  exits: ['process.exit(3)', 'failed', 'failed-before', /^the runtime crashed \(exit status 3\)/],
  'is killed': ['process.kill(process.pid, "SIGKILL")', 'too-large', 'too-large', /SIGKILL/],
  hangs: ['setInterval(() => {}, 1000)', 'timeout', 'timeout', /no result after 0.5 s/],
  'says nothing': ['process.on("message", () => process.send({ kind: "done" }))', 'failed', 'failed-before', /no result/],
}
const script = (source: string) => pathToFileURL(join(folderOf({ 'child.mjs': Buffer.from(source) }), 'child.mjs'))

test.concurrent.each(Object.entries(children))('a child that %s is a result', async (_, [source, alone, beside, message]) => {
  const model = save(linearModel(), linearModel())
  const child = script(source)
  for (const [before, status] of [
    [null, alone],
    [model.before, beside],
  ] as const) {
    const result = await runModel({ ...model, before }, alone === 'timeout' ? { timeout: 0.5 } : {}, child)
    expect(result).toMatchObject({ status, outputs: [] })
    expect(result.message).toMatch(message)
  }
})

test('a run that was right before the child hung counts', async () => {
  const ran = { kind: 'ran', attempt: 0, inputs: [], outputs: [], problem: 'output "y" is not finite', note: null }
  const child = script(`process.on("message", () => process.send(${JSON.stringify(ran)})); setInterval(() => {}, 1000)`)
  expect(await runModel(save(linearModel()), { timeout: 2 }, child)).toMatchObject({
    status: 'failed',
    message: 'output "y" is not finite',
  })
})

test('a runtime that cannot be loaded stops the job', async () => {
  const child = script(
    'process.on("message", () => { process.send({ kind: "unloadable", message: "no\\nlibrary" }); process.send({ kind: "done" }) })',
  )
  await expect(runModel(save(linearModel()), {}, child)).rejects.toThrow(
    new ReinitError('runtime', "onnxruntime-node can't be loaded (no library): install it anew, or give --no-run."),
  )
})

test('the runtime is found without loading it', () => {
  expect(runtimeVersion()).toMatch(/^\d+\.\d+\.\d+/)
  expect(requireRuntime()).toBe(runtimeVersion())
})
