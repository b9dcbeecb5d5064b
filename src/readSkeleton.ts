import { invalid, usage } from './errors.js'
import { isScaleType, scaleCount } from './init/quantize.js'
import { isFloatType } from './onnx/values/dataTypes.js'
import { isLeftOut } from './onnx/read/readTensor.js'
import { storedUnits } from './onnx/values/readValues.js'
import { type ScannedField, scanFields } from './onnx/edit/scanFields.js'
import { has, type Json, key, list, number, parse, text, whole } from './skeleton/json.js'
import { readCodes, readDraw, refuseMisfit, refuseOtherZeros, weightOf, wholeElements } from './skeleton/readDraw.js'
import { recipeEntries } from './skeleton/recipeWords.js'
import type { Hole, Skeleton } from './skeleton/skeleton.js'
import { MAX_FACTORS, MAX_SCALES, MAX_WHOLE_ELEMENTS, SKELETON_KEY, SKELETON_VERSION } from './skeleton/skeletonRecipe.js'
import type { Codes, FloatType, Model, PlannedDraw, PlannedFill, QuantizedGroup, QuantizedPart, ScaleSource, Tensor } from './types.js'

/** TensorProto's fields of numbers: float_data, int32_data, int64_data, raw_data, double_data, uint64_data; those of varints. */
const PAYLOADS: ReadonlySet<number> = new Set([4, 5, 7, 9, 10, 11])
const VARINTS: ReadonlySet<number> = new Set([5, 7, 11])
const MAX = Number.MAX_SAFE_INTEGER

/**
 * Reads what a skeleton says of its values. The file is not trusted: what it asks for is checked against its own tensors, and limited.
 * @throws ReinitError `usage` where the model is no skeleton, `invalid` where its recipe is none, or one of a later version.
 */
export function readSkeleton(model: Model): Skeleton {
  const entry = entryOf(model)
  const recipe = parse(model.metadata.get(SKELETON_KEY) ?? '')
  const version = whole(key(recipe, 'version'), 1, MAX)
  if (version > SKELETON_VERSION)
    throw invalid(
      `${model.path} is a skeleton of version ${version}, written by ${text(key(recipe, 'tool'))}: this version reads up to ${SKELETON_VERSION}. Update onnx-reinit.`,
    )
  const external = model.externalFiles.keys().next().value
  if (external !== undefined) throw invalid(`${model.path} is a skeleton with external data (${external}): a skeleton is one file.`)
  const seed = text(key(recipe, 'seed'), /^\d{1,20}$/, 'a seed, in digits')
  if (BigInt(seed) >= 2n ** 64n) throw invalid(`The skeleton's seed ${seed} is beyond 2^64.`)
  const empty = model.tensors.filter(isLeftOut)
  const entries = list(key(recipe, 'tensors'))
  if (entries.length !== empty.length)
    throw invalid(`The skeleton's recipe is for ${entries.length} tensors, but ${empty.length} have no values.`)
  const holes = empty.map((tensor, i) => holeOf(model, tensor, entries[i] as Json))
  return {
    fills: readFills(model, recipe, seed, empty, entries),
    holes,
    entry,
    facts: {
      tool: text(key(recipe, 'tool')),
      sha256: text(key(recipe, 'sha256'), /^[0-9a-f]{64}$/, 'a SHA-256'),
      byteLength: whole(key(recipe, 'byteLength'), 0, MAX),
      seed,
    },
  }
}

/** The one metadata entry that makes a model a skeleton. */
function entryOf(model: Model): ScannedField {
  const found = recipeEntries(model)
  const [entry] = found
  if (!entry) throw usage(`${model.path} is no skeleton: onnx-reinit strip makes one.`)
  if (found.length > 1) throw invalid(`${model.path} has ${found.length} recipes of a skeleton: one is needed.`)
  return entry
}

function holeOf(model: Model, tensor: Tensor, json: Json): Hole {
  const payloads = scanFields(model, tensor.frame).filter((f) => PAYLOADS.has(f.number))
  // of several the last counts, as where values are read
  const field = payloads.at(-1)
  if (!field?.body || payloads.some((f) => f.start !== f.end))
    throw invalid(`Tensor ${JSON.stringify(tensor.name)} of the skeleton has no empty field for its values.`)
  const { byteLength: width, count: unitCount } = storedUnits(tensor)
  const isVarints = VARINTS.has(field.number)
  // a varint has one to ten bytes
  const byteLength = isVarints ? whole(key(json, 'byteLength'), unitCount, 10 * unitCount) : width * unitCount
  return { tensor, field, byteLength, unitCount, encoding: isVarints ? 'varint' : 'fixed' }
}

