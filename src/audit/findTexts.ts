import { Window } from '../bytes/source.js'
import type { AuditClaims, Model } from '../types.js'
import type { Texts } from './findRuns.js'
import { eachText } from './heldStrings.js'
import type { Stream } from './scanBytes.js'

/** A piece of the input's text that stands in the output. */
export interface FoundText {
  readonly text: string
  readonly stream: Stream
  readonly at: number
}

export interface TextSearch extends Texts {
  /** How many pieces are looked for. */
  readonly count: number
  readonly found: readonly FoundText[]
}

/** Text is looked for line by line, of long lines so many bytes at a time. */
const PIECE = 64
/** Shorter pieces are words of any language. */
const FEWEST = 6
/** log₂ of one in a million. */
const CHANCE_BITS = 20
/** Beyond, all has been said. */
const MOST_FOUND = 1000

/**
 * What of the input's text must not stand in the output: what is said about the model (`strings`), names that were replaced (`renamed`).
 * Text about the model may be equal to a name or a setting of the graph, which stays: in those fields of the output it is no find. Nor is it in
 * bytes of the model that say nothing: words of a skeleton's recipe.
 */
export function findTexts(
  before: Model,
  after: Model,
  byteLength: number,
  claims: Pick<AuditClaims, 'strings' | 'keptStrings' | 'renamed'>,
  read: (stream: Stream, start: number, end: number) => Uint8Array,
  saysNothing: (start: number, end: number) => boolean,
): TextSearch {
  const about = new Set<string>()
  if (claims.strings !== false) {
    const window = new Window(before.source)
    eachText(before, (kind, start, end) => {
      if (kind === 'about') for (const piece of piecesOf(Buffer.from(window.slice(start, end)))) about.add(piece)
    })
    for (const text of claims.keptStrings ?? []) for (const piece of piecesOf(Buffer.from(text))) about.delete(piece)
  }
  const names = new Set((claims.renamed ?? []).flatMap((name) => piecesOf(Buffer.from(name))))
  const all = new Set([...about, ...names])
  const fewest = Math.max(FEWEST, Math.ceil((CHANCE_BITS + Math.log2(Math.max(1, byteLength)) + Math.log2(all.size + 1)) / 8))
  const byStart = new Map<number, Buffer[]>()
  const starts = new Uint8Array(1 << 16)
  for (const piece of all) {
    const bytes = Buffer.from(piece, 'latin1')
    if (bytes.length < fewest) continue
    const word = bytes.readUInt32LE(0)
    byStart.set(word, [...(byStart.get(word) ?? []), bytes])
    starts[word & 0xffff] = 1
  }
  const stays = spansOf(after)
  const found: FoundText[] = []
  return {
    count: all.size,
    starts,
    found,
    onText(stream, word, at) {
      for (const bytes of byStart.get(word) ?? []) {
        const end = at + bytes.length
        if (end > stream.source.byteLength || found.length >= MOST_FOUND) continue
        if (Buffer.compare(read(stream, at, end), bytes) !== 0) continue
        const piece = bytes.toString('latin1')
        // what a name may say, a doc string may have said before
        if (stream.file === '' && stream.tensor === null && (stays(at, end, names.has(piece)) || saysNothing(at, end))) continue
        found.push({ text: bytes.toString(), stream, at })
      }
    },
  }
}

/** Lines without the space around them, in pieces of PIECE bytes; one character a byte. */
function piecesOf(bytes: Buffer): string[] {
  const lines = bytes.toString('latin1').split(/[\r\n]+/)
  return lines.flatMap((line) => {
    const trimmed = line.trim()
    const pieces: string[] = []
    for (let at = 0; at < trimmed.length; at += PIECE) pieces.push(trimmed.slice(at, at + PIECE))
    return pieces.filter((piece) => piece.length >= FEWEST)
  })
}

/** Whether bytes of the model lie in a field that says what the graph does or, where names are not what is looked for, names a part of it. */
function spansOf(model: Model): (start: number, end: number, isName: boolean) => boolean {
  const [starts, ends, kinds]: [number[], number[], boolean[]] = [[], [], []]
  eachText(model, (kind, start, end) => {
    if (kind === 'about') return
    starts.push(start)
    ends.push(end)
    kinds.push(kind === 'name')
  })
  return (start, end, isName) => {
    let [low, high] = [0, starts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((starts[middle] as number) <= start) low = middle + 1
      else high = middle
    }
    const i = low - 1
    return i >= 0 && end <= (ends[i] as number) && !(isName && kinds[i] === true)
  }
}
