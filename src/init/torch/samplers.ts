// torch's fills of one tensor, in the order of its elements, in any chunks.

import type { FloatType, Values } from '../../types.js'
import { compiledNormals } from '../kernel/compiledTorch.js'
import { type Kernel, kernel } from '../kernel/kernel.js'
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

/** Elements whose uniforms are drawn ahead of their transformation. */
const CHUNK = 4096

/** Tensor.normal_(mean, std) of `elementCount` elements. `compiled` does float32's blocks where there is one. */
export function normal(
  generator: Generator,
  dataType: FloatType,
  elementCount: number,
  mean: number,
  std: number,
  compiled: Kernel | null = kernel(),
): Next {
  if (elementCount < BLOCK) return few(generator, dataType, mean, std)
  const wide = dataType === 'DOUBLE'
  const isHalf = dataType === 'FLOAT16' || dataType === 'BFLOAT16'
  const buffer = wide ? new Float64Array(CHUNK) : new Float32Array(CHUNK)
  const uniforms = (count: number) => {
    for (let i = 0; i < count; i++) buffer[i] = wide ? generator.uniform53() : generator.uniform24()
  }
  const transform = transformOf(mean, std, compiled)
  const ragged = elementCount % BLOCK
  let blocks = Math.floor(elementCount / BLOCK)
  let [at, end] = [0, 0]
  const refill = () => {
    const last = blocks === 1 && ragged > 0
    const count = last ? 1 : Math.min(CHUNK / BLOCK, ragged > 0 ? blocks - 1 : blocks)
    // the last 16 elements of a ragged tensor are drawn afresh, after the uniforms that were meant for the last few (half types draw none)
    if (blocks === 0 && !isHalf) uniforms(ragged)
    const drawn = Math.max(1, count) * BLOCK
    uniforms(drawn)
    transform(buffer.subarray(0, drawn))
    blocks -= count
    at = 0
    end = last ? ragged : drawn
  }
  return (out) => {
    for (let done = 0; done < out.length; ) {
      if (at === end) refill()
      const part = buffer.subarray(at, Math.min(end, at + out.length - done))
      if (isHalf) for (let i = 0; i < part.length; i++) out[done + i] = roundTo(dataType, part[i] as number)
      else out.set(part, done)
      at += part.length
      done += part.length
    }
  }
}

function transformOf(mean: number, std: number, compiled: Kernel | null): (uniforms: Values) => void {
  const block = (x: Float32Array) => block32(x, f(mean), f(std))
  return (x) => {
    if (x instanceof Float32Array && compiled !== null) compiledNormals(compiled, x, f(mean), f(std), block)
    else
      for (let start = 0; start < x.length; start += BLOCK) {
        if (x instanceof Float32Array) block(x.subarray(start, start + BLOCK))
        else block64(x.subarray(start, start + BLOCK), mean, std)
      }
  }
}

const TWO_PI = f(2 * Math.PI)

/** 16 uniforms become normals. */
function block32(x: Float32Array, mean: number, std: number): void {
  for (let j = 0; j < HALF_BLOCK; j++) {
    const radius = f(Math.sqrt(f(-2 * log(f(1 - (x[j] as number))))))
    const [sine, cosine] = sinCos(f(TWO_PI * (x[j + HALF_BLOCK] as number)))
    x[j] = fma32(f(radius * cosine), std, mean)
    x[j + HALF_BLOCK] = fma32(f(radius * sine), std, mean)
  }
}

function block64(x: Float64Array, mean: number, std: number): void {
  for (let j = 0; j < HALF_BLOCK; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - (x[j] as number)))
    const angle = 2 * Math.PI * (x[j + HALF_BLOCK] as number)
    x[j] = fma64(radius * Math.cos(angle), std, mean)
    x[j + HALF_BLOCK] = fma64(radius * Math.sin(angle), std, mean)
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
