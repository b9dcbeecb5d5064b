// What a model is held in: columns of numbers, and names once each as bytes.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Window } from '../src/bytes/source.js'
import { Cursor } from '../src/bytes/wire.js'
import { integers, positions } from '../src/onnx/read/column.js'
import { ListedDefinitions } from '../src/onnx/read/definitions.js'
import { Names } from '../src/onnx/read/names.js'
import { draftTensor, finishTensor } from '../src/onnx/read/readTensor.js'
import { changedTensor, StoredTensor, TensorForms } from '../src/onnx/read/storedTensor.js'
import { readModel } from '../src/readModel.js'
import type { Graph, Node, Value } from '../src/types.js'
import {
  attribute,
  bytes,
  float,
  folderOf,
  graph,
  initializer,
  input,
  message,
  model,
  node,
  output,
  varint,
  varintBytes,
} from './buildModel.js'

const MANY = 20_000

test('a column gives back what was appended, and what was set', () => {
  const [small, large] = [integers(), positions()]
  for (let i = 0; i < MANY; i++) {
    small.push(i - 5)
    large.push(i * 2 ** 33)
  }
  small.set(7, -1)
  small.set(MANY - 1, 42)
  expect(small.length).toBe(MANY)
  expect([0, 6, 7, 8, 9, 1000, MANY - 1].map((i) => small.at(i))).toEqual([-5, 1, -1, 3, 4, 995, 42])
  expect([0, 8, 23, 24, MANY - 1].map((i) => large.at(i))).toEqual([0, 8, 23, 24, MANY - 1].map((i) => i * 2 ** 33))
})

describe('names', () => {
  const source = (bytes: Uint8Array) => new Window({ byteLength: bytes.length, read: (start, end) => bytes.slice(start, end) })
  const intern = (names: Names, bytes: Uint8Array) => names.intern(source(bytes), 0, bytes.length)

  test('have one number each, by their bytes and by their text', () => {
    const names = new Names()
    const texts = [
      '',
      'x',
      'ä',
      '層.0',
      '\u0000',
      '__proto__',
      'a'.repeat(100_000),
      ...Array.from({ length: MANY }, (_, i) => `layers.${i}`),
    ]
    const numbers = texts.map((text) => intern(names, Buffer.from(text)))
    expect(new Set(numbers).size).toBe(texts.length)
    expect(texts.map((text) => names.internText(text))).toEqual(numbers)
    expect(texts.map((text) => names.numberOf(text))).toEqual(numbers)
    expect(numbers.map((number) => names.text(number))).toEqual(texts)
    expect(names.isEmpty(numbers[0] as number)).toBe(true)
    expect(names.numberOf('layers')).toBe(-1)
  })

  test('that are read as the same are the same', () => {
    const names = new Names()
    const number = intern(names, Uint8Array.of(0x61, 0xff))
    expect(names.text(number)).toBe('a\ufffd')
    expect(intern(names, Uint8Array.of(0x61, 0xfe))).toBe(number)
    expect(names.numberOf('a\ufffd')).toBe(number)
  })

  test('may be asked for before they are there', () => {
    const names = new Names()
    expect(names.numberOf('late')).toBe(-1)
    expect(names.numberOf('late')).toBe(-1)
    expect(names.internText('late')).toBe(names.numberOf('late'))
  })
})

test.each([true, false])('definitions are found by name and number, the last one given counts: main graph %s', (isMain) => {
  const names = new Names()
  const nodes = Array.from({ length: MANY }, (_, index) => ({ index }) as Node)
  const inputs = [{ name: 'x' } as Value]
  const defined = new ListedDefinitions(names, { nodes, tensors: [], inputs }, isMain)
  expect(defined.has('x')).toBe(false)
  defined.set(names.internText('x'), 'inputs', 0)
  // numbers of names that are no definitions lie between
  for (let i = 0; i < MANY; i++) {
    names.internText(`not ${i}`)
    defined.set(names.internText(`v${i}`), 'nodes', i)
  }
  defined.set(names.internText('x'), 'nodes', 3)
  expect(defined.count).toBe(MANY + 1)
  expect(defined.get('x')).toBe(nodes[3])
  expect(defined.get('not 7')).toBeUndefined()
  expect([0, 1, 4711, MANY - 1].map((i) => defined.get(`v${i}`))).toEqual([0, 1, 4711, MANY - 1].map((i) => nodes[i]))
  expect(defined.numberOf('v4711')).toBe(4712)
  expect([...defined.keys()].slice(0, 3)).toEqual(['x', 'v0', 'v1'])
})

