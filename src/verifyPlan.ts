import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { compareFile } from './bytes/compareFile.js'
import { FilePool } from './bytes/filePool.js'
import { FileWindow } from './bytes/fileWindow.js'
import { ioError } from './bytes/ioError.js'
import { pacer, type WorkOptions } from './bytes/pacer.js'
import { refuseChanged } from './bytes/sourceFile.js'
import type { Fill } from './init/makeFill.js'
import { accumulate } from './init/statistics.js'
import { codecs } from './onnx/dataTypes.js'
import { CHUNK_ELEMENTS, drawPass, drawValues } from './onnx/drawValues.js'
import { plainName } from './onnx/placeData.js'
import { sourcesOf } from './onnx/placesOf.js'
import { elementReader, type ElementReader } from './onnx/readValues.js'
import type { FillTarget, Model, Plan, Staged, Tensor, Verification, VerifiedFill } from './types.js'

/**
 * Proves what is staged: every byte outside the drawn values is the source's or the plan's, and the values read back are what a second draw
 * gives, with the moments and the tests of the distribution they should have. Where lengths changed, the staged model is indexed anew by
 * `readModel`, so that values are found by the file's own account of itself and not by the plan's arithmetic. Memory is constant.
 * @throws ReinitError `io` where a file can't be read, or the input changed meanwhile; `invalid` where the staged model can't be indexed.
 */
export async function verifyPlan(
  plan: Plan,
  model: Model,
  staged: Staged,
  readModel: (path: string) => Model,
  options: WorkOptions = {},
): Promise<Verification> {
  const files = new FilePool((path) => new FileWindow(path))
  let written: Model | null = null
  try {
    const drawn = plan.fills.reduce((sum, f) => sum + f.target.elementCount * codecs[f.target.dataType].byteLength, 0)
    const total = plan.files.reduce((sum, f) => sum + f.byteLength, drawn)
    const pace = pacer('verify', total, options)
    written = isSpliced(plan, staged) ? readModel(staged.modelPath) : null
    let difference = written && differentTensors(model, written)
    for (const [i, file] of plan.files.entries()) difference ??= await compareFile(file, staged.files[i] as string, files, pace)
    if (difference !== null) return { identicalOutside: false, difference, fills: [] }
    const newTensors = new Map(written ? model.tensors.map((t, i) => [t, written?.tensors[i] ?? t]) : [])
    const fills: VerifiedFill[] = []
    const make = drawPass(model)
    const decoded = new Float32Array(CHUNK_ELEMENTS)
    for (const fill of plan.fills) {
      const old = fill.weight.tensor
      const before = elementReader(old, (file) => files.get(file === '' ? model.path : (model.externalFiles.get(file)?.path ?? file)))
      const after = elementReader(newTensors.get(old) ?? old, (file) =>
        files.get(file === '' ? staged.modelPath : join(staged.folder, plainName(file))),
      )
      fills.push(await verifyFill(make(fill), fill.target, before, after, decoded, pace))
    }
    refuseChanged(sourcesOf(plan))
    return { identicalOutside: true, difference: null, fills }
  } catch (error) {
    throw ioError(error, `${plan.output ?? 'The output'} can't be verified`)
  } finally {
    files.close()
    written?.close()
  }
}

/** Whether the model's own fields are changed, and not only values in their places. */
function isSpliced(plan: Plan, staged: Staged): boolean {
  const patches = plan.files.find((_, i) => staged.files[i] === staged.modelPath)?.patches ?? []
  return patches.some((p) => p.content.kind !== 'values' || p.byteLength !== p.end - p.start)
}

function differentTensors(before: Model, after: Model): string | null {
  if (before.tensors.length !== after.tensors.length)
    return `the input has ${before.tensors.length} tensors, the output ${after.tensors.length}`
  for (const [i, a] of before.tensors.entries()) {
    const [was, is] = [shown(a), shown(after.tensors[i] as Tensor)]
    if (was !== is) return `the input's ${was} is ${is} in the output`
  }
  return null
}

const shown = ({ graph, name, dataType, dims }: Tensor) =>
  `tensor ${JSON.stringify(name)}${graph.scope && ` of ${graph.scope}`} (${dataType} [${dims}])`

async function verifyFill(
  { filler, distribution, structure }: Fill,
  target: FillTarget,
  before: ElementReader,
  after: ElementReader,
  decoded: Float32Array,
  pace: (bytes: number) => Promise<void>,
): Promise<VerifiedFill> {
  const { dataType, elementCount } = target
  const { encode, decode } = codecs[dataType]
  const [old, now] = [accumulate(null, dataType, elementCount), accumulate(distribution, dataType, elementCount, structure)]
  const hash = createHash('sha256')
  let redrawn = true
  let element = 0
  for (const values of drawValues(filler, target)) {
    const end = element + values.length
    old.add(decode(before(element, end), decoded))
    const bytes = after(element, end)
    redrawn &&= Buffer.compare(bytes, encode(values)) === 0
    hash.update(bytes)
    now.add(decode(bytes, decoded))
    element = end
    await pace(bytes.length)
  }
  const { moments, checks } = now.finish()
  return { before: old.finish().moments, after: moments, checks, sha256: hash.digest('hex'), redrawn }
}
