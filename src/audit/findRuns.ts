import { elementReader } from '../onnx/values/readValues.js'
import type { ByteSource, Tensor } from '../types.js'
import { blockFilter, MAX_BLOCKS } from './blockFilter.js'
import { type Blocks, eachBlock, RUN } from './blocks.js'
import { Candidates } from './candidates.js'
import type { Open } from './heldNumbers.js'
import { type Sought, scanBytes, type Stream } from './scanBytes.js'
import { type Surprise, surprise } from './surprise.js'

/** Elements [start, end) of a tensor of the input that stand at a byte of the output. */
export interface Run {
  readonly tensor: Tensor
  readonly start: number
  readonly end: number
  readonly stream: Stream
  readonly at: number
}

export interface Files {
  /** The input's bytes, for reading on: through a buffer. */
  readonly before: Open
  /** And for looking here and there. */
  readonly beforeAt: Open
  /** What the output's bytes are. */
  readonly streams: readonly Stream[]
  /** A stream's bytes for looking here and there. */
  readonly streamAt: (stream: Stream) => ByteSource
}

/** Text that is looked for in the same pass over the bytes. */
export interface Texts {
  readonly starts: Uint8Array
  onText(this: void, stream: Stream, word: number, at: number): void
}

/** Bytes compared at a time where equal bytes are followed. */
const STEP = 1 << 12
/** Places of one block that are followed, distances that are remembered, times a tensor's own length that is followed, and runs found in all:
 * beyond, all has been said. */
const MOST_PLACES = 16
const MOST_KNOWN = 256
const MOST_FOLLOWED = 8
const MOST_RUNS = 100_000

/**
 * Runs of tensors that stand anywhere in the output's bytes: RUN equal elements or more, as many as say `needed` bits. Blocks of all tensors
 * go into a filter, every byte of the output is looked up in it, and what it knows is looked at in the input again: two passes over the
 * input, one over the output (for more than MAX_BLOCKS blocks one for each so many).
 */
export async function findRuns(
  wanted: readonly Blocks[],
  files: Files,
  needed: number,
  texts: Texts | null,
  pace: (bytes: number) => Promise<void>,
): Promise<Run[]> {
  const runs: Run[] = []
  const rounds = roundsOf(wanted)
  for (const [i, round] of rounds.entries()) {
    const candidates = new Candidates()
    const filters = { two: await filterOf(round, 2, files, pace), four: await filterOf(round, 4, files, pace) }
    for (const [index, stream] of files.streams.entries()) {
      const sought: Sought = {
        ...filters,
        starts: i === 0 && texts ? texts.starts : null,
        onBlock: (second, at) => candidates.add(second, index, at),
        onText: (word, at) => texts?.onText(stream, word, at),
      }
      await scanBytes(stream, sought, pace)
    }
    if (candidates.length === 0) continue
    candidates.index()
    for (const blocks of round) {
      follow(blocks, candidates, files, needed, runs)
      await pace(blocks.byteLength)
    }
  }
  return runs
}

function roundsOf(wanted: readonly Blocks[]): Blocks[][] {
  const rounds: Blocks[][] = [[]]
  let count = 0
  for (const blocks of wanted) {
    const more = blocks.byteLength / blocks.step
    if (count + more > MAX_BLOCKS && count > 0) {
      rounds.push([])
      count = 0
    }
    count += more
    rounds.at(-1)?.push(blocks)
  }
  return rounds
}

async function filterOf(round: readonly Blocks[], words: 2 | 4, { before }: Files, pace: (bytes: number) => Promise<void>) {
  const own = round.filter((blocks) => blocks.words === words)
  if (own.length === 0) return null
  const filter = blockFilter(own.reduce((sum, { byteLength, step }) => sum + byteLength / step, 0))
  const { plausible } = filter
  for (const blocks of own) {
    eachBlock(blocks, before, (_, first, second, a, b, c, d) => {
      filter.add(first, second)
      plausible[a >>> 20] = plausible[b >>> 20] = plausible[c >>> 20] = plausible[d >>> 20] = 1
    })
    await pace(blocks.byteLength)
  }
  return filter
}