test('a tensor that is changed keeps what it makes when asked', () => {
  const folder = folderOf({
    'm.onnx': model(
      graph(
        node('MatMul', ['x', 'w'], ['y']),
        initializer({ name: 'w', dims: [2, 3], values: [1, 2, 3, 4, 5, 6] }),
        input('x', [1, 2]),
        output('y', [1, 3]),
      ),
    ),
  })
  const read = readModel(`${folder}/m.onnx`)
  const [tensor] = read.tensors
  read.close()
  expect(tensor).toBeInstanceOf(StoredTensor)
  const { elements, frame } = tensor as StoredTensor
  expect(elements).toMatchObject({ field: 'raw_data', ranges: [{ end: (elements.ranges[0]?.start ?? 0) + 24, frame: { parent: frame } }] })
  expect(changedTensor(tensor as StoredTensor, { dims: [6] })).toMatchObject({
    name: 'w',
    dims: [6],
    elementCount: 6,
    elements,
    frame,
    graph: read.graph,
  })
})

describe('a tensor like one before', () => {
  const padding = fc.integer({ min: 0, max: 10 })
  /** What the template has, in many spellings, some of them wrong; in any order, with one more or one less. */
  const dims = fc.oneof(
    padding.map((width) => Buffer.concat([varint(1, 2, width), varint(1, 3)])),
    padding.map((width) => bytes(1, Buffer.concat([varintBytes(2, width), varintBytes(3)]))),
    fc.constantFrom(bytes(1, Uint8Array.of(2, 0x83)), Buffer.concat([float(1, 2), varint(1, 3)]), bytes(1, new Uint8Array(9).fill(1))),
  )
  const type = padding.map((width) => varint(2, 1, width))
  const name = fc.constantFrom<Uint8Array | string>('w', '', 'ä.0', '\ufeff', '\ufeffx', Uint8Array.of(0x61, 0xff)).map((n) => bytes(8, n))
  const values = fc.constantFrom(24, 24, 24, 0, 20).map((n) => bytes(9, new Uint8Array(n)))
  const others = [
    bytes(12, 'doc'),
    varint(14, 1),
    bytes(4, new Uint8Array(24)),
    varint(5, 1),
    bytes(2, 'x'),
    varint(8, 1),
    varint(9, 1),
    tail(),
  ]
  const fields = fc
    .tuple(dims, type, name, values, fc.oneof(dims, name, values, fc.constantFrom(...others)))
    .chain((all) => fc.oneof(fc.shuffledSubarray(all.slice(0, 4), { minLength: 4 }), fc.shuffledSubarray(all, { minLength: 3 })))
  /** A field that the message ends in. */
  function tail() {
    return Uint8Array.of(0x4a, 0x7f)
  }
  const parentOf = (content: Uint8Array) => {
    const window = new Window({ byteLength: content.length, read: (start, end) => content.slice(start, end) })
    return new Cursor(window, { parent: null, lengthStart: 0, start: 0, end: content.length })
  }
  const attempt = <T>(run: () => T) => {
    try {
      return { value: run() }
    } catch (error) {
      return { error: (error as Error).message }
    }
  }
  /** The second of two messages as it is judged, and as it is found to be like the first, or not (null). */
  function bothWays(template: Uint8Array, content: Uint8Array) {
    const names = new Names()
    const forms = new TensorForms(names)
    const c = parentOf(Buffer.concat([bytes(5, template), bytes(5, content)]))
    c.next()
    const graph = {} as Graph
    const first = finishTensor(draftTensor(c.message()), 'first', graph, 'initializer')
    forms.compact(first, names.internText('first'))
    c.next()
    const judged = attempt(() => {
      const draft = draftTensor(c.message())
      if (draft.name === '') throw new Error('no name')
      return finishTensor(draft, draft.name, graph, 'initializer')
    })
    return { judged, like: attempt(() => forms.like(new Cursor(c.window, c.frame).within(c))) }
  }
  const template = Buffer.concat([varint(1, 2), varint(1, 3), varint(2, 1), bytes(8, 'first'), bytes(9, new Uint8Array(24))])

  test('is what it is when it is judged, or is left to be judged', () => {
    fc.assert(
      fc.property(fields, (parts) => {
        const { judged, like } = bothWays(template, Buffer.concat(parts))
        if (!('value' in like)) expect(judged).toEqual(like)
        else if (like.value) expect(judged).toEqual({ value: changedTensor(like.value, {}) })
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['as the first has it', [varint(1, 2), varint(1, 3), varint(2, 1), bytes(8, 'w'), bytes(9, new Uint8Array(24))]],
    ['packed, the name first', [bytes(8, 'w'), varint(2, 1), bytes(1, Uint8Array.of(2, 0x83, 0)), bytes(9, new Uint8Array(24))]],
  ])('is found: %s', (_, fields) => {
    const { judged, like } = bothWays(template, Buffer.concat(fields))
    expect('value' in like && like.value).toBeInstanceOf(StoredTensor)
    expect(judged).toEqual({ value: changedTensor((like as { value: StoredTensor }).value, {}) })
  })

  test.each([
    ['another shape', [varint(1, 3), varint(1, 2), varint(2, 1), bytes(8, 'w'), bytes(9, new Uint8Array(24))]],
    ['another type', [varint(1, 2), varint(1, 3), varint(2, 6), bytes(8, 'w'), bytes(9, new Uint8Array(24))]],
    ['fewer bytes', [varint(1, 2), varint(1, 3), varint(2, 1), bytes(8, 'w'), bytes(9, new Uint8Array(20))]],
    ['another field', [varint(1, 2), varint(1, 3), varint(2, 1), bytes(8, 'w'), bytes(4, new Uint8Array(24))]],
  ])('is not one of %s', (_, fields) => {
    expect(bothWays(template, Buffer.concat(fields)).like).toEqual({ value: null })
  })
})

test('a node has its own name, attributes and metadata, however many there are', () => {
  const named = Array.from({ length: MANY }, (_, i) => {
    const extra = i % 3 === 0 ? [attribute.int('axis', i)] : i % 3 === 1 ? [message(9, [bytes(1, 'of'), bytes(2, `${i}`)])] : []
    return node('Identity', [`v${i}`], [`v${i + 1}`], { extra, ...(i % 2 === 0 ? { name: `n${i}` } : {}) })
  })
  const folder = folderOf({ 'm.onnx': model(graph(...named, input('v0', [1]), output(`v${MANY}`, [1]))) })
  const counts: number[] = []
  const read = readModel(`${folder}/m.onnx`, { onRead: (count) => counts.push(count) })
  const { nodes } = read.graph
  const shown = [0, 1, 2, 3, 4, 8190, 8191, 8192, 8193, 8194, MANY - 2, MANY - 1].map((i) => {
    const { name, attributes, metadata, inputs } = nodes[i] as Node
    return [name, attributes.get('axis')?.i, metadata.get('of'), inputs]
  })
  read.close()
  expect(counts).toEqual([128, 256, 512, 1024, 2048, 4096, 8192, 16_384, MANY])
  expect(shown).toEqual(
    [0, 1, 2, 3, 4, 8190, 8191, 8192, 8193, 8194, MANY - 2, MANY - 1].map((i) => [
      i % 2 === 0 ? `n${i}` : '',
      i % 3 === 0 ? i : undefined,
      i % 3 === 1 ? `${i}` : undefined,
      [`v${i}`],
    ]),
  )
})
