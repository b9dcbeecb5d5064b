// Models that contradict themselves or were made to hurt: handled, or refused in one line, in bounded time and stack.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inspect, ReinitError } from '../src/index.js'
import {
  attribute,
  bytes,
  type Field,
  float,
  folderOf,
  graph,
  initializer,
  input,
  linearModel,
  message,
  model,
  node,
  output,
  raw,
  tensor,
  type TensorParts,
  varint,
} from './buildModel.js'
import { runCli } from './runCli.js'

const values = Array.from({ length: 12 }, (_, i) => i / 4)
const weight = (parts: TensorParts) => linearModel({ weight: parts })
const external = (entries: Readonly<Record<string, string>>) => weight({ external: entries })
const raw48 = { location: 'w.bin', offset: '0', length: '48' }
const data = { 'w.bin': raw('FLOAT', values), 'short.bin': new Uint8Array(20), 'sub/w.bin': raw('FLOAT', values) }
/** A graph of these fields around y = x · w. */
const around = (...fields: readonly Field[]) =>
  model(
    graph(
      node('MatMul', ['x', 'w'], ['y']),
      initializer({ name: 'w', dims: [2, 2], values: [1, 2, 3, 4] }),
      input('x', [1, 2]),
      output('y', [1, 2]),
      ...fields,
    ),
  )
const fn = (name: string, ...calls: readonly string[]) =>
  message(25, [
    bytes(1, name),
    bytes(4, 'a'),
    bytes(5, calls.length > 0 ? `v${calls.length - 1}` : 'a'),
    ...calls.map((call, i) =>
      message(7, [
        bytes(1, i === 0 ? 'a' : `v${i - 1}`),
        bytes(2, `v${i}`),
        bytes(4, call),
        ...(call === 'Relu' ? [] : [bytes(7, 'local')]),
      ]),
    ),
    bytes(10, 'local'),
  ])
const calling = (name: string, ...functions: readonly Field[]) =>
  model(graph(node(name, ['x'], ['y'], { domain: 'local' }), input('x', [1, 2]), output('y', [1, 2])), ...functions)