/** The runs of one tensor. */
function follow(blocks: Blocks, candidates: Candidates, files: Files, needed: number, runs: Run[]): void {
  const { tensor, bits, words, byteLength } = blocks
  const unit = Math.max(1, bits / 8)
  const read = elementReader(tensor, files.beforeAt)
  const bytesOf = (start: number, end: number) => {
    const from = Math.floor(start / unit)
    const bytes = read(from, Math.ceil(end / unit))
    return bytes.subarray(start - from * unit, end - from * unit)
  }
  let says: Surprise | undefined
  const surpriseOf = () => (says ??= surprise(tensor, files.beforeAt))
  /** Where equal bytes end, by stream and distance. */
  const done = new Map<string, number>()
  let left = MOST_FOLLOWED * byteLength + STEP
  const size = 4 * words
  eachBlock(blocks, files.before, (at, _, second) => {
    if (left <= 0) return
    candidates.each(second, MOST_PLACES, (index, place) => {
      const key = `${index} ${place - at}`
      if ((done.get(key) ?? -1) > at || left <= 0 || runs.length >= MOST_RUNS) return
      const stream = files.streams[index] as Stream
      const there = files.streamAt(stream)
      if (place + size > there.byteLength || Buffer.compare(bytesOf(at, at + size), there.read(place, place + size)) !== 0) return
      const back = equalBefore(bytesOf, at, there, place)
      const on = equalFrom(bytesOf, at, byteLength, there, place)
      left -= back + on
      if (done.size >= MOST_KNOWN) done.delete(done.keys().next().value as string)
      done.set(key, at + on)
      const first = Math.ceil(((at - back) * 8) / bits)
      const last = Math.min(tensor.elementCount, Math.floor(((at + on) * 8) / bits))
      if (last - first < RUN || !saysEnough(surpriseOf(), bytesOf, first, last, bits, needed)) return
      runs.push({ tensor, start: first, end: last, stream, at: place - at + Math.floor((first * bits) / 8) })
    })
  })
}

type BytesOf = (start: number, end: number) => Uint8Array

/** How many bytes before both places are equal. */
function equalBefore(bytesOf: BytesOf, at: number, there: ByteSource, place: number): number {
  for (let back = 0; ; ) {
    const size = Math.min(STEP, at - back, place - back)
    if (size <= 0) return back
    // a copy: the two may be read through one buffer
    const a = Uint8Array.from(bytesOf(at - back - size, at - back))
    const b = there.read(place - back - size, place - back)
    let k = 0
    while (k < size && a[size - 1 - k] === b[size - 1 - k]) k++
    back += k
    if (k < size) return back
  }
}

/** How many bytes from both places on are equal. */
function equalFrom(bytesOf: BytesOf, at: number, end: number, there: ByteSource, place: number): number {
  for (let on = 0; ; ) {
    const size = Math.min(on === 0 ? STEP : CHUNK, end - at - on, there.byteLength - place - on)
    if (size <= 0) return on
    const a = Uint8Array.from(bytesOf(at + on, at + on + size))
    const b = there.read(place + on, place + on + size)
    let k = 0
    while (k < size && a[k] === b[k]) k++
    on += k
    if (k < size) return on
  }
}
const CHUNK = 1 << 18

/** Elements looked at a time: whole bytes of any type. */
const PIECE = 1 << 12

function saysEnough({ of }: Surprise, bytesOf: BytesOf, first: number, last: number, bits: number, needed: number): boolean {
  // below 8 bits: from the next whole byte on
  const perByte = bits < 8 ? 8 / bits : 1
  let sum = 0
  for (let start = Math.ceil(first / perByte) * perByte; start < last && sum < needed; start += PIECE) {
    const end = Math.min(last, start + PIECE)
    sum += of(bytesOf((start * bits) / 8, Math.ceil((end * bits) / 8)), end - start, needed - sum)
  }
  return sum >= needed
}
