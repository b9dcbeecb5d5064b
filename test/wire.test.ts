// Property tests of the walk: whatever a protobuf writer may do, the values come out; whatever a file holds, nothing but an error does.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Window } from '../src/bytes/source.js'
import { Cursor } from '../src/bytes/wire.js'
import { ReinitError } from '../src/errors.js'
import { readValues } from '../src/onnx/values/readValues.js'
import { readModel } from '../src/readModel.js'
import type { ByteSource } from '../src/types.js'
import {
  attribute,
  bytes,
  double,
  type Field,
  float,
  folderOf,
  graph,
  initializer,
  input,
  message,
  model,
  node,
  output,
  tensor,
  varint,
} from './buildModel.js'

/** Bytes in memory. */
const bytesSource = (bytes: Uint8Array): ByteSource => ({ byteLength: bytes.length, read: (start, end) => bytes.subarray(start, end) })

const cursorOf = (content: Uint8Array, source: ByteSource = bytesSource(content)) =>
  new Cursor(new Window(source), { parent: null, lengthStart: 0, start: 0, end: content.length })

// ---- any message ----

interface AnyField {
  readonly number: number
  readonly encoded: Field
  readonly wireType: number
  /** Bytes of a length-delimited value, else its number. */
  readonly value: Uint8Array | bigint | number
}
const fieldNumber = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 0x1fffffff }))
const padding = fc.integer({ min: 0, max: 10 })
const anyField: fc.Arbitrary<AnyField> = fc.oneof(
  fc
    .record({ number: fieldNumber, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), width: padding })
    .map(({ number, value, width }) => ({ number, value, wireType: 0, encoded: varint(number, value, width) })),
  fc
    .record({ number: fieldNumber, value: fc.float({ noNaN: true }) })
    .map(({ number, value }) => ({ number, value, wireType: 5, encoded: float(number, value) })),
  fc
    .record({ number: fieldNumber, value: fc.double({ noNaN: true }) })
    .map(({ number, value }) => ({ number, value, wireType: 1, encoded: double(number, value) })),
  fc
    .record({ number: fieldNumber, value: fc.uint8Array({ maxLength: 300 }), width: fc.integer({ min: 0, max: 5 }) })
    .map(({ number, value, width }) => ({ number, value, wireType: 2, encoded: bytes(number, value, width) })),
)

test('every field of a random message is stepped to, with its place and value', () => {
  fc.assert(
    fc.property(fc.array(anyField, { maxLength: 30 }), (fields) => {
      const content = Buffer.concat(fields.map((f) => f.encoded))
      const cursor = cursorOf(content)
      let at = 0
      for (const field of fields) {
        expect(cursor.next()).toBe(true)
        expect([cursor.field, cursor.wireType, cursor.tagStart]).toEqual([field.number, field.wireType, at])
        at += field.encoded.length
        expect(cursor.end).toBe(at)
        if (field.wireType === 0) expect(cursor.signed()).toBe(Number(field.value))
        if (field.wireType === 5) expect(cursor.float()).toBe(field.value)
        if (field.wireType === 1) expect(content.readDoubleLE(cursor.start)).toBe(field.value)
        if (field.wireType === 2) expect(Buffer.from(cursor.bytes()).equals(field.value as Uint8Array)).toBe(true)
      }
      expect(cursor.next()).toBe(false)
    }),
  )
})

test('messages in messages know the frames around them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyField, anyField, fc.integer({ min: 0, max: 5 })), { minLength: 1, maxLength: 8 }), (levels) => {
      let content: Uint8Array = varint(1, 42)
      for (const [before, behind, width] of levels) content = Buffer.concat([before.encoded, message(7, [content], width), behind.encoded])
      let cursor = cursorOf(content)
      for (let depth = 0; depth < levels.length; depth++) {
        // the second field: the first may have number 7 as well
        cursor.next()
        cursor.next()
        const outer = cursor.frame
        cursor = cursor.message()
        expect(cursor.frame.parent).toBe(outer)
        expect(cursor.frame.lengthStart).toBeLessThan(cursor.frame.start)
        expect(cursor.frame.end).toBeLessThanOrEqual(outer.end)
      }
      cursor.next()
      expect(cursor.unsigned()).toBe(42)
    }),
  )
})

test('a list of integers is the same packed, unpacked, in parts, and with padded varints', () => {
  const part = fc.record({ values: fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 })), packed: fc.boolean(), width: padding })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const fields = parts.flatMap(({ values, packed, width }) =>
        packed ? [bytes(1, Buffer.concat(values.map((v) => varint(1, v, width).subarray(1))))] : values.map((v) => varint(1, v, width)),
      )
      const found: number[] = []
      for (const cursor = cursorOf(Buffer.concat(fields)); cursor.next(); ) cursor.signedList(found)
      expect(found).toEqual(parts.flatMap((p) => p.values))
    }),
  )
})