const refused: readonly (readonly [what: string, model: Uint8Array, message: RegExp])[] = [
  // no model
  ['an empty file', new Uint8Array(0), /is empty: not an ONNX model/],
  ['a text file', Buffer.from('not a model at all\n'), /not a valid ONNX file: at byte 0, /],
  ['a model without a graph', Buffer.concat([varint(1, 9), bytes(2, 'x')]), /holds no graph/],
  ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), /not a valid ONNX file: at byte \d/],
  ['wire type 6', Buffer.concat([around(), Uint8Array.of(0x3e, 0)]), /wire type 6 is not possible/],
  ['a group', Buffer.concat([around(), Uint8Array.of(0x3b)]), /wire type 3 is not possible/],
  ['a number where the graph should be', Buffer.concat([varint(1, 9), varint(7, 3)]), /field 7 has wire type 0, 2 expected/],
  ['a varint of 11 bytes', Buffer.concat([around(), Uint8Array.of(0x08, ...Array<number>(11).fill(0x80), 1)]), /more than 10 bytes/],
  [
    'a length beyond the end',
    Buffer.concat([around(), Uint8Array.of(0x0a, 0xff, 0x7f)]),
    /its message at \d+: the file is truncated or damaged/,
  ],
  ['trailing garbage', Buffer.concat([around(), Buffer.from('garbage')]), /not a valid ONNX file: at byte \d+/],
  ['half a model', around().subarray(0, 60), /not a valid ONNX file: at byte \d+/],

  // tensors
  [
    'too few bytes',
    weight({ values: values.slice(1) }),
    /^Tensor "fc\.weight" \(FLOAT \[4,3\]\) needs 48 bytes, but raw_data has 44 at byte \d+/,
  ],
  ['too many bytes', weight({ values: [...values, 1] }), /needs 48 bytes, but raw_data has 52/],
  ['an odd number of bytes', weight({ extra: [bytes(9, new Uint8Array(47))] }), /needs 48 bytes, but raw_data has 47/],
  ['no values', weight({}), /needs 48 bytes, but has no data/],
  ['a negative dimension', weight({ dims: [-1, 3], values }), /has a negative dimension: \[-1,3\]/],
  ['the smallest dimension', weight({ dims: [-(2n ** 63n), 3], values }), /has a negative dimension/],
  ['dimensions beyond 2^53', weight({ dims: [2n ** 32n, 2n ** 32n], values }), /whose product is beyond 2\^53/],
  ['dimensions that overflow to nothing', weight({ dims: [2n ** 62n, 4], values }), /whose product is beyond 2\^53/],
  ['type 0', weight({ type: 0, extra: [bytes(9, new Uint8Array(48))] }), /has data type 0, which ONNX does not define/],
  ['type 99', weight({ type: 99, extra: [bytes(9, new Uint8Array(48))] }), /has data type 99, which ONNX does not define \(1 to 26\)/],
  ['two payloads', weight({ values, extra: [float(4, 1)] }), /has both raw_data and float_data/],
  ['a payload of the wrong kind', weight({ values, extra: [varint(4, 1)] }), /field 4 of a tensor has wire type 0/],
  ['no name', around(initializer({ dims: [1], values: [1] })), /initializer at byte \d+ has no name/],
  ['one name twice', around(initializer({ name: 'w', dims: [2, 2], values: [4, 3, 2, 1] })), /two initializers are named "w"/],

  // external data
  ['a missing file', external({ ...raw48, location: 'gone.bin' }), /"gone\.bin" is missing beside the model/],
  ['a short file', external({ ...raw48, location: 'short.bin' }), /needs bytes 0 to 48 of "short\.bin", which has 20/],
  ['an offset beyond the file', external({ ...raw48, offset: '8' }), /needs bytes 8 to 56 of "w\.bin", which has 48/],
  ['no location', external({ offset: '0' }), /is external but has no location/],
  ['an empty location', external({ ...raw48, location: '' }), /is external but has no location/],
  [
    'out of the folder',
    external({ ...raw48, location: '../w.bin' }),
    /"\.\.\/w\.bin" is not a plain path below the model's folder: refused/,
  ],
  ['out of the folder, from below', external({ ...raw48, location: 'sub/../../w.bin' }), /is not a plain path/],
  ['an absolute path', external({ ...raw48, location: '/etc/passwd' }), /"\/etc\/passwd" is not a plain path/],
  ['a drive', external({ ...raw48, location: 'C:\\w.bin' }), /is not a plain path/],
  ['a backslash', external({ ...raw48, location: 'sub\\w.bin' }), /is not a plain path/],
  ['a URL', external({ ...raw48, location: 'https://example.com/w.bin' }), /is not a plain path/],
  ['a NUL', external({ ...raw48, location: 'w.bin\0' }), /is not a plain path/],
  ['a folder', external({ ...raw48, location: 'sub' }), /"sub" is not a file/],
  [
    'a symlink out of the folder',
    external({ ...raw48, location: 'link.bin' }),
    /"link\.bin" is a link that leaves the model's folder: refused/,
  ],
  ['a length that contradicts the dims', external({ ...raw48, length: '44' }), /needs 48 bytes, but its external length is 44/],
  ['an offset that is no number', external({ ...raw48, offset: 'zero' }), /external offset "zero" is not a number/],
  ['a negative offset', external({ ...raw48, offset: '-4' }), /external offset "-4" is not a number/],
  ['an offset beyond 2^53', external({ ...raw48, offset: '9007199254740993' }), /is not a number below 2\^53/],
  [
    'external, with bytes of its own',
    weight({ external: raw48, extra: [bytes(9, new Uint8Array(48))] }),
    /is external and has 48 bytes of raw_data as well/,
  ],

  // functions
  ['a function that calls itself', calling('F', fn('F', 'F')), /Function local:F calls itself/],
  ['functions in a circle', calling('F', fn('F', 'G'), fn('G', 'H'), fn('H', 'F')), /calls itself/],
  [
    'a chain of 24 functions, each twice the next',
    calling('F0', ...Array.from({ length: 24 }, (_, i) => fn(`F${i}`, ...(i < 23 ? [`F${i + 1}`, `F${i + 1}`] : ['Relu'])))),
    /run more than 200000 bodies: refused/,
  ],
]

