import { makeFill } from '../init/makeFill.js'
import { measure } from '../init/measure.js'
import { stream } from '../init/philox.js'
import type { FillTarget, FramedPatch, LearnedAttribute, Model } from '../types.js'
import { freeTarget } from './freeTarget.js'
import { ownRange } from './ownRange.js'

/** An attribute's floats, each in its place, redrawn within the range of all of them: one of each feature's own would tell which is which. */
export function drawAttribute(model: Model, { floats, graph, name, attribute, frame }: LearnedAttribute, seed: bigint): FramedPatch[] {
  if (floats.length === 0) return []
  const runs = runsOf(floats)
  const bytes = runs.map(({ start, end }) => Uint8Array.from(model.source.read(start, end)))
  const views = bytes.map((b) => new DataView(b.buffer))
  const old = Float32Array.from(runs.flatMap(({ at, start }, i) => at.map((a) => (views[i] as DataView).getFloat32(a - start, true))))
  // a tree's leaves have no threshold, and get one: where they stand is known from their modes
  const learned = LEAVES.test(attribute.name) ? old.filter((v) => v !== 0) : old
  const values = within(
    learned,
    freeTarget({ dataType: 'FLOAT', scope: graph.scope, name, dims: [old.length], elementCount: old.length }),
    seed,
  )
  let next = 0
  return runs.map(({ at, start, end }, i) => {
    for (const a of at) (views[i] as DataView).setFloat32(a - start, values[next++] as number, true)
    return { start, end, byteLength: end - start, content: { kind: 'bytes', bytes: bytes[i] as Uint8Array }, frame }
  })
}

const LEAVES = /^nodes_(values|splits|hitrates)$/

interface Run {
  readonly start: number
  readonly end: number
  readonly at: readonly number[]
}

/** Tag and value of a float field of its own. */
const FIELD = 5
const WIDTH = 4

/** Floats that follow one another, with the tags between them: a list that is not packed has a million fields. */
function runsOf(floats: readonly number[]): Run[] {
  const runs: { start: number; end: number; at: number[] }[] = []
  for (const start of floats) {
    const last = runs.at(-1)
    if (last && start - last.end <= FIELD - WIDTH) {
      last.end = start + WIDTH
      last.at.push(start)
    } else runs.push({ start, end: start + WIDTH, at: [start] })
  }
  return runs
}

function within(old: Float32Array, target: FillTarget, seed: bigint): Float32Array {
  const all = measure()
  all.add(old.filter(Number.isFinite))
  const { mean, ...rest } = all.finish()
  const values = new Float32Array(target.elementCount)
  // all of them infinite, or leaves
  const moments = Number.isNaN(mean) ? { mean: 0, std: 0, min: 0, max: 0 } : { mean, ...rest }
  const { filler } = makeFill(ownRange(moments, 'FLOAT', stream(seed, target.scope, target.name, 'range')), target, seed)
  if (filler.access === 'random') filler.fill(values, 0)
  return values
}