function readFills(model: Model, recipe: Json, seed: string, empty: readonly Tensor[], entries: readonly Json[]): PlannedFill[] {
  const tensorOf = (json: Json): Tensor => model.tensors[whole(json, 0, model.tensors.length - 1)] as Tensor
  const groups = list(key(recipe, 'groups')).map((group) => readGroup(group, seed, tensorOf))
  const members = groups.flatMap(({ group }) => group.members.map(({ draw }) => draw.weight.tensor))
  // of one tensor many members would be drawn
  const twice = members.find(isRepeated())
  if (twice) throw invalid(`The skeleton's recipe has ${shown(twice)} as a member of groups twice.`)
  return entries.map((json, i): PlannedFill => {
    const tensor = empty[i] as Tensor
    const of = (part: QuantizedPart, draw: PlannedDraw): PlannedFill => ({ ...draw, weight: weightOf(tensor), part })
    if (has(json, 'scalesOf')) {
      const { group, first } = at(groups, key(json, 'scalesOf'))
      refuseScales(tensor, first.codes)
      return of({ kind: 'scales', scale: { kind: 'drawn', group }, of: '' }, first.draw)
    }
    if (has(json, 'stepsOf')) {
      const { group } = at(groups, key(json, 'stepsOf'))
      const member = group.members.find(({ draw }) => draw.weight.tensor === tensor)
      if (!member) throw invalid(`The skeleton's recipe has ${shown(tensor)} in a group that it is no member of.`)
      // the draw of a group is known by its weight
      return { ...member.draw, part: { kind: 'integers', codes: member.codes, scale: { kind: 'drawn', group }, values: 'drawn' } }
    }
    if (has(json, 'zeroPoints')) {
      const codes = readCodes(key(json, 'zeroPoints'), tensorOf)
      refuseOtherZeros(tensor, codes)
      return of({ kind: 'zero_points', codes, of: '' }, constantOf(tensor, seed))
    }
    if (has(json, 'steps')) {
      const codes = readCodes(key(json, 'codes'), tensorOf)
      refuseMisfit(tensor, codes)
      const scale = readSteps(key(json, 'steps'), codes, tensorOf)
      return of({ kind: 'integers', codes, scale, values: 'drawn' }, readDraw(json, tensor, seed, codes.quantization.dims, 'FLOAT'))
    }
    if (!isFloatType(tensor.dataType)) throw invalid(`The skeleton's recipe draws floats for ${shown(tensor)}.`)
    return readDraw(json, tensor, seed, tensor.dims, tensor.dataType)
  })
}

/** Whether a tensor came before. */
function isRepeated(): (tensor: Tensor) => boolean {
  const seen = new Set<Tensor>()
  return (tensor) => seen.size === seen.add(tensor).size
}

function at<T>(items: readonly T[], json: Json): T {
  return items[whole(json, 0, items.length - 1)] as T
}

function readGroup(json: Json, seed: string, tensorOf: (json: Json) => Tensor) {
  const scales = tensorOf(key(json, 'scales'))
  const members = list(key(json, 'members')).map((member) => {
    const tensor = tensorOf(key(member, 'tensor'))
    const codes = readCodes(key(member, 'codes'), tensorOf)
    refuseMisfit(tensor, codes)
    refuseScales(scales, codes)
    const dataType = has(member, 'dataType') ? text(key(member, 'dataType')) : 'FLOAT'
    if (!isFloatType(dataType)) throw invalid(`The skeleton's recipe draws values of type ${JSON.stringify(dataType)}.`)
    return { draw: readDraw(member, tensor, seed, codes.quantization.dims, dataType as FloatType), codes }
  })
  const [first] = members
  if (!first) throw invalid(`The skeleton's recipe has a group of no weights, ${json.at}.`)
  if (wholeElements(members) > MAX_WHOLE_ELEMENTS)
    throw invalid(`The skeleton's recipe holds more than ${MAX_WHOLE_ELEMENTS} elements of ${json.at} at once.`)
  const group: QuantizedGroup = { scales: [scales], members }
  return { group, first }
}

/** A scale for each block. */
function refuseScales(scales: Tensor, { quantization }: Codes): void {
  const count = scaleCount(quantization)
  if (scales.elementCount !== count || count > MAX_SCALES || !isScaleType(scales.dataType))
    throw invalid(`The skeleton's recipe needs ${count} scales, and ${shown(scales)} has ${scales.elementCount}: at most ${MAX_SCALES}.`)
}

function readSteps(json: Json, { quantization }: Codes, tensorOf: (json: Json) => Tensor): ScaleSource {
  const of = list(key(json, 'of')).map(tensorOf)
  if (of.length > MAX_FACTORS) throw invalid(`The skeleton's recipe has a product of ${of.length} scales, more than ${MAX_FACTORS}.`)
  const wrong = of.find((t) => t.elements.kind !== 'stored' || (t.elementCount !== 1 && t.elementCount !== scaleCount(quantization)))
  if (wrong) throw invalid(`The skeleton's recipe has ${shown(wrong)} as a scale.`)
  return { kind: 'product', of, factor: number(key(json, 'factor')), dataType: null }
}

/** What is drawn for a tensor that follows others: nothing. */
const constantOf = (tensor: Tensor, seed: string): PlannedDraw =>
  readDraw({ value: { name: tensor.name, init: 'zeros' }, at: tensor.name }, tensor, seed, [], 'FLOAT')

const shown = ({ name, dataType, dims }: Tensor) => `tensor ${JSON.stringify(name)} (${dataType} [${dims}])`
