import type { Window } from '../bytes/source.js'
import { integers, positions32 } from './column.js'
import { TextPages, utf8Of } from './textPages.js'

/** Texts that are kept at hand: one node after another is asked for the same few names. A power of two. */
const AT_HAND = 1 << 10

/**
 * The names of a model, each once and by number, as the bytes that the file has: a string is made when somebody asks. Half a million
 * strings, and the map that tells their numbers, would take the larger part of the memory that a model does.
 */
export class PackedNames {
  private readonly pages = new TextPages()
  private readonly starts = positions32()
  private readonly lengths = positions32()
  private readonly hashes = integers()
  /** Numbers + 1 where their names hash to, or the next free place behind (0). */
  private table = new Uint32Array(64)
  private readonly texts: (string | undefined)[] = Array<undefined>(AT_HAND)
  private readonly numbers = new Int32Array(AT_HAND).fill(-1)
  /** What was asked for last, often again. */
  private asked = ''
  private answer = -1

  /** The number of a name that stands at [start, end) of the file. */
  intern(window: Window, start: number, end: number): number {
    const at = window.locate(start, end)
    return this.add(window.bytes, at, at + end - start)
  }

  /** The number of a text. */
  internText(text: string): number {
    const known = this.numberOf(text)
    if (known >= 0) return known
    const encoded = Buffer.from(text)
    return this.add(encoded, 0, encoded.length)
  }

  /** −1: no name of the model. */
  numberOf(text: string): number {
    if (text === this.asked && this.answer >= 0) return this.answer
    this.asked = text
    this.answer = this.find(text)
    return this.answer
  }

  text(number: number): string {
    const place = number & (AT_HAND - 1)
    if (this.numbers[place] !== number) {
      this.texts[place] = this.pages.text(this.starts.at(number), this.lengths.at(number))
      this.numbers[place] = number
    }
    return this.texts[place] as string
  }

  isEmpty(number: number): boolean {
    return this.lengths.at(number) === 0
  }

  private find(text: string): number {
    let hash = SEED
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) return this.findBytes(Buffer.from(text))
      hash = Math.imul(hash ^ code, PRIME)
    }
    for (let place = spread(hash) & (this.table.length - 1); ; place = (place + 1) & (this.table.length - 1)) {
      const number = (this.table[place] as number) - 1
      if (number < 0) return number
      const isLike = this.hashes.at(number) === hash && this.lengths.at(number) === text.length
      if (isLike && this.pages.isText(this.starts.at(number), text)) return number
    }
  }

  private findBytes(name: Uint8Array): number {
    return (this.table[this.placeOf(name, 0, name.length, hashOf(name, 0, name.length))] as number) - 1
  }

  private add(source: Uint8Array, start: number, end: number): number {
    let [hash, bits] = [SEED, 0]
    for (let i = start; i < end; i++) {
      const byte = source[i] as number
      hash = Math.imul(hash ^ byte, PRIME)
      bits |= byte
    }
    if (bits < 128) return this.enter(source, start, end, hash)
    // what is no UTF-8 is the same name as what it is read as
    const canonical = utf8Of(source.subarray(start, end))
    return this.enter(canonical, 0, canonical.length, hashOf(canonical, 0, canonical.length))
  }

  private enter(source: Uint8Array, start: number, end: number, hash: number): number {
    const place = this.placeOf(source, start, end, hash)
    const known = this.table[place] as number
    if (known > 0) return known - 1
    const number = this.starts.length
    this.table[place] = number + 1
    this.starts.push(this.pages.store(source, start, end))
    this.lengths.push(end - start)
    this.hashes.push(hash)
    if (4 * number > 3 * this.table.length) this.grow()
    return number
  }

  /** Where in the table the name is, or would be. */
  private placeOf(source: Uint8Array, start: number, end: number, hash: number): number {
    const mask = this.table.length - 1
    let place = spread(hash) & mask
    for (let number = this.table[place] as number; number > 0; number = this.table[place] as number) {
      if (this.hashes.at(number - 1) === hash && this.lengths.at(number - 1) === end - start) {
        if (this.pages.isBytes(this.starts.at(number - 1), source, start, end)) break
      }
      place = (place + 1) & mask
    }
    return place
  }

  private grow(): void {
    this.table = new Uint32Array(2 * this.table.length)
    const mask = this.table.length - 1
    for (let number = 0; number < this.starts.length; number++) {
      let place = spread(this.hashes.at(number)) & mask
      while (this.table[place] !== 0) place = (place + 1) & mask
      this.table[place] = number + 1
    }
  }
}

/**
 * FNV-1a of 32 bits (Fowler, Noll, Vo), from a start of this process alone: nobody can make a file of names that all have one hash, each of
 * which would be searched for among all others. Numbers go by the order of the file, so nothing that is written depends on it.
 */
const SEED = Math.floor(Math.random() * 2 ** 32) | 0
const PRIME = 0x01000193

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), PRIME)
  return hash
}

/** Names that are alike (h1, h2, …) have hashes that are: all bits have to take part in the place (fmix32 of MurmurHash3, Appleby). */
function spread(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
