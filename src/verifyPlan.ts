import { createHash, type Hash } from 'node:crypto'
import { join } from 'node:path'
import { compareFile } from './bytes/compareFile.js'
import { FilePool } from './bytes/filePool.js'
import { FileWindow } from './bytes/fileWindow.js'
import { ioError } from './bytes/ioError.js'
import { pacer, type WorkOptions } from './bytes/pacer.js'
import { plannedBytes } from './bytes/plannedBytes.js'
import { refuseChanged } from './bytes/sourceFile.js'
import type { Fill } from './init/fill.js'
import { accumulate } from './init/statistics.js'
import { compareMoved } from './onnx/compareMoved.js'
import { codecs } from './onnx/values/dataTypes.js'
import { CHUNK_ELEMENTS, drawPass, drawValues } from './onnx/drawValues.js'
import { graphPlace } from './onnx/graphPlace.js'
import { pathIn } from './onnx/external/modelFiles.js'
import { plainName } from './onnx/external/plainName.js'
import { proofPacker } from './onnx/packedProof.js'
import { sourcesOf } from './onnx/placesOf.js'
import { partPass } from './onnx/quantized/partPass.js'
import { verifyPart, type Versions } from './onnx/quantized/verifyPart.js'
import { elementReader, type ElementReader } from './onnx/values/readValues.js'
import { changedTensor } from './onnx/read/storedTensor.js'
import type { FillTarget, Model, Moments, Plan, Staged, Tensor, Verification, VerifiedFill } from './types.js'

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
  options: WorkOptions & { readonly digests?: boolean } = {},
): Promise<Verification> {
  const files = new FilePool((path) => new FileWindow(path))
  let written: Model | null = null
  try {
    const drawn = plan.fills.reduce((sum, f) => sum + f.target.elementCount * codecs[f.target.dataType].byteLength, 0)
    const total = drawn + plannedBytes(plan)
    const pace = pacer('verify', total, options)
    written = isSpliced(plan, staged) ? readModel(staged.modelPath) : null
    const pairs = written ? pairTensors(plan, model, written) : []
    let difference = written && differentTensors(pairs, written, plan.isRenamed ?? false)
    for (const [i, file] of plan.files.entries()) difference ??= await compareFile(file, staged.files[i] as string, files, pace)
    const newTensors = new Map(pairs)
    const fills: VerifiedFill[] = []
    const packed = proofPacker()
    const make = drawPass(model)
    const parts = partPass(model, make)
    const versions: Versions = {
      before: (file) => files.get(pathIn(model, file)),
      after: (file) => files.get(file === '' ? staged.modelPath : join(staged.folder, plainName(file))),
      written: (tensor) => newTensors.get(tensor) ?? tensor,
    }
    if (written) difference ??= await compareMoved(keptPairs(plan, model, written, pairs), versions.before, versions.after, pace)
    if (difference !== null) return { identicalOutside: false, difference, fills: [] }
    const decoded = new Float32Array(CHUNK_ELEMENTS)
    for (const fill of plan.fills) {
      const { tensor } = fill.weight
      const old = fill.change?.from ?? tensor
      if (fill.part) {
        fills.push(await verifyPart(fill, fill.part, make, parts, versions, pace))
        continue
      }
      const before = elementReader(old, versions.before)
      const after = elementReader(versions.written(tensor), versions.after)
      const hash = options.digests === false ? null : createHash('sha256')
      const was = { read: before, elementCount: old.elementCount }
      fills.push(packed(await verifyFill(make(fill), fill.target, was, after, decoded, hash, pace)))
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

/** Every tensor that should be there, with the one that is: new ones by their name, the others in the order of the input's. */
function pairTensors({ fills, edits = [], removed = [] }: Plan, model: Model, written: Model): [Tensor, Tensor | undefined][] {
  const resized = new Map([
    ...fills.flatMap(({ change, weight }) => (change?.kind === 'resize' ? [[change.from, weight.tensor] as const] : [])),
    ...edits.map(({ tensor, dims, after }) => [tensor, after ?? changedTensor(tensor, { dims })] as const),
  ])
  const added = new Map(fills.flatMap(({ change, weight }) => (change?.kind === 'insert' ? [[keyOf(weight.tensor), weight.tensor]] : [])))
  const gone = new Set(removed)
  const others = written.tensors.filter((t) => !added.has(keyOf(t)))
  const found = new Map(written.tensors.map((t) => [keyOf(t), t]))
  return [
    ...model.tensors.filter((t) => !gone.has(t)).map((t, i): [Tensor, Tensor | undefined] => [resized.get(t) ?? t, others[i]]),
    ...[...added].map(([key, t]): [Tensor, Tensor | undefined] => [t, found.get(key)]),
  ]
}

/** Tensors of the input that keep their values, those in attributes too, with the result's. */
function keptPairs({ fills, removed = [] }: Plan, model: Model, written: Model, pairs: readonly [Tensor, Tensor | undefined][]) {
  const gone = new Set(removed)
  const filled = new Set(fills.map((f) => f.weight.tensor))
  const own = new Set(model.tensors)
  const unlisted = (model.unlisted ?? []).filter((t) => !gone.has(t)).map((t, i) => [t, written.unlisted?.[i]] as const)
  return [...pairs.filter(([t]) => own.has(t) && !filled.has(t)), ...unlisted]
}

const keyOf = ({ graph, name }: Tensor) => `${graphPlace(graph)}\0${name}`

function differentTensors(pairs: readonly [Tensor, Tensor | undefined][], { tensors }: Model, isRenamed: boolean): string | null {
  if (tensors.length !== pairs.length) return `${pairs.length} tensors should be there, the output has ${tensors.length}`
  for (const [should, is] of pairs)
    if (!is || form(should) !== form(is) || !(isRenamed || keyOf(should) === keyOf(is)))
      return `the input's ${shown(should)} is ${is ? shown(is) : 'not'} in the output`
  return null
}

const shown = (tensor: Tensor) =>
  `tensor ${JSON.stringify(tensor.name)}${tensor.graph.scope && ` of ${tensor.graph.scope}`} (${form(tensor)})`
const form = ({ dataType, dims }: Tensor) => `${dataType} [${dims}]`

async function verifyFill(
  { filler, distribution, structure }: Fill,
  target: FillTarget,
  before: { readonly read: ElementReader; readonly elementCount: number },
  after: ElementReader,
  decoded: Float32Array,
  hash: Hash | null,
  pace: (bytes: number) => Promise<void>,
): Promise<VerifiedFill & { readonly before: Moments }> {
  const { dataType, elementCount } = target
  const { encode, decode } = codecs[dataType]
  const [old, now] = [accumulate(null, dataType, before.elementCount), accumulate(distribution, dataType, elementCount, structure)]
  let redrawn = true
  let element = 0
  for (const values of drawValues(filler, target)) {
    const end = element + values.length
    if (element < before.elementCount) old.add(decode(before.read(element, Math.min(end, before.elementCount)), decoded))
    const bytes = after(element, end)
    redrawn &&= Buffer.compare(bytes, encode(values)) === 0
    hash?.update(bytes)
    now.add(decode(bytes, decoded))
    element = end
    await pace(bytes.length)
  }
  for (; element < before.elementCount; element += CHUNK_ELEMENTS)
    old.add(decode(before.read(element, Math.min(element + CHUNK_ELEMENTS, before.elementCount)), decoded))
  const { moments, checks } = now.finish()
  return { before: old.finish().moments, after: moments, checks, sha256: hash?.digest('hex') ?? null, redrawn }
}