test('random bytes are walked to their end or refused in one line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (content) => {
      const walk = (cursor: Cursor, depth: number): void => {
        while (cursor.next()) if (cursor.wireType === 2 && depth < 20) attempt(() => walk(cursor.message(), depth + 1))
      }
      attempt(() => walk(cursorOf(content), 0))
    }),
    { numRuns: 500 },
  )
})

function attempt(run: () => void): void {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(ReinitError)
    expect((error as Error).message).toMatch(/^not a valid ONNX file: at byte \d+, .+$/)
  }
}

describe.each([
  ['wire type 3', Uint8Array.of(0x0b, 0), /wire type 3 is not possible/],
  ['wire type 6', Uint8Array.of(0x0e, 0), /wire type 6 is not possible/],
  ['wire type 7', Uint8Array.of(0x0f, 0), /wire type 7 is not possible/],
  ['field number 0', Uint8Array.of(0x00, 0), /field number 0 is not possible/],
  ['field number 2^29', varint(2 ** 29 - 1, 0).with(4, 0x20), /field number \d+ is not possible/],
  ['a varint of 11 bytes', Uint8Array.of(0x08, ...Array<number>(10).fill(0x80), 0), /more than 10 bytes/],
  ['a varint without an end', Uint8Array.of(0x08, 0x80, 0x80), /ends inside a number/],
  ['a length beyond the end', Uint8Array.of(0x0a, 0x7f, 1, 2), /ends at byte 129, its message at 4/],
  ['a length of 2^63', Uint8Array.of(0x0a, ...Array<number>(9).fill(0xff), 1), /truncated or damaged/],
  ['four bytes where eight are missing', Uint8Array.of(0x09, 0, 0, 0, 0), /ends at byte 9/],
])('%s', (_, content, pattern) => {
  test('is refused', () => {
    const cursor = cursorOf(content)
    expect(() => cursor.next()).toThrow(pattern)
  })
})

// ---- any window ----

test('a window gives the same bytes as its source, however it is asked', () => {
  const content = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7 + (i >> 8)) & 255)
  const place = fc.integer({ min: 0, max: content.length - 1 })
  fc.assert(
    fc.property(fc.array(fc.tuple(place, fc.integer({ min: 0, max: 9000 })), { maxLength: 40 }), (asked) => {
      const window = new Window(bytesSource(content))
      for (const [start, length] of asked) {
        const end = Math.min(content.length, start + length)
        expect(window.byte(start)).toBe(content[start])
        expect(Buffer.from(window.slice(start, end)).equals(content.subarray(start, end))).toBe(true)
      }
    }),
  )
})

// ---- any model ----

const unknown = fc
  .record({ number: fc.integer({ min: 3000, max: 4000 }), kind: fc.integer({ min: 0, max: 3 }) })
  .map(({ number, kind }) => [varint(number, 7, 3), float(number, 1), double(number, 1), bytes(number, 'unknown')][kind] as Field)

/** Fields in another order; those of one number stay in theirs, which means something. */
function interleaved<T>(groups: readonly (readonly T[])[], order: readonly number[]): T[] {
  const rest = groups.map((g) => [...g])
  const result: T[] = []
  for (let i = 0; rest.some((g) => g.length > 0); i++) {
    const left = rest.filter((g) => g.length > 0)
    result.push((left[(order[i % order.length] as number) % left.length] as T[]).shift() as T)
  }
  return result
}
const order = fc.array(fc.nat(50), { minLength: 1, maxLength: 12 })

/** Values that each type holds exactly; 16-bit ones as their bits. */
const stored = {
  FLOAT: { storages: ['raw_data', 'float_data'], value: fc.float({ noNaN: true }), number: (v: number) => v },
  DOUBLE: { storages: ['raw_data', 'double_data'], value: fc.double({ noNaN: true }), number: (v: number) => v },
  BFLOAT16: { storages: ['raw_data', 'int32_data'], value: fc.integer({ min: 0, max: 0x7f7f }), number: fromBfloat },
} as const
function fromBfloat(code: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint16(0, code)
  return view.getFloat32(0)
}

const anyTensor = fc.constantFrom(...(Object.keys(stored) as (keyof typeof stored)[])).chain((type) =>
  fc.record({
    type: fc.constant(type),
    storage: fc.constantFrom(...stored[type].storages),
    values: fc.array(stored[type].value as fc.Arbitrary<number>, { minLength: 1, maxLength: 9 }),
    packing: fc.oneof(fc.constantFrom('packed' as const, 'unpacked' as const), fc.array(fc.nat(5), { maxLength: 3 })),
    width: fc.integer({ min: 0, max: 10 }),
    extra: fc.array(unknown, { maxLength: 3 }),
    order,
    isConstant: fc.boolean(),
  }),
)