describe('refused with exit status 1, in one line', () => {
  test.each(refused)('%s', async (_, content, pattern) => {
    const folder = folderOf({ ...data, 'm.onnx': content })
    symlinkSync('/etc/hostname', join(folder, 'link.bin'))
    const error: unknown = await inspect(join(folder, 'm.onnx')).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ReinitError)
    expect(error).toMatchObject({ code: 'invalid', exitCode: 1, message: expect.stringMatching(pattern) as string })
    expect((error as Error).message).not.toContain('\n')
    expect((error as Error).message.length).toBeLessThan(500)
  })

  test('a file that is not there', async () => {
    await expect(inspect('/nowhere/m.onnx')).rejects.toMatchObject({ code: 'io', message: '/nowhere/m.onnx does not exist.' })
  })
  test('a folder', async () => {
    await expect(inspect('fixtures')).rejects.toMatchObject({ code: 'io', message: 'fixtures is a folder.' })
  })
})

// ---- odd, but a model ----

const LONG = 10_000
function nested(depth: number): Field {
  let inner = node('MatMul', ['x', 'w'], ['d0'])
  for (let i = 1; i <= depth; i++)
    inner = node('If', ['c'], [`d${i}`], { extra: [attribute.graph('then_branch', inner, output(`d${i - 1}`, [1, 2]))] })
  return inner
}

