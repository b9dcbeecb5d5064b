import { type Kernel, kernel, RESERVED } from './kernel.js'

/** Values of a call. */
const CHUNK = 8192

/**
 * float32 to float16 or bfloat16 codes, nearest, ties to even, into `out`; NaN becomes a quiet NaN. false: there is no kernel, nothing is done.
 */
export function encodeCompiled(
  type: 'float16' | 'bfloat16',
  values: Float32Array,
  out: Uint16Array,
  compiled: Kernel | null = kernel(),
): boolean {
  if (compiled === null) return false
  const scratch = new Float32Array(compiled.memory.buffer, RESERVED, CHUNK)
  const codes = new Uint16Array(compiled.memory.buffer, RESERVED + 4 * CHUNK, CHUNK)
  for (let start = 0; start < values.length; start += CHUNK) {
    const part = values.subarray(start, start + CHUNK)
    scratch.set(part)
    compiled[type](RESERVED, Math.ceil(part.length / 8) * 8, RESERVED + 4 * CHUNK)
    out.set(codes.subarray(0, part.length), start)
  }
  return true
}
