// torch's fills of one tensor, in the order of its elements, in any chunks.

import type { FloatType, Values } from '../../types.js'
import { roundTo } from '../roundTo.js'
import { fma32, fma64 } from './fma.js'
import { log, sinCos } from './float32.js'
import type { Generator } from './generator.js'

const f = Math.fround

/** The next out.length elements; over all calls exactly the tensor's. */
export type Next = (out: Values) => void

/** Tensor.uniform_(a, b): where rounding gives b, it is replaced by a. */
export function uniform(generator: Generator, dataType: FloatType, a: number, b: number): Next {
  if (dataType === 'DOUBLE') {
    return (out) => {
      for (let i = 0; i < out.length; i++) {
        const v = fma64(generator.uniform53(), b - a, a)
        out[i] = v === b ? a : v
      }
    }
  }
  const low = f(a)
  const width = f(f(b) - low)
  const [first, last] = [roundTo(dataType, low), roundTo(dataType, f(b))]
  return (out) => {
    for (let i = 0; i < out.length; i++) {
      const exact = fma32(generator.uniform24(), width, low)
      const v = dataType === 'FLOAT' ? exact : roundTo(dataType, exact)
      out[i] = v === last ? first : v
    }
  }
}

/** Elements that are transformed together; below that many, torch draws one by one. */
const BLOCK = 16
const HALF_BLOCK = 8

/** Tensor.normal_(mean, std) of `elementCount` elements. */
export function normal(generator: Generator, dataType: FloatType, elementCount: number, mean: number, std: number): Next {
  if (elementCount < BLOCK) return few(generator, dataType, mean, std)
  const block = dataType === 'DOUBLE' ? block64(generator, mean, std) : block32(generator, f(mean), f(std))
  const ragged = elementCount % BLOCK
  const fullBlocks = Math.floor(elementCount / BLOCK)
  const values = new Float64Array(BLOCK)
  let [blocks, at, end] = [0, 0, 0]
  const refill = () => {
    // the last 16 elements of a ragged tensor are drawn afresh, after the uniforms that were meant for the last few (half types draw none)
    if (blocks === fullBlocks)
      for (let i = 0; i < ragged; i++) {
        if (dataType === 'FLOAT') generator.uniform24()
        else if (dataType === 'DOUBLE') generator.uniform53()
      }
    block(values)
    blocks++
    at = 0
    end = blocks === fullBlocks && ragged > 0 ? ragged : BLOCK
  }
  return (out) => {
    for (let i = 0; i < out.length; i++) {
      if (at === end) refill()
      const v = values[at++] as number
      out[i] = dataType === 'FLOAT' || dataType === 'DOUBLE' ? v : roundTo(dataType, v)
    }
  }
}

const TWO_PI = f(2 * Math.PI)

function block32(generator: Generator, mean: number, std: number): (values: Float64Array) => void {
  return (x) => {
    for (let j = 0; j < BLOCK; j++) x[j] = generator.uniform24()
    for (let j = 0; j < HALF_BLOCK; j++) {
      const radius = f(Math.sqrt(f(-2 * log(f(1 - (x[j] as number))))))
      const [sine, cosine] = sinCos(f(TWO_PI * (x[j + HALF_BLOCK] as number)))
      x[j] = fma32(f(radius * cosine), std, mean)
      x[j + HALF_BLOCK] = fma32(f(radius * sine), std, mean)
    }
  }
}

function block64(generator: Generator, mean: number, std: number): (values: Float64Array) => void {
  return (x) => {
    for (let j = 0; j < BLOCK; j++) x[j] = generator.uniform53()
    for (let j = 0; j < HALF_BLOCK; j++) {
      const radius = Math.sqrt(-2 * Math.log(1 - (x[j] as number)))
      const angle = 2 * Math.PI * (x[j + HALF_BLOCK] as number)
      x[j] = fma64(radius * Math.cos(angle), std, mean)
      x[j + HALF_BLOCK] = fma64(radius * Math.sin(angle), std, mean)
    }
  }
}

/** Pairs in double, the second of which is kept for the next call, of another tensor too. */
function few(generator: Generator, dataType: FloatType, mean: number, std: number): Next {
  return (out) => {
    for (let i = 0; i < out.length; i++) {
      let z = generator.cachedNormal
      generator.cachedNormal = null
      if (z === null) {
        const angle = 2 * Math.PI * generator.uniform53()
        const radius = Math.sqrt(-2 * Math.log1p(-generator.uniform53()))
        z = radius * Math.cos(angle)
        generator.cachedNormal = radius * Math.sin(angle)
      }
      const v = fma64(z, std, mean)
      out[i] = dataType === 'DOUBLE' ? v : roundTo(dataType, f(v))
    }
  }
}

/** torch.randperm(n). */
export function randperm(generator: Generator, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  for (let i = 0; i < n - 1; i++) {
    const j = i + (generator.random() % (n - i))
    const kept = order[i] as number
    order[i] = order[j] as number
    order[j] = kept
  }
  return order
}
