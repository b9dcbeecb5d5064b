import { invalid } from '../errors.js'
import type { Frame } from '../types.js'
import type { Window } from './source.js'

/**
 * Walks the fields of one protobuf message by position. `next()` steps to a field; a length-delimited value is not read, its
 * bytes are [start, end). Source: protobuf.dev/programming-guides/encoding.
 */
export class Cursor {
  field = 0
  wireType = 0
  /** Where the field's tag starts. */
  tagStart = 0
  /** Where a length-delimited value's length varint starts. */
  lengthStart = 0
  start = 0
  end = 0
  /** What the message is a field of, where its length varint starts, its body [from, to). */
  parent: Frame | null
  lengthAt: number
  from: number
  to: number
  private position: number
  private made: Frame | null

  constructor(
    readonly window: Window,
    frame: Frame,
  ) {
    this.made = frame
    this.parent = frame.parent
    this.lengthAt = frame.lengthStart
    this.position = this.from = frame.start
    this.to = frame.end
  }

  /** Most messages are gone through without anybody asking for it. */
  get frame(): Frame {
    return (this.made ??= { parent: this.parent, lengthStart: this.lengthAt, start: this.from, end: this.to })
  }

  /** This cursor again, before the first field of the message that `outer` stands at: one serves for many messages, one after the other. */
  within(outer: Cursor): this {
    outer.expect(2)
    this.made = null
    this.parent = outer.frame
    this.lengthAt = outer.lengthStart
    this.position = this.from = outer.start
    this.to = outer.end
    return this
  }

  next(): boolean {
    if (this.position >= this.to) return false
    this.tagStart = this.position
    // most are one byte
    let tag = this.window.byte(this.position)
    if (tag < 128) {
      this.position++
      this.field = tag >> 3
      this.wireType = tag & 7
    } else {
      tag = this.varint()
      this.field = Math.floor(tag / 8)
      this.wireType = tag % 8
    }
    if (this.field < 1 || this.field > 0x1fffffff) throw this.broken(`field number ${this.field} is not possible`)
    this.lengthStart = this.start = this.position
    if (this.wireType === 0) this.varint()
    else if (this.wireType === 1) this.position += 8
    else if (this.wireType === 5) this.position += 4
    else if (this.wireType === 2) {
      let length = this.position < this.to ? this.window.byte(this.position) : 128
      if (length < 128) this.position++
      else length = this.varint()
      this.start = this.position
      this.position += length
    } else throw this.broken(`wire type ${this.wireType} is not possible`)
    if (this.position > this.to) throw this.tooLong()
    this.end = this.position
    return true
  }

  /** A varint field as an unsigned number (exact below 2^53). */
  unsigned(): number {
    this.expect(0)
    const resume = this.position
    this.position = this.start
    const value = this.varint()
    this.position = resume
    return value
  }

  /** A varint field as int64; beyond ±2^53 the nearest double. */
  signed(): number {
    this.expect(0)
    if (this.end - this.start === 1) return this.window.byte(this.start)
    return signedVarint(this.window.slice(this.start, this.end))
  }

  float(): number {
    this.expect(5)
    const b = this.window.slice(this.start, this.end)
    return new DataView(b.buffer, b.byteOffset, 4).getFloat32(0, true)
  }

  string(): string {
    this.expect(2)
    return this.window.text(this.start, this.end)
  }

  bytes(): Uint8Array {
    this.expect(2)
    return this.window.slice(this.start, this.end)
  }

  message(): Cursor {
    this.expect(2)
    return new Cursor(this.window, { parent: this.frame, lengthStart: this.lengthStart, start: this.start, end: this.end })
  }

  /** A repeated int64 field's values, packed or not. */
  signedList(into: number[]): void {
    if (this.wireType === 0) {
      into.push(this.signed())
      return
    }
    const values = signedVarints(this.bytes())
    if (!values) throw this.broken('a packed list ends inside a number')
    for (const value of values) into.push(value)
  }

  expect(wireType: number): void {
    if (this.wireType !== wireType) throw this.broken(`field ${this.field} has wire type ${this.wireType}, ${wireType} expected`)
  }

  // the texts of errors stand outside the loops, which compile the faster
  private tooLong() {
    return this.broken(`field ${this.field} ends at byte ${this.position}, its message at ${this.to}: the file is truncated or damaged`)
  }

  broken(what: string) {
    return invalid(`not a valid ONNX file: at byte ${this.tagStart}, ${what}`)
  }

  private varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      if (this.position >= this.to) throw this.broken('the message ends inside a number: the file is truncated or damaged')
      const b = this.window.byte(this.position++)
      value += (b & 127) * scale
      if (b < 128) return value
      scale *= 128
    }
    throw this.broken('a number has more than 10 bytes')
  }
}

/** The int64 values of a packed list's body; null where it ends inside one. */
export function signedVarints(bytes: Uint8Array): number[] | null {
  const values: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] as number
    if (first < 128) {
      values.push(first)
      at++
      continue
    }
    let end = at
    while (end < bytes.length && (bytes[end] as number) > 127) end++
    if (end >= bytes.length) return null
    values.push(signedVarint(bytes.subarray(at, ++end)))
    at = end
  }
  return values
}

function signedVarint(bytes: Uint8Array): number {
  if (bytes.length <= 4) {
    let small = 0
    for (let i = bytes.length - 1; i >= 0; i--) small = small * 128 + ((bytes[i] as number) & 127)
    return small
  }
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 7n) | BigInt((bytes[i] as number) & 127)
  return Number(BigInt.asIntN(64, value))
}
