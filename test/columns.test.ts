// What a model is held in: columns of numbers, and names once each as bytes.
import { describe, expect, test } from 'vitest'
import { Window } from '../src/bytes/source.js'
import { integers, positions } from '../src/onnx/column.js'
import { ListedDefinitions } from '../src/onnx/definitions.js'
import { Names } from '../src/onnx/names.js'
import { changedTensor, StoredTensor } from '../src/onnx/storedTensor.js'
import { readModel } from '../src/readModel.js'
import type { Node, Value } from '../src/types.js'
import { attribute, bytes, folderOf, graph, initializer, input, message, model, node, output } from './buildModel.js'

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

test('definitions are found by name and number, the last one given counts', () => {
  const names = new Names()
  const nodes = Array.from({ length: MANY }, (_, index) => ({ index }) as Node)
  const inputs = [{ name: 'x' } as Value]
  const defined = new ListedDefinitions(names, { nodes, tensors: [], inputs })
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
  expect(counts).toEqual([MANY])
  expect(shown).toEqual(
    [0, 1, 2, 3, 4, 8190, 8191, 8192, 8193, 8194, MANY - 2, MANY - 1].map((i) => [
      i % 2 === 0 ? `n${i}` : '',
      i % 3 === 0 ? i : undefined,
      i % 3 === 1 ? `${i}` : undefined,
      [`v${i}`],
    ]),
  )
})