const handled: readonly (readonly [what: string, model: Uint8Array, layers: readonly string[]])[] = [
  [
    'nodes in a circle',
    around(node('Add', ['p', 'b'], ['q']), node('Relu', ['q'], ['p']), initializer({ name: 'b', dims: [2], values: [1, 2] })),
    ['MatMul_0', 'Add_1'],
  ],
  [
    'a node that reads itself',
    around(node('Conv', ['r', 'k'], ['r']), initializer({ name: 'k', dims: [1, 1, 1], values: [1] })),
    ['MatMul_0', 'Conv_1'],
  ],
  [
    'inputs that nobody makes',
    around(node('MatMul', ['nowhere', 'v'], ['z']), initializer({ name: 'v', dims: [1, 2], values: [1, 2] })),
    ['MatMul_0', 'MatMul_1'],
  ],
  ['a value with two makers', around(node('Relu', ['x'], ['y'])), ['MatMul_0']],
  [
    'nodes in the wrong order',
    model(
      graph(
        node('MatMul', ['h', 't'], ['y']),
        node('Transpose', ['w'], ['t']),
        node('Relu', ['x'], ['h']),
        initializer({ name: 'w', dims: [3, 2], values: values.slice(0, 6) }),
        input('x', [1, 2]),
        output('y', [1, 3]),
      ),
    ),
    ['MatMul_0'],
  ],
  [
    'a chain of 2,000 Transposes',
    around(
      ...Array.from({ length: 2000 }, (_, i) => node('Transpose', [i === 0 ? 'u' : `t${i - 1}`], [`t${i}`])),
      node('MatMul', ['x', 't1999'], ['z']),
      initializer({ name: 'u', dims: [2, 2], values: [1, 2, 3, 5] }),
    ),
    ['MatMul_0', 'MatMul_2001'],
  ],
  [
    'a chain of 20,000 layers',
    around(...Array.from({ length: 20_000 }, (_, i) => node('Relu', [i === 0 ? 'x' : `r${i - 1}`], [`r${i}`])), output('r19999', [1, 2])),
    ['MatMul_0'],
  ],
  ['subgraphs 90 deep', around(nested(90)), ['MatMul_0']],
  [
    'names of every object',
    around(
      node('MatMul', ['x', '__proto__'], ['constructor'], { name: 'toString' }),
      initializer({ name: '__proto__', dims: [2, 2], values: [1, 2, 3, 9] }),
    ),
    ['MatMul_0', 'toString'],
  ],
  [
    'a name of 10,000 characters',
    around(
      node('MatMul', ['x', 'n'.repeat(LONG)], ['z'], { name: 'm'.repeat(LONG) }),
      initializer({ name: 'n'.repeat(LONG), dims: [2, 2], values: [1, 2, 3, 9] }),
    ),
    ['MatMul_0', 'm'.repeat(LONG)],
  ],
  [
    'attributes that make no sense',
    around(
      node('Transpose', ['w'], ['t'], { extra: [attribute.ints('perm', [5, -3])] }),
      node('Reshape', ['w', 's'], ['u']),
      node('Gather', ['w', 'x'], ['g'], { extra: [attribute.int('axis', 99)] }),
      initializer({ name: 's', type: 'INT64', dims: [3], values: [-1, -1, 7] }),
    ),
    ['MatMul_0'],
  ],
  ['an einsum without an equation', around(node('Einsum', ['x', 'w'], ['z'])), ['MatMul_0']],
  ['an operator without inputs', around(node('MatMul', [], ['z']), node('Conv', ['x'], ['c']), node('Constant', [], ['k'])), ['MatMul_0']],
  [
    'a scalar and no elements',
    around(
      node('Mul', ['x', 'one'], ['z']),
      node('MatMul', ['x', 'none'], ['e']),
      initializer({ name: 'one', dims: [], values: [1] }),
      initializer({ name: 'none', dims: [2, 0] }),
    ),
    ['MatMul_0', 'MatMul_2'],
  ],
  [
    'an unknown domain',
    around(node('MatMul', ['x', 'w2'], ['z'], { domain: 'example.com' }), initializer({ name: 'w2', dims: [2, 2], values: [1, 2, 3, 9] })),
    ['MatMul_0'],
  ],
  [
    'opset 999',
    model(
      message(8, [bytes(1, ''), varint(2, 999)]),
      graph(node('MatMul', ['x', 'w'], ['y']), initializer({ name: 'w', dims: [2, 2], values: [1, 2, 3, 4] })),
    ),
    ['MatMul_0'],
  ],
  [
    'values that are no numbers',
    around(
      node('MatMul', ['x', 'nan'], ['z']),
      initializer({ name: 'nan', dims: [2, 2], values: [Number.NaN, Number.POSITIVE_INFINITY, 0, -0] }),
    ),
    ['MatMul_0', 'MatMul_1'],
  ],
  ['a data file reached over the folder itself', external({ ...raw48, location: './sub/../w.bin'.replace('sub/../', '') }), ['fc']],
  [
    'a scan without its attributes',
    around(
      node('Scan', ['w'], ['z'], { extra: [attribute.graph('body', node('Identity', ['i'], ['o']), input('i', [2]), output('o', [2]))] }),
    ),
    ['MatMul_0'],
  ],
  [
    'a function that nobody calls, and one that is not there',
    model(
      graph(
        node('Gone', ['x'], ['h'], { domain: 'local' }),
        node('MatMul', ['h', 'w'], ['y']),
        initializer({ name: 'w', dims: [2, 2], values: [1, 2, 3, 4] }),
      ),
      fn('Unused', 'Unused'),
    ),
    ['MatMul_1'],
  ],
]

test.each(handled)('%s: read', async (_, content, layers) => {
  const report = await inspect(join(folderOf({ ...data, 'm.onnx': content }), 'm.onnx'))
  expect([...new Set(report.parameters.map((p) => p.layer))]).toEqual(layers)
})