/** Numbers that add up to `count`. */
function partsOf(sizes: readonly number[], count: number): readonly number[] | 'packed' {
  const rest = count - sizes.reduce((n, k) => n + k, 0)
  return rest < 0 ? 'packed' : sizes.concat(rest)
}

test('a tensor is found with its values, in any order of fields, split, packed or not', () => {
  const folder = folderOf({})
  const path = join(folder, 'any.onnx')
  fc.assert(
    fc.property(fc.array(anyTensor, { minLength: 1, maxLength: 3 }), order, fc.nat(3), (tensors, shuffle, cut) => {
      const fields = tensors.map((t, i) => {
        const packing = typeof t.packing === 'string' ? t.packing : partsOf(t.packing, t.values.length)
        const parts = {
          name: `t${i}`,
          type: t.type,
          dims: [t.values.length],
          values: t.values,
          storage: t.storage,
          packing,
          varintWidth: t.width,
        }
        const own = tensor({ ...parts, ...(t.isConstant ? { name: '' } : {}) })
        const shuffled = interleaved([own.slice(0, 1), own.slice(1, 2), own.slice(2), t.extra], t.order)
        // an attribute's tensor may come in parts, an initializer is one of many
        const split = t.order[0] as number
        return t.isConstant
          ? node('Constant', [], [`t${i}`], {
              extra: [
                message(5, [bytes(1, 'value'), message(5, shuffled.slice(0, split)), message(5, shuffled.slice(split)), varint(20, 4)]),
              ],
            })
          : message(5, shuffled)
      })
      const all = interleaved([fields, [input('x', [1])], [output('y', [1])], [varint(3999, 1, 5)]], shuffle)
      writeFileSync(path, model(graph(...all.slice(0, cut)), varint(3998, 2), graph(...all.slice(cut))))
      const read = readModel(path)
      try {
        expect(read.tensors.map((t) => t.name).toSorted()).toEqual(tensors.map((_, i) => `t${i}`))
        tensors.forEach((t, i) => {
          const found = read.tensors.find((r) => r.name === `t${i}`)
          if (!found) throw new Error('unreachable')
          expect([found.dataType, found.elementCount]).toEqual([t.type, t.values.length])
          expect([...readValues(read, found, 0, t.values.length)]).toEqual(t.values.map(stored[t.type].number))
        })
      } finally {
        read.close()
      }
    }),
    { numRuns: 150 },
  )
})

test('every prefix of a model is read or refused in one line', () => {
  const folder = folderOf({})
  const path = join(folder, 'prefix.onnx')
  const whole = model(
    message(14, [bytes(1, 'key'), bytes(2, 'value')]),
    graph(
      node('If', ['c'], ['a'], {
        extra: [
          attribute.graph(
            'then_branch',
            node('MatMul', ['x', 'w'], ['b']),
            initializer({ name: 'w', dims: [2, 2], values: [1, 2, 3, 4] }),
            output('b', [1, 2]),
          ),
        ],
      }),
      initializer({ name: 'half', type: 'FLOAT16', dims: [2], storage: 'int32_data', values: [40000, 5] }),
      initializer({ name: 'out', dims: [1], external: { location: 'missing.bin' } }),
      message(15, [
        message(1, tensor({ name: 's', dims: [1], values: [1] })),
        message(2, tensor({ type: 'INT64', dims: [1], values: [0] })),
        varint(3, 4),
      ]),
      input('x', [1, 2]),
      output('a', [1, 2]),
    ),
  )
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length))
    try {
      readModel(path).close()
    } catch (error) {
      expect(error, `the first ${length} bytes`).toBeInstanceOf(ReinitError)
      expect((error as Error).message).not.toContain('\n')
    }
  }
})

test('a model with any byte changed is read or refused in one line', () => {
  const folder = folderOf({})
  const path = join(folder, 'changed.onnx')
  const whole = model(
    graph(
      node('Gemm', ['x', 'w'], ['y'], { extra: [attribute.int('transB', 1)] }),
      initializer({ name: 'w', dims: [2, 2], values: [1, 2, 3, 4] }),
      input('x', [1, 2]),
      output('y', [1, 2]),
    ),
  )
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
      writeFileSync(path, Uint8Array.from(whole).with(at, value))
      try {
        readModel(path).close()
      } catch (error) {
        expect(error).toBeInstanceOf(ReinitError)
        expect((error as Error).message).not.toContain('\n')
      }
    }),
    { numRuns: 400 },
  )
})
