import type { Values } from '../../types.js'
import type { Stream } from '../philox.js'
import { inBlocks, type Transform } from '../plainDraw.js'
import { type Kernel, RESERVED } from './kernel.js'

/** Elements of a call: 32 KiB of results are still in the first-level cache when they are copied out. */
const CHUNK = 8192

/** plainDraw by the kernel, with the same values. */
export function compiledDraw(kernel: Kernel, { key, hash }: Stream, t: Transform, out: Values, start: number): void {
  const scratch = new Float32Array(kernel.memory.buffer, RESERVED, CHUNK)
  inBlocks(start, out.length, CHUNK, (block, skip, count, done) => {
    // the kernel takes sixteen blocks at a time
    const blocks = Math.ceil((skip + count) / 64) * 16
    const at = BigInt(block)
    if (t.kind === 'uniform') kernel.uniform(RESERVED, blocks, at, hash[0], hash[1], key[0], key[1], t.half, t.middle, t.low, t.high)
    else if (t.kind === 'normal') kernel.normal(RESERVED, blocks, at, hash[0], hash[1], key[0], key[1], t.mean, t.std)
    else {
      const { mean, std, low, high, left, steps, firsts } = t
      kernel.truncatedNormal(RESERVED, blocks, at, hash[0], hash[1], key[0], key[1], mean, std, low, high, left, ...steps, ...firsts)
    }
    out.set(skip === 0 && count === CHUNK ? scratch : scratch.subarray(skip, skip + count), done)
  })
}