test('a segmented tensor is skipped with the reason', async () => {
  const segmented = [bytes(3, Buffer.concat([varint(1, 0), varint(2, 2)]))]
  const report = await inspect(join(folderOf({ 'm.onnx': weight({ values, extra: segmented }) }), 'm.onnx'))
  expect(report.skipped.map((s) => [s.name, s.reason])).toEqual([['fc.weight', 'unwritable']])
})

// ---- any damage ----

/** Small fixtures with bytes changed, cut and doubled: an answer or one line. */
test('whatever is done to a model, inspect answers or says why in one line', async () => {
  const files = readdirSync('fixtures/models').filter((f) => f.endsWith('.onnx'))
  const models = files.map((f) => readFileSync(`fixtures/models/${f}`)).filter((b) => b.length < 2500)
  const path = join(folderOf(data), 'm.onnx')
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...models),
      fc.array(fc.tuple(fc.nat(2500), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(2500)),
      async (original, changes, cut) => {
        const content = Uint8Array.from(original)
        for (const [at, value] of changes) content[at % content.length] = value
        writeFileSync(path, cut === null ? content : Buffer.concat([content.subarray(0, cut), content.subarray(Math.max(0, cut - 40))]))
        try {
          await inspect(path)
        } catch (error) {
          expect(error).toBeInstanceOf(ReinitError)
          expect((error as Error).message).not.toContain('\n')
        }
      },
    ),
    { numRuns: 300 },
  )
})

test.each([200, 2000])('subgraphs %i deep are refused', async (depth) => {
  await expect(inspect(join(folderOf({ 'm.onnx': around(nested(depth)) }), 'm.onnx'))).rejects.toThrow(
    /^graphs are nested more than 100 deep: refused\.$/,
  )
})

test('sparse initializers that make no sense are refused or skipped', async () => {
  for (const fields of [
    [],
    [message(1, tensor({ name: 's', dims: [3], values: [1, 2, 3] }))],
    [message(1, tensor({ name: 's', dims: [3], values: [1, 2, 3] })), varint(3, -4)],
  ]) {
    const path = join(folderOf({ 'm.onnx': around(message(15, fields), node('MatMul', ['x', 's'], ['z'])) }), 'm.onnx')
    try {
      await inspect(path)
    } catch (error) {
      expect(error).toBeInstanceOf(ReinitError)
    }
  }
})

test('data that is a pipe or a device is refused, and never opened', async ({ skip }) => {
  const folder = folderOf({ 'm.onnx': external({ ...raw48, location: 'pipe' }), 'n.onnx': external({ ...raw48, location: 'zero' }) })
  skip(spawnSync('mkfifo', [join(folder, 'pipe')]).status !== 0)
  symlinkSync('/dev/zero', join(folder, 'zero'))
  await expect(inspect(join(folder, 'm.onnx'))).rejects.toThrow('External data location "pipe" is not a file.')
  await expect(inspect(join(folder, 'n.onnx'))).rejects.toThrow(/"zero" is a link that leaves the model's folder: refused\.$/)
})

test.each(['--verbose', '--json'])('a refusal under %s holds nothing that a terminal obeys', async (flag) => {
  const name = 'w\x1b[2J\x9b\x7f\u202e\u2028'
  const twice = around(...[1, 2].map((value) => initializer({ name, dims: [1], values: [value] })))
  const { status, stdout, stderr } = await runCli(['inspect', join(folderOf({ 'm.onnx': twice }), 'm.onnx'), flag])
  expect(status).toBe(1)
  expect(stderr).toMatch(/^onnx-reinit: two initializers are named "w\\u001b\[2J\\u009b\\u007f\\u202e\\u2028"/)
  if (flag === '--verbose') expect(stderr).toMatch(/\n +at /)
  expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u)
})
