import type { Model, Tensor } from '../types.js'
import { eachText } from './heldStrings.js'
import type { Stream } from './scanBytes.js'

/** What a byte of the output is part of. */
export type Place = { readonly tensor: Tensor | null; readonly words: string }

/** Tells what bytes of the output are part of: which tensor's values, text about the model, or nothing that a tensor points at. */
export function placesIn(after: Model, tensors: readonly Tensor[]): (stream: Stream, at: number) => Place {
  const byFile = new Map<string, Spans<Tensor | null>>()
  const spansOf = (file: string) => {
    const spans = byFile.get(file) ?? new Spans<Tensor | null>()
    byFile.set(file, spans)
    return spans
  }
  for (const tensor of tensors)
    if (tensor.elements.kind === 'stored') for (const { file, start, end } of tensor.elements.ranges) spansOf(file).add(start, end, tensor)
  eachText(after, (kind, start, end) => {
    if (kind === 'about') spansOf('').add(start, end, null)
  })
  return ({ file, tensor: decoded }, at) => {
    if (decoded) return { tensor: decoded, words: `in tensor ${JSON.stringify(decoded.name)}` }
    const found = byFile.get(file)?.at(at)
    if (found === undefined) return { tensor: null, words: file === '' ? 'outside of every tensor' : 'where no tensor is' }
    return found
      ? { tensor: found, words: `in tensor ${JSON.stringify(found.name)}` }
      : { tensor: null, words: 'in a doc string or metadata' }
  }
}

/** Spans of a file, by where they start. */
class Spans<T> {
  private spans: { readonly start: number; readonly end: number; readonly of: T }[] = []
  private isSorted = true

  add(start: number, end: number, of: T): void {
    this.spans.push({ start, end, of })
    this.isSorted = false
  }

  /** What the innermost span that holds a byte is of; undefined: none does. */
  at(byte: number): T | undefined {
    if (!this.isSorted) this.spans.sort((a, b) => a.start - b.start)
    this.isSorted = true
    let [low, high] = [0, this.spans.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.spans[middle]?.start ?? 0) <= byte) low = middle + 1
      else high = middle
    }
    const span = this.spans[low - 1]
    return span && byte < span.end ? span.of : undefined
  }
}
