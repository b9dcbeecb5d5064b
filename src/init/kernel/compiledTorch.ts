import type { Kernel } from './kernel.js'
import { RESERVED } from './kernel.js'

/** Elements of a call. */
const CHUNK = 4096

/**
 * Blocks of 16 uniforms (a whole number, in `values`) become torch's normals in place; `again` does a block that float64 cannot decide, one
 * in a million.
 */
export function compiledNormals(
  kernel: Kernel,
  values: Float32Array,
  mean: number,
  std: number,
  again: (block: Float32Array) => void,
): void {
  const scratch = new Float32Array(kernel.memory.buffer, RESERVED, CHUNK)
  const doubts = new Uint32Array(kernel.memory.buffer, RESERVED + 4 * CHUNK, CHUNK / 16)
  for (let start = 0; start < values.length; start += CHUNK) {
    const part = values.subarray(start, start + CHUNK)
    scratch.set(part)
    const count = kernel.torchNormal(RESERVED, part.length / 16, mean, std, RESERVED + 4 * CHUNK)
    part.set(scratch.subarray(0, part.length))
    for (const block of doubts.subarray(0, count)) again(part.subarray(16 * block, 16 * block + 16))
  }
}
