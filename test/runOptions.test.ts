import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkRunOptions } from '../src/onnx/prepareRun.js'
import type { RunOptions, Value } from '../src/types.js'
import { folderOf } from './buildModel.js'
import { npy } from './runNpyFile.js'

const value = (name: string, elemType: number, shape: Value['shape']): Value => ({ name, elemType, shape, metadata: new Map() })
const inputs = [
  value('x', 1, ['batch', 3, 'height', null]),
  value('ids', 7, ['batch', 'seq']),
  value('any', 11, null),
  value('mask', 9, []),
  value('words', 8, ['seq']),
]
const zeros = (descr: string, shape: readonly number[], options = {}) =>
  npy(descr, shape, new Uint8Array(shape.reduce((n, d) => n * d, Number(descr.slice(-1)))), options)
const folder = folderOf({
  'x.npy': zeros('<f4', [2, 3, 5, 7]),
  'version2.npy': zeros('<f4', [2, 3, 5, 7], { version: 2 }),
  'version3.npy': zeros('<f4', [2, 3, 5, 7], { version: 3 }),
  'version9.npy': zeros('<f4', [2, 3, 5, 7], { version: 9 }),
  'ids.npy': zeros('<i8', [2, 9]),
  'ids3.npy': zeros('<i8', [3, 9]),
  'any.npy': zeros('<f8', [1, 2, 3]),
  'scalar.npy': zeros('|b1', []),
  'wide.npy': zeros('<f4', [2, 4, 5, 7]),
  'flat.npy': zeros('<f4', [2]),
  'int32.npy': zeros('<i4', [2, 9]),
  'big.npy': zeros('>f4', [2, 3, 5, 7]),
  'fortran.npy': zeros('<f4', [2, 3, 5, 7], { fortran: true }),
  'fortran1.npy': zeros('<f8', [4], { fortran: true }),
  'complex.npy': zeros('<c8', [1]),
  'structured.npy': npy('', [], new Uint8Array(), { header: "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }" }),
  'shapeless.npy': npy('', [], new Uint8Array(), { header: "{'descr': '<f4', 'fortran_order': False, 'shape': (3, -1), }" }),
  'short.npy': zeros('<f4', [2, 3, 5, 7]).subarray(0, 900),
  'header.npy': zeros('<f4', [2, 3, 5, 7]).subarray(0, 40),
  'empty.npy': new Uint8Array(),
  'text.npy': Buffer.from('1 2 3 4 5 6 7 8 9'),
})
const file = (name: string) => join(folder, name)

const accepted: Readonly<Record<string, readonly [RunOptions, dims: Readonly<Record<string, number>>]>> = {
  nothing: [{}, {}],
  sizes: [{ dims: { batch: 4, seq: 0 } }, { batch: 4, seq: 0 }],
  fills: [{ inputs: { x: 'zeros', ids: 'ones', words: 'random' } }, {}],
  'a file, whose sizes hold for all inputs': [{ inputs: { x: file('x.npy') } }, { batch: 2, height: 5 }],
  'version 2': [{ inputs: { x: file('version2.npy') } }, { batch: 2, height: 5 }],
  'version 3': [{ inputs: { x: file('version3.npy') } }, { batch: 2, height: 5 }],
  'two files that agree': [
    { dims: { batch: 2 }, inputs: { x: file('x.npy'), ids: file('ids.npy') } },
    { batch: 2, height: 5, seq: 9 },
  ],
  'any rank': [{ inputs: { any: file('any.npy') } }, {}],
  'one axis, in whatever order': [{ inputs: { any: file('fortran1.npy') } }, {}],
  'a scalar': [{ inputs: { mask: file('scalar.npy') } }, {}],
  'a timeout': [{ timeout: 0.5 }, {}],
}
test.each(Object.entries(accepted))('%s', (_, [options, dims]) => {
  const bound = checkRunOptions(inputs, options)
  expect(bound.dims).toEqual(dims)
  expect(Object.keys(bound.inputs)).toEqual(Object.keys(options.inputs ?? {}))
})

test('a file is its shape and the place of its values', () => {
  writeFileSync(file('y.npy'), npy('<f4', [1, 3, 1, 2], Buffer.from('the values, 24 bytes ...')))
  const { x } = checkRunOptions(inputs, { inputs: { x: file('y.npy') } }).inputs
  expect(x).toEqual({ kind: 'file', path: file('y.npy'), start: 128, byteLength: 24, shape: [1, 3, 1, 2] })
})

