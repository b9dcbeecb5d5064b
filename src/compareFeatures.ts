import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Features } from './head/featuresOf.js'
import { probedCopy } from './onnx/probedCopy.js'
import { runInputs } from './onnx/runInputs.js'
import { probeModel } from './probeModel.js'
import { readModel } from './readModel.js'
import type { ReinitOptions } from './reports.js'
import { refusedMemory } from './run/refusedMemory.js'
import type { FeatureComparison, Model, Probe, ProbedValue, Staged } from './types.js'
import { writePlan } from './writePlan.js'

/**
 * Are the values that enter a head (and outputs beside it), in the staged model, those of the input model, to the bit? Copies of both in which
 * they are outputs run with the same inputs, without graph optimizations: a fusion with what is behind could round otherwise. `byteLength`: of
 * either, data included.
 * @throws ReinitError as writePlan and probeModel do.
 */
export async function compareFeatures(
  model: Model,
  staged: Staged,
  byteLength: number,
  { names, changed }: Features,
  options: ReinitOptions,
): Promise<FeatureComparison> {
  if (changed !== null) return { status: 'not-compared', values: [], message: changed }
  const probe = async (of: Model, place: 'after' | 'before', attempt?: number): Promise<Probe> => {
    const folder = join(staged.folder, `.${place}`)
    mkdirSync(folder, { recursive: true })
    const copy = await writePlan(probedCopy(of, names, folder), of, options.signal ? { signal: options.signal } : {})
    try {
      const given = attempt === undefined ? options : { ...options, attempt }
      return await probeModel({ path: copy.modelPath, byteLength, inputs: runInputs(of) }, names, given)
    } finally {
      copy.discard()
    }
  }
  const result = readModel(staged.modelPath)
  try {
    // both at once where there is room: the input model's attempt is mostly the same
    const hasRoom = refusedMemory(2 * byteLength, {}) === null
    const [after, guess] = await Promise.all([probe(result, 'after'), hasRoom ? probe(model, 'before') : null])
    if (after.kind === 'none') return { status: 'not-compared', values: [], message: after.message }
    // a sequence or a map has no bytes to compare
    const values = after.values.flatMap(({ name, dataType, shape, sha256 }) => (sha256 === null ? [] : [{ name, dataType, shape }]))
    const before = guess?.kind === 'ran' && guess.attempt === after.attempt ? guess : await probe(model, 'before', after.attempt)
    if (before.kind === 'none') return { status: 'not-compared', values, message: `the input model: ${before.message}` }
    const pair = differing(after.values, before.values)
    if (!pair && values.length === 0) return { status: 'not-compared', values, message: 'the runtime hands out none of their bytes' }
    if (!pair) return { status: 'equal', values }
    const again = await probe(model, 'before', after.attempt)
    if (again.kind === 'ran' && differing(again.values, before.values))
      return { status: 'not-compared', values, message: `${JSON.stringify(pair[0].name)} of the input model is another at every run` }
    const [name, was, is] = [JSON.stringify(pair[0].name), described(pair[1]), described(pair[0])]
    return { status: 'different', values, message: `${name}, in front of the head, was ${was} and is ${is} now, of the same inputs` }
  } finally {
    result.close()
  }
}

/** The first two values of one name that have not the same bytes. */
function differing(after: readonly ProbedValue[], before: readonly ProbedValue[]): readonly [ProbedValue, ProbedValue] | null {
  for (const [i, value] of after.entries()) {
    const other = before[i] as ProbedValue
    if (value.sha256 !== other.sha256 || value.dataType !== other.dataType || `${value.shape}` !== `${other.shape}`) return [value, other]
  }
  return null
}

/** FLOAT [1, 512] with mean 0.12 and deviation 1.3. */
function described({ dataType, shape, mean, std }: ProbedValue): string {
  const moments = mean === null || std === null ? '' : ` with mean ${mean} and deviation ${std}`
  return `${dataType} [${shape.join(', ')}]${moments}`
}
