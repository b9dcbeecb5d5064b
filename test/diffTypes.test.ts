// One tensor of each type, of which one element is another: how many differ, and by how much.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diff } from '../src/diff.js'
import * as b from './buildModel.js'

/** The type's code, how its elements stand in raw_data, the elements before and after, and how far they are apart at most. */
const cases: Readonly<Record<string, readonly [number, (list: readonly number[]) => ArrayBufferView, number[], number[], number]>> = {
  UINT8: [2, (list) => Uint8Array.from(list), [1, 2, 255], [1, 2, 5], 250],
  INT8: [3, (list) => Int8Array.from(list), [-1, 2, -128], [-1, 2, 127], 255],
  UINT16: [4, (list) => Uint16Array.from(list), [1, 2, 65535], [1, 2, 0], 65535],
  INT16: [5, (list) => Int16Array.from(list), [1, -2, 3], [1, 300, 3], 302],
  INT32: [6, (list) => Int32Array.from(list), [-1, 0, 3], [-70000, 0, 3], 69999],
  INT64: [7, (list) => BigInt64Array.from(list, BigInt), [1, 2, 3], [1, 2, -3], 6],
  BOOL: [9, (list) => Uint8Array.from(list), [0, 1, 0], [0, 1, 1], 1],
  DOUBLE: [11, (list) => Float64Array.from(list), [1, 2, 3], [1, 2, 3.5], 0.5],
  UINT32: [12, (list) => Uint32Array.from(list), [4294967295, 0, 3], [0, 0, 3], 4294967295],
  UINT64: [13, (list) => BigUint64Array.from(list, BigInt), [1, 2, 3], [1, 2, 2 ** 40], 2 ** 40 - 3],
}

test.each(Object.entries(cases))('%s', async (dataType, [code, stored, before, after, maxDifference]) => {
  const modelOf = (values: readonly number[]) => {
    const { buffer } = stored(values)
    return b.model(b.graph(b.message(5, [b.varint(1, 3), b.varint(2, code), b.bytes(8, 'w'), b.bytes(9, new Uint8Array(buffer))])))
  }
  const folder = b.folderOf({ 'a.onnx': modelOf(before), 'b.onnx': modelOf(after) })
  const { changed, equal } = await diff(join(folder, 'a.onnx'), join(folder, 'b.onnx'))
  expect(equal).toBe(false)
  expect(changed).toEqual([expect.objectContaining({ name: 'w', dataType, differing: 1, maxDifference })])
  expect((await diff(join(folder, 'a.onnx'), join(folder, 'a.onnx'))).equal).toBe(true)
})

test('elements that share a byte are counted one by one', async () => {
  const modelOf = (...packed: readonly number[]) =>
    b.model(b.graph(b.message(5, [b.varint(1, 4), b.varint(2, 22), b.bytes(8, 'w'), b.bytes(9, Uint8Array.from(packed))])))
  const folder = b.folderOf({ 'a.onnx': modelOf(0x21, 0x43), 'b.onnx': modelOf(0x2f, 0x34) })
  const { changed } = await diff(join(folder, 'a.onnx'), join(folder, 'b.onnx'))
  expect(changed).toEqual([expect.objectContaining({ name: 'w', dataType: 'INT4', differing: 3, maxDifference: null })])
})

test('values that are left out, as in a skeleton, are no numbers to compare', async () => {
  const recipe = b.message(14, [b.bytes(1, 'onnx-reinit.skeleton'), b.bytes(2, '{}')])
  const modelOf = (byteLength: number) =>
    b.model(b.graph(b.message(5, [b.varint(1, 64), b.varint(2, 1), b.bytes(8, 'w'), b.bytes(9, new Uint8Array(byteLength))])), recipe)
  const folder = b.folderOf({ 'a.onnx': modelOf(0), 'b.onnx': modelOf(256) })
  const { changed } = await diff(join(folder, 'a.onnx'), join(folder, 'b.onnx'))
  expect(changed).toEqual([expect.objectContaining({ name: 'w', differing: null, maxDifference: null, before: null })])
})
