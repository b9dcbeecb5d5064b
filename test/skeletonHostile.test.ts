// A skeleton may come from anybody: whatever its recipe says, it is refused in one line, or gives the bytes of its hash; nothing is left behind.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ReinitError } from '../src/errors.js'
import { materialize, strip } from '../src/index.js'
import { readModel } from '../src/readModel.js'
import { readSkeleton } from '../src/readSkeleton.js'
import * as b from './buildModel.js'
import { quantizedModels } from './quantizedModels.js'
import { filesBelow } from './reinitFile.js'

type Recipe = Record<string, unknown> & { tensors: Record<string, unknown>[]; groups: Record<string, unknown>[] }

/** A skeleton in two parts: the model, and its recipe. */
interface Parts {
  readonly body: Buffer
  readonly recipe: Recipe
}

async function partsOf(bytes: Uint8Array): Promise<Parts> {
  const folder = b.folderOf({ 'm.onnx': bytes })
  const skeleton = join(folder, 's.onnx')
  await strip(join(folder, 'm.onnx'), { output: skeleton, leastBytes: 0, audit: false })
  const model = readModel(skeleton)
  const { entry } = readSkeleton(model)
  const recipe = JSON.parse(model.metadata.get('onnx-reinit.skeleton') ?? '') as Recipe
  model.close()
  const body = readFileSync(skeleton).subarray(0, entry.tagStart)
  rmSync(folder, { recursive: true })
  return { body, recipe }
}

const entryOf = (text: string) => b.message(14, [b.bytes(1, 'onnx-reinit.skeleton'), b.bytes(2, text)])