const refused: Readonly<Record<string, readonly [RunOptions, message: string | RegExp]>> = {
  'an unknown dimension': [
    { dims: { bach: 1 } },
    '--dim bach: the model has no dimension of that name; its named dimensions are batch, height, seq.',
  ],
  'a size below 0': [{ dims: { batch: -1 } }, '--dim batch=-1: a size is a whole number from 0.'],
  'no size': [{ dims: { batch: Number.NaN } }, '--dim batch=NaN: a size is a whole number from 0.'],
  'an unknown input': [
    { inputs: { y: 'ones' } },
    '--input y: the model has no input of that name; its inputs are x, ids, any, mask, words.',
  ],
  'an input of JavaScript': [{ inputs: { constructor: 'ones' } }, /no input of that name/],
  'no file': [{ inputs: { x: file('gone.npy') } }, `${file('gone.npy')} does not exist.`],
  'a folder': [{ inputs: { x: folder } }, `${folder} is no .npy file: give zeros, ones, random or a file.`],
  'another type': [{ inputs: { ids: file('int32.npy') } }, `--input ids: ${file('int32.npy')} holds i4, the model takes INT64 (i8).`],
  strings: [{ inputs: { words: file('flat.npy') } }, `--input words: ${file('flat.npy')} holds f4, the model takes STRING.`],
  'another rank': [{ inputs: { x: file('flat.npy') } }, `--input x: ${file('flat.npy')} is [2], the model takes [batch, 3, height, ?].`],
  'another size': [
    { inputs: { x: file('wide.npy') } },
    `--input x: ${file('wide.npy')} is [2, 4, 5, 7], the model takes [batch, 3, height, ?].`,
  ],
  'another size than --dim': [
    { dims: { height: 6 }, inputs: { x: file('x.npy') } },
    `--input x: axis 2 (height) of ${file('x.npy')} is 5, but --dim height=6 makes it 6.`,
  ],
  'another size than the other file': [
    { inputs: { x: file('x.npy'), ids: file('ids3.npy') } },
    `--input ids: axis 0 (batch) of ${file('ids3.npy')} is 3, but --input x makes it 2.`,
  ],
  'big-endian': [{ inputs: { x: file('big.npy') } }, /is big-endian \(>f4\): save it with/],
  'Fortran order': [{ inputs: { x: file('fortran.npy') } }, /is in Fortran order: save it with/],
  'complex numbers': [{ inputs: { x: file('complex.npy') } }, /holds <c8: an input is floats, integers or bools/],
  'structured values': [{ inputs: { x: file('structured.npy') } }, /holds structured values/],
  'a shape that is none': [{ inputs: { x: file('shapeless.npy') } }, /its header .* can't be read/],
  'a cut file': [{ inputs: { x: file('short.npy') } }, /is cut or too long: f4 \[2, 3, 5, 7\] ends at byte 968, the file at 900\./],
  'a cut header': [{ inputs: { x: file('header.npy') } }, /its header would end at byte 128, the file at 40\./],
  'an unknown version': [{ inputs: { x: file('version9.npy') } }, /is no \.npy file of version 1 to 3/],
  'an empty file': [{ inputs: { x: file('empty.npy') } }, /is no \.npy file of version 1 to 3/],
  text: [{ inputs: { x: file('text.npy') } }, /is no \.npy file of version 1 to 3/],
  'no time': [{ timeout: 0 }, '--run-timeout 0: give seconds above 0.'],
  'time that is no number': [{ timeout: Number.NaN }, '--run-timeout NaN: give seconds above 0.'],
}
test.each(Object.entries(refused))('%s is refused', (_, [options, message]) => {
  expect(() => checkRunOptions(inputs, options)).toThrow(message)
  try {
    checkRunOptions(inputs, options)
  } catch (error) {
    const code = options.inputs?.x === file('gone.npy') ? 'io' : 'usage'
    expect(error).toMatchObject({ name: 'ReinitError', code, message: expect.not.stringContaining('\n') })
  }
})

test('a model without names says so', () => {
  const options = [{ dims: { n: 1 } }, { inputs: { x: 'ones' } }]
  expect(() => checkRunOptions([value('y', 1, [1])], options[0] as RunOptions)).toThrow('it has no named dimensions.')
  expect(() => checkRunOptions([], options[1] as RunOptions)).toThrow('it has no inputs.')
})
