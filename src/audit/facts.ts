import { measure } from '../init/measure.js'
import type { Moments, Tensor, Values } from '../types.js'
import { check, mix } from './blocks.js'
import { type Open, type Piece, pieces } from './heldNumbers.js'
import { surprise } from './surprise.js'

/** What one pass over a tensor's numbers tells. */
export interface Facts {
  readonly tensor: Tensor
  readonly moments: Moments
  /** The same for the same numbers in any order. */
  readonly sum: string
  /** Elements that differ from the one before, counted up to ENOUGH_CHANGES: what is piecewise constant has few. */
  readonly changes: number
}

/** What a tensor of the input tells on top. */
export interface InputFacts extends Facts {
  /** Bits that it says, as many as `enough`; without order (types of 8 bits and fewer), else null. */
  readonly bits: number
  readonly unordered: number | null
}

const ENOUGH_CHANGES = 64

/** Whether numbers were drawn one by one: what stands in a few constant pieces (gates of a bias) goes together with anything of that form. */
export const isVaried = ({ tensor, changes }: Facts): boolean => changes >= Math.min(ENOUGH_CHANGES, tensor.elementCount / 2)

export function factsOf(tensor: Tensor, open: Open): Facts {
  return pass(tensor, open, () => undefined)
}

export function inputFactsOf(tensor: Tensor, open: Open, enough: number): InputFacts {
  const { of, unordered } = surprise(tensor, open)
  let bits = 0
  const facts = pass(tensor, open, (bytes, count) => {
    if (bits < enough) bits += of(bytes, count, enough - bits)
  })
  return { ...facts, bits, unordered }
}

function pass(tensor: Tensor, open: Open, on: (bytes: Uint8Array, count: number) => void): Facts {
  const statistics = measure()
  let [first, second, changes] = [0, 0, 0]
  let last = Number.NaN
  for (const { bytes, values } of pieces(tensor, open)) {
    on(bytes, values.length)
    statistics.add(values)
    const words = new Uint32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
    ;[first, second] = values.BYTES_PER_ELEMENT === 4 ? sumOf(words, first, second) : sumOfPairs(words, first, second)
    for (let i = 0; i < values.length && changes < ENOUGH_CHANGES; i++) {
      const value = values[i] as number
      if (value !== last) changes++
      last = value
    }
  }
  return { tensor, moments: statistics.finish(), sum: `${first >>> 0} ${second >>> 0} ${tensor.elementCount}`, changes }
}

type Sums = [first: number, second: number]

/** Sums of hashes: order does not count. −0 is 0. */
function sumOf(words: Uint32Array, first: number, second: number): Sums {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] === 0x80000000 ? 0 : (words[i] as number)
    const mixed = mix(word)
    first = (first + mixed) | 0
    second = (second + Math.imul(mixed ^ (mixed >>> 13), word | 1)) | 0
  }
  return [first, second]
}

function sumOfPairs(words: Uint32Array, first: number, second: number): Sums {
  for (let i = 0; i < words.length; i += 2) {
    const [low, high] = [words[i] as number, words[i + 1] as number]
    first = (first + mix(check(low, high))) | 0
    second = (second + check(high, low)) | 0
  }
  return [first, second]
}

/** Numbers that people write: up to four significant digits. */
const DIGITS = 4

/** Whether a value of a short list is a number that somebody chose: 0, 1, 1e-5, 0.485. */
export function isRound(value: number, dataType: string): boolean {
  const rounded = Number(value.toPrecision(DIGITS))
  return dataType === 'DOUBLE' ? rounded === value : Math.fround(rounded) === value
}

/** The first values of a tensor that has some, copied. */
export function fewValues(tensor: Tensor, open: Open): Values {
  const { values } = pieces(tensor, open).next().value as Piece
  return values.slice()
}