/** What comes of it: the error, or the hash; and no file but the skeleton. */
async function outcomeOf(bytes: Uint8Array, data: 'inline' | 'external' = 'inline'): Promise<Error | string> {
  const folder = b.folderOf({ 's.onnx': bytes })
  try {
    const { sha256 } = await materialize(join(folder, 's.onnx'), { output: join(folder, 'out.onnx'), data })
    return sha256
  } catch (error) {
    expect(filesBelow(folder)).toEqual(['s.onnx'])
    return error as Error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A weight of [6, 5], a bias, and a shape that stays. */
const plainModel = (dims: readonly (number | bigint)[] = [6, 5]) =>
  b.graph(
    b.node('MatMul', ['x', 'fc.weight'], ['y']),
    b.initializer({ name: 'fc.weight', dims, values: Array.from({ length: 30 }, (_, i) => i / 8) }),
    b.initializer({ name: 'shape', type: 'INT64', dims: [2], values: [1, 6] }),
    b.node('Reshape', ['z', 'shape'], ['x']),
    b.input('z', [1, 6]),
    b.output('y', [1, 5]),
  )

let plain: Parts
beforeAll(async () => {
  plain = await partsOf(b.model(plainModel()))
})

const first = (change: object) => (r: Recipe) => ({ ...r, tensors: [{ ...r.tensors[0], ...change }] })
const codes = { type: 'INT8', dims: [6, 5], blocks: [6, 5], packing: 'plain', zero: 0, least: -127, greatest: 127 }
const matrices = { fan: [6, 5], layout: ['in', 'out'], groups: 1, stacked: 1, role: 'weight' }

/** The weight in steps that it holds itself. */
const floatGroup = {
  scales: 0,
  members: [{ tensor: 0, name: 'w', init: 'zeros', codes: { ...codes, blocks: [1, 1], packing: 'floats' } }],
}

/** Another recipe, and what is said of it. */
const tampered: Readonly<Record<string, readonly [change: (r: Recipe) => unknown, code: string, message: RegExp]>> = {
  'no object': [() => [], 'invalid', /the recipe must be an object, not \[\]/],
  'a later version': [
    (r) => ({ ...r, version: 2, tool: 'onnx-reinit 9.0' }),
    'invalid',
    /version 2, written by onnx-reinit 9\.0: .* Update/,
  ],
  'a version in words': [(r) => ({ ...r, version: '1' }), 'invalid', /version must be a whole number from 1/],
  'no version': [(r) => ({ ...r, version: undefined }), 'invalid', /version must be a whole number .*, not missing/],
  'a seed in words': [(r) => ({ ...r, seed: 'x' }), 'invalid', /seed must be a seed, in digits, not "x"/],
  'a seed of 2^64': [(r) => ({ ...r, seed: String(2n ** 64n) }), 'invalid', /beyond 2\^64/],
  'another seed': [(r) => ({ ...r, seed: '5' }), 'proof', /the skeleton's is [0-9a-f]{64}: it was not kept/],
  'another hash': [(r) => ({ ...r, sha256: '0'.repeat(64) }), 'proof', /has SHA-256 [0-9a-f]{64}, the skeleton's is 0{64}/],
  'no hash': [(r) => ({ ...r, sha256: 'none' }), 'invalid', /sha256 must be a SHA-256, not "none"/],
  'another size': [(r) => ({ ...r, byteLength: 17 }), 'invalid', /says 17 bytes, but its tensors make a model of \d+/],
  'a size of 2^60': [(r) => ({ ...r, byteLength: 2 ** 60 }), 'invalid', /byteLength must be a whole number/],
  'no tensors': [(r) => ({ ...r, tensors: [] }), 'invalid', /is for 0 tensors, but 1 have no values/],
  'a tensor too many': [(r) => ({ ...r, tensors: [r.tensors[0], r.tensors[0]] }), 'invalid', /is for 2 tensors, but 1 have/],
  'a number for a tensor': [(r) => ({ ...r, tensors: [3] }), 'invalid', /tensors\[0\] must be an object, not 3/],
  'a file to copy from': [first({ init: 'from:file=/etc/hostname' }), 'invalid', /"from" is nothing that a skeleton may draw/],
  'old values': [first({ init: 'shuffle' }), 'invalid', /"shuffle" is nothing/],
  'a name of Object': [first({ init: '__proto__' }), 'invalid', /"__proto__" is nothing/],
  'no initializer': [first({ init: 5 }), 'invalid', /tensors\[0\]\.init must be text, not 5/],
  'a negative deviation': [first({ init: 'normal:std=-1' }), 'invalid', /std must be at least 0/],
  'a deviation that is none': [first({ init: 'normal:std=wide' }), 'invalid', /std must be a finite number/],
  'values beyond the type': [first({ init: 'normal:mean=0,std=1e38' }), 'invalid', /is FLOAT, up to/],
  'a matrix without its axes': [first({ init: 'orthogonal:gain=1' }), 'invalid', /"orthogonal" is nothing/],
  'axes of another rank': [first({ init: 'orthogonal:gain=1', matrices: { ...matrices, layout: ['in'] } }), 'invalid', /names 1 axes/],
  'a fan of 0': [first({ init: 'he_normal', matrices: { ...matrices, fan: [0, 5] } }), 'invalid', /has a fan of 0/],
  'a role that is none': [first({ init: 'he_normal', matrices: { ...matrices, role: 'boss' } }), 'invalid', /role must be one of weight/],
  'a stream that is none': [first({ stream: 'ff' }), 'invalid', /stream must be 16 hexadecimal digits/],
  'a name that is none': [first({ name: 7 }), 'invalid', /name must be text/],
  'the scales of no group': [first({ scalesOf: 0 }), 'invalid', /scalesOf must be a whole number from 0 to -1/],
  'integers of no group': [first({ stepsOf: -1 }), 'invalid', /stepsOf must be a whole number/],
  'integers for floats': [
    first({ codes, steps: { of: [], factor: 1 } }),
    'invalid',
    /codes of 30 bytes for tensor "fc.weight", which has 120/,
  ],
  'codes of no type': [
    first({ codes: { ...codes, type: 'toString' }, steps: { of: [], factor: 1 } }),
    'invalid',
    /codes of type "toString"/,
  ],
  'codes of 2^70 values': [
    first({ codes: { ...codes, dims: [2 ** 35, 2 ** 35], blocks: [1, 1] }, steps: { of: [], factor: 1 } }),
    'invalid',
    /2 dims, 2 blocks and \S+ scales/,
  ],
  'zero points for floats': [first({ zeroPoints: codes }), 'proof', /was not kept/],
  'a group without weights': [(r) => ({ ...r, groups: [{ scales: 0, members: [] }] }), 'invalid', /a group of no weights, groups\[0\]/],
  'a group of other scales': [
    (r) => ({ ...r, groups: [{ scales: 1, members: [{ tensor: 0, name: 'w', init: 'zeros', codes: { ...codes, packing: 'floats' } }] }] }),
    'invalid',
    /needs 1 scales, and tensor "shape" \(INT64 \[2\]\) has 2/,
  ],
  'a weight in two groups': [
    (r) => ({ ...r, groups: [floatGroup, floatGroup] }),
    'invalid',
    /has tensor "fc\.weight" \(FLOAT \[6,5\]\) as a member of groups twice/,
  ],
  'a product of 17 scales': [
    first({ codes: { ...codes, packing: 'floats' }, steps: { of: Array.from({ length: 17 }, () => 1), factor: 1 } }),
    'invalid',
    /has a product of 17 scales, more than 16/,
  ],
  'a tensor that is not there': [
    (r) => ({ ...r, groups: [{ scales: 9, members: [] }] }),
    'invalid',
    /scales must be a whole number from 0 to 1/,
  ],
}

test.each(Object.entries(tampered))('%s', async (_, [change, code, message]) => {
  const outcome = await outcomeOf(Buffer.concat([plain.body, entryOf(JSON.stringify(change(plain.recipe)))]))
  expect(outcome).toBeInstanceOf(ReinitError)
  expect((outcome as Error).message).toMatch(message)
  expect((outcome as ReinitError).code).toBe(code)
  expect((outcome as Error).message.split('\n')).toHaveLength(1)
})

/** Bytes around a good recipe. */
const files: Readonly<Record<string, readonly [build: () => Uint8Array, code: string, message: RegExp, data?: 'external']>> = {
  'no JSON': [() => Buffer.concat([plain.body, entryOf('{')]), 'invalid', /recipe is no JSON/],
  'two recipes': [
    () => Buffer.concat([plain.body, entryOf(JSON.stringify(plain.recipe)), entryOf(JSON.stringify(plain.recipe))]),
    'invalid',
    /has 2 recipes/,
  ],
  'more values than memory has': [
    () => huge([2 ** 20, 2 ** 20]),
    'usage',
    /has \d+ bytes, and protobuf ends at 2147483647: give --data external/,
  ],
  'more values than any disk has': [() => huge([2 ** 25, 2 ** 25]), 'io', /takes \d+ bytes, and .* has \d+ free/, 'external'],
  'more values than numbers count': [() => huge([2n ** 40n, 2n ** 40n]), 'invalid', /product is beyond 2\^53/],
  'a matrix that would take hours': [
    () => huge([4096, 4096], { init: 'orthogonal:gain=1', matrices: { ...matrices, fan: [4096, 4096] } }),
    'invalid',
    /asks for orthogonal of 16777216 elements: at most 4194304/,
  ],
  'matrices that are too many for memory': [
    () => {
      const integers = (name: string) =>
        b.message(5, [b.varint(1, 2048), b.varint(1, 2048), b.varint(2, 3), b.bytes(8, name), b.bytes(9, new Uint8Array(0))])
      const body = b.model(b.graph(integers('a'), integers('b'), b.initializer({ name: 's', dims: [1], values: [1] })))
      const member = (tensor: number) => ({
        tensor,
        name: 'w',
        init: 'orthogonal:gain=1',
        matrices: { ...matrices, fan: [2048, 2048] },
        codes: { ...codes, dims: [2048, 2048], blocks: [2048, 2048] },
      })
      const recipe = {
        ...plain.recipe,
        groups: [{ scales: 2, members: [member(0), member(1)] }],
        tensors: [{ stepsOf: 0 }, { stepsOf: 0 }],
      }
      return Buffer.concat([body, entryOf(JSON.stringify(recipe))])
    },
    'invalid',
    /holds more than 4194304 elements of groups\[0\] at once/,
  ],
  'values outside': [
    () =>
      Buffer.concat([
        b.model(plainModel(), b.graph(b.initializer({ name: 'o', dims: [4], external: { location: 's.onnx' } }))),
        entryOf(JSON.stringify(plain.recipe)),
      ]),
    'invalid',
    /a skeleton is one file/,
  ],
  'no field for values': [
    () => Buffer.concat([b.model(b.graph(b.message(5, [b.varint(1, 6), b.varint(2, 1), b.bytes(8, 'w')]))), entryOf('{}')]),
    'invalid',
    /needs 24 bytes, but has no data/,
  ],
}

/** A weight of other dims, whose field of values is empty, and a recipe that agrees. */
function huge(dims: readonly (number | bigint)[], change: object = {}): Uint8Array {
  const empty = b.message(5, [...dims.map((d) => b.varint(1, d)), b.varint(2, 1), b.bytes(8, 'fc.weight'), b.bytes(9, new Uint8Array(0))])
  const body = b.model(b.graph(b.node('MatMul', ['x', 'fc.weight'], ['y']), empty, b.output('y', [1])))
  const values = Number(dims.reduce((n, d) => BigInt(n) * BigInt(d), 4n))
  const lengthOf = (n: number) => Math.ceil(Math.log2(n + 1) / 7)
  // the lengths of the field, the tensor and the graph grow with it
  const graph = body.length - 2
  const tensor = empty.length - 2
  const grown = values + lengthOf(values) - 1
  const grownTensor = grown + lengthOf(tensor + grown) - lengthOf(tensor)
  const byteLength = body.length + grownTensor + lengthOf(graph + grownTensor) - lengthOf(graph)
  return Buffer.concat([
    body,
    entryOf(JSON.stringify({ ...plain.recipe, byteLength, tensors: [{ ...plain.recipe.tensors[0], ...change }] })),
  ])
}

test.each(Object.entries(files))('%s', async (_, [build, code, message, data]) => {
  const outcome = await outcomeOf(build(), data)
  expect((outcome as Error).message).toMatch(message)
  expect((outcome as ReinitError).code).toBe(code)
})

/** What may stand in the place of any value. */
const odd = [undefined, null, -1, 0.5, 2 ** 53, 2 ** 31, '', 'x', '__proto__', [], {}, [[]], true]

/** Every recipe with one value changed. */
function* variants(value: unknown): Iterable<unknown> {
  yield* odd
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value))
    for (const variant of variants(inner))
      yield Array.isArray(value) ? value.map((v: unknown, i) => (String(i) === key ? variant : v)) : { ...value, [key]: variant }
}

const quantized = ['MatMulNBits, 4 bits with zero points', 'DequantizeLinear, one scale, uint8', 'QLinearMatMul']
describe.each(['plain', ...quantized])('%s: any one value', (name) => {
  const folder = b.folderOf({})
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is refused, or makes no difference', async () => {
    const { body, recipe } = name === 'plain' ? plain : await partsOf(quantizedModels[name]?.bytes as Uint8Array)
    const path = join(folder, 's.onnx')
    let refused = 0
    for (const variant of variants(recipe)) {
      writeFileSync(path, Buffer.concat([body, entryOf(JSON.stringify(variant) ?? '')]))
      const outcome = await materialize(path, { output: join(folder, 'out.onnx'), overwrite: true }).catch((error: unknown) => error)
      if (outcome instanceof Error) {
        if (!(outcome instanceof ReinitError)) throw new Error(`${JSON.stringify(variant)}: ${outcome.stack}`)
        refused++
      } else expect(outcome).toMatchObject({ sha256: recipe['sha256'] })
    }
    expect(refused).toBeGreaterThan(100)
    expect(filesBelow(folder).filter((f) => !['s.onnx', 'out.onnx'].includes(f))).toEqual([])
  }, 60_000)
})
