import type { Window } from '../../bytes/source.js'
import { positions32 } from './column.js'
import { TextPages, utf8Of } from './textPages.js'

/** Texts that are kept at hand: one node after another is asked for the same few names. A power of two. */
const AT_HAND = 1 << 12

/** Names of which a map costs no memory to speak of. */
const FEW = 1 << 13

/**
 * The names of a model, each once and by number, as the bytes that the file has: a string is made when somebody asks. Half a million
 * strings, and the map that tells their numbers, would take the larger part of the memory that a model does.
 */
export class Names {
  private readonly pages = new TextPages()
  private readonly starts = positions32()
  private readonly lengths = positions32()
  /** Two numbers a place: number + 1 (0: free) and hash of a name, where it hashes to or at the next free place behind. */
  private table = new Int32Array(2 * 64)
  private readonly texts: (string | undefined)[] = Array<undefined>(AT_HAND)
  private readonly numbers = new Int32Array(AT_HAND).fill(-1)
  /** What was asked for last, often again. */
  private asked = ''
  private answer = -1
  /** What was asked for, of few names: the engine has a string's own hash at hand. */
  private readonly known = new Map<string, number>()

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
    this.answer = this.starts.length < FEW ? this.findAgain(text) : this.find(text)
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

  private findAgain(text: string): number {
    const known = this.known.get(text)
    if (known !== undefined) return known
    const found = this.find(text)
    if (found >= 0) this.known.set(text, found)
    return found
  }

  private find(text: string): number {
    let hash = SEED
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) return this.findBytes(Buffer.from(text))
      hash = Math.imul(hash ^ code, PRIME)
    }
    for (let place = this.first(hash); ; place = this.behind(place)) {
      const number = (this.table[place] as number) - 1
      if (number < 0) return number
      const isLike = this.table[place + 1] === hash && this.lengths.at(number) === text.length
      if (isLike && this.pages.isText(this.starts.at(number), text)) return number
    }
  }

  private findBytes(name: Uint8Array): number {
    return (this.table[this.placeOf(name, 0, name.length, hashOf(name, 0, name.length))] as number) - 1
  }

  private add(source: Uint8Array, start: number, end: number): number {
    let hash = SEED
    let bits = 0
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
    this.table[place + 1] = hash
    this.starts.push(this.pages.store(source, start, end))
    this.lengths.push(end - start)
    if (8 * number > 3 * this.table.length) this.grow()
    return number
  }

  /** Where in the table the name is, or would be. */
  private placeOf(source: Uint8Array, start: number, end: number, hash: number): number {
    const { table } = this
    for (let place = this.first(hash); ; place = this.behind(place)) {
      const number = (table[place] as number) - 1
      if (number < 0) return place
      const isLike = table[place + 1] === hash && this.lengths.at(number) === end - start
      if (isLike && this.pages.isBytes(this.starts.at(number), source, start, end)) return place
    }
  }

  private first(hash: number): number {
    return (2 * spread(hash)) & (this.table.length - 1)
  }

  private behind(place: number): number {
    return (place + 2) & (this.table.length - 1)
  }

  private grow(): void {
    const old = this.table
    this.table = new Int32Array(2 * old.length)
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue
      let place = this.first(old[from + 1] as number)
      while (this.table[place] !== 0) place = this.behind(place)
      this.table[place] = old[from] as number
      this.table[place + 1] = old[from + 1] as number
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
