import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import * as b from './buildModel.js'
import { filesBelow, reinitFile } from './reinitFile.js'
import { storedTensors } from './storedTensors.js'

let folder = ''
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Values of a type, halves as their bits. */
type Values = (type: string, count: number) => number[]
/** Bits of one to three varint bytes. */
const old: Values = (type, count) => Array.from({ length: count }, (_, i) => (/FLOAT16/.test(type) ? (i * 2731) % 65536 : i / 8 - 2))
const MINUS_ONE_AND_A_HALF: Readonly<Record<string, number>> = { FLOAT16: 0xbe00, BFLOAT16: 0xbfc0 }
const redrawn: Values = (type, count) => Array.from({ length: count }, () => MINUS_ONE_AND_A_HALF[type] ?? -1.5)

const kept = b.initializer({ name: 'kept', dims: [3], values: [1, 2, 3] })
const unknown = b.varint(4242, 7)
const body = b.node('MatMul', ['x', 'w'], ['y'])
const ends = [b.input('x', [1, 5]), b.output('y', [1, 6])]

const tensor = (of: Values, parts: b.TensorParts = {}): b.TensorParts => {
  const { type = 'FLOAT', dims = [5, 6] } = parts
  return {
    name: 'w',
    dims,
    values: of(
      String(type),
      dims.reduce<number>((n, d) => n * Number(d), 1),
    ),
    ...parts,
  }
}
const plain = (parts: b.TensorParts) => (of: Values) =>
  b.model(unknown, b.graph(unknown, body, kept, b.initializer(tensor(of, { ...parts, extra: [unknown] })), ...ends))
const constant = (attribute: (of: Values) => b.Field) => (of: Values) =>
  b.model(b.graph(b.node('Constant', [], ['w'], { extra: [attribute(of)] }), kept, body, ...ends), unknown)
const int32 = { type: 'FLOAT16', storage: 'int32_data' } as const

/** A model with one tensor `w` to redraw, in every way that it can be stored. */
const models: Readonly<Record<string, (of: Values) => Uint8Array>> = {
  raw_data: plain({}),
  'raw_data, DOUBLE': plain({ type: 'DOUBLE' }),
  'raw_data, FLOAT16': plain({ type: 'FLOAT16' }),
  'raw_data, BFLOAT16': plain({ type: 'BFLOAT16' }),
  'float_data, packed': plain({ storage: 'float_data' }),
  'float_data, unpacked': plain({ storage: 'float_data', packing: 'unpacked' }),
  'float_data, in packed runs': plain({ storage: 'float_data', packing: [7, 0, 1, 22] }),
  'double_data, packed': plain({ type: 'DOUBLE', storage: 'double_data' }),
  'double_data, unpacked': plain({ type: 'DOUBLE', storage: 'double_data', packing: 'unpacked' }),
  'int32_data, FLOAT16': plain(int32),
  'int32_data, BFLOAT16': plain({ ...int32, type: 'BFLOAT16' }),
  'int32_data, unpacked': plain({ ...int32, packing: 'unpacked' }),
  'int32_data, in packed runs': plain({ ...int32, packing: [0, 11, 18, 1] }),
  'int32_data, padded varints': (of) => plain({ ...int32, varintWidth: of === old ? 5 : 0 })(of),
  'int32_data, unpacked padded varints': (of) => plain({ ...int32, packing: 'unpacked', varintWidth: of === old ? 4 : 0 })(of),
  'int32_data, thousands': plain({ ...int32, dims: [70, 1000], packing: [1, 69_000, 999] }),
  'one value': plain({ dims: [1, 1] }),
  'a scalar': plain({ dims: [] }),
  'no values': plain({ dims: [0, 6] }),
  'more than one chunk': plain({ dims: [300, 301] }),
  'a Constant node': constant((of) => b.attribute.tensor('value', tensor(of))),
  'a Constant node, int32_data': constant((of) => b.attribute.tensor('value', tensor(of, int32))),
  'a Constant node, value_float': constant((of) => b.attribute.float('value_float', of('FLOAT', 1)[0] as number)),
  'a Constant node, value_floats': constant((of) => b.attribute.floats('value_floats', of('FLOAT', 9))),
  'a Constant node, packed value_floats': constant((of) => b.attribute.floats('value_floats', of('FLOAT', 9), true)),
  'a subgraph, int32_data': (of) => {
    const branch = b.attribute.graph('then_branch', body, b.initializer(tensor(of, int32)), unknown)
    return b.model(b.graph(kept, b.node('If', ['c'], ['y'], { name: 'if', extra: [branch] })))
  },
  'a graph in two messages, the tensor in the second': (of) =>
    b.model(b.graph(kept, body), b.graph(...ends, b.initializer(tensor(of, int32)))),
  'padded lengths around it': (of) => b.model(b.message(7, [kept, b.message(5, b.tensor(tensor(of, int32)), 4), body, ...ends], 5)),
}

describe.each(Object.entries(models))('%s', (_, build) => {
  test('the result is what is built with the new values', async () => {
    folder = b.folderOf({ 'm.onnx': build(old) })
    const { proof, written } = await reinitFile(folder, { w: 'constant:value=-1.5' })
    expect(Buffer.compare(readFileSync(join(folder, 'out.onnx')), build(redrawn))).toBe(0)
    expect(Buffer.compare(readFileSync(join(folder, 'm.onnx')), build(old))).toBe(0)
    expect(proof).toMatchObject({ identicalOutside: true, difference: null, fills: [{ redrawn: true }] })
    expect(written).toEqual([join(folder, 'out.onnx')])
    expect(filesBelow(folder)).toEqual(['m.onnx', 'out.onnx'])
  })

  test('drawn values are read back by another library, and the proof agrees', async () => {
    folder = b.folderOf({ 'm.onnx': build(old) })
    const { proof } = await reinitFile(folder, { w: 'xavier_normal' })
    expect(proof).toMatchObject({ identicalOutside: true, difference: null, fills: [{ redrawn: true }] })
    expect(proof.fills[0]?.checks.filter((c) => !c.passed)).toEqual([])
    const [before, after] = [storedTensors(join(folder, 'm.onnx')), storedTensors(join(folder, 'out.onnx'))]
    expect([...after.keys()]).toEqual([...before.keys()])
    expect(after.get('kept')).toEqual(before.get('kept'))
    expect(after.get('w')?.length).toBe(before.get('w')?.length)
    expect(sha256(after.get('w') as Buffer)).toBe(proof.fills[0]?.sha256)
  })
})
