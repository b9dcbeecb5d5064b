import type { Window } from '../bytes/source.js'
import { PackedNames } from './packedNames.js'

/** Names that are held as strings, which costs the least time; more of them would take the larger part of the memory that a model does. */
const FEW = 1 << 14

/** The names of a model, each once and by number, in the order in which they came. */
export class Names {
  private readonly texts: string[] = []
  private readonly numbers = new Map<string, number>()
  /** All of them, once they are many. */
  private packed: PackedNames | null = null

  /** The number of a name that stands at [start, end) of the file. */
  intern(window: Window, start: number, end: number): number {
    return this.packed === null ? this.internText(window.text(start, end)) : this.packed.intern(window, start, end)
  }

  /** The number of a text. */
  internText(text: string): number {
    if (this.packed !== null) return this.packed.internText(text)
    const known = this.numbers.get(text)
    if (known !== undefined) return known
    if (this.texts.length === FEW) return this.pack().internText(text)
    this.numbers.set(text, this.texts.length)
    return this.texts.push(text) - 1
  }

  /** −1: no name of the model. */
  numberOf(text: string): number {
    return this.packed === null ? (this.numbers.get(text) ?? -1) : this.packed.numberOf(text)
  }

  text(number: number): string {
    return this.packed === null ? (this.texts[number] as string) : this.packed.text(number)
  }

  isEmpty(number: number): boolean {
    return this.packed === null ? this.texts[number] === '' : this.packed.isEmpty(number)
  }

  private pack(): PackedNames {
    const packed = new PackedNames()
    for (const text of this.texts) packed.internText(text)
    this.texts.length = 0
    this.numbers.clear()
    return (this.packed = packed)
  }
}
