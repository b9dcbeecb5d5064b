import type { Values } from '../types.js'
import { compiledDraw } from './kernel/compiledDraw.js'
import { kernel } from './kernel/kernel.js'
import type { Stream } from './philox.js'
import { plainDraw, type Transform } from './plainDraw.js'

/** Elements start … start + out.length of a stream; any chunking gives the same values, compiled or not. plainDraw.ts says which. */
export function draw(source: Stream, transform: Transform, out: Values, start: number): void {
  const compiled = kernel()
  if (compiled === null) plainDraw(source, transform, out, start)
  else compiledDraw(compiled, source, transform, out, start)
}
