import { ReinitError } from './errors.js'
import { codeTypes } from './init/codeTypes.js'
import { measure } from './init/measure.js'
import { dataTypes, isFloatType } from './onnx/values/dataTypes.js'
import { codeReader, typeOf } from './onnx/quantized/steps.js'
import { readValues, storedUnits } from './onnx/values/readValues.js'
import { attributeLists } from './scramble/attributeLists.js'
import { MASK_VALUES, RUN } from './scramble/limits.js'
import { isBlob, isEngine, isLearned, isSetting, isTraditional, keepsTables, MAX_TEXT } from './scramble/mlAttributes.js'
import { directReaders, type Read, readings } from './scramble/readings.js'
import { unusedTensors } from './scramble/unusedTensors.js'
import type { AttributeLists, Kept, Learned, LearnedAttribute, LearnedTensor, Model, Moments, Tensor } from './types.js'

/**
 * Everything that holds values, told apart by what reads it: learned, or a part of the architecture. `redrawn`: tensors whose values are new
 * already, those in weight slots. `parameters`: all that are known to be learned, however short: scales of integers that are not known as a
 * weight are among them.
 * @throws ReinitError `conflict` where a compiled model is embedded, or learned values can't be written; `refuse` can let it pass, and what it
 * is about is in no list then.
 */
export function findLearned(
  model: Model,
  redrawn: ReadonlySet<Tensor>,
  parameters: ReadonlySet<Tensor>,
  refuse: (error: ReinitError) => void = raise,
): Learned {
  const unused = unusedTensors(model)
  const gone = new Set(unused)
  const [reads, direct] = [readings(model), directReaders(model)]
  const tensors: LearnedTensor[] = []
  const kept: Kept[] = []
  for (const tensor of model.tensors) {
    if (redrawn.has(tensor) || gone.has(tensor) || tensor.elementCount === 0) continue
    const judged = judge(model, tensor, reads.get(tensor) ?? [], parameters.has(tensor), () => direct(tensor))
    if (judged instanceof ReinitError) refuse(judged)
    else if ('reason' in judged) kept.push(keptTensor(tensor, judged.reason, judged.detail))
    else tensors.push({ tensor, ...judged })
  }
  const attributes: LearnedAttribute[] = []
  for (const lists of attributeLists(model)) {
    const obstacle = obstacleIn(lists)
    if (obstacle) refuse(obstacle)
    else if (holdsLearned(lists)) attributes.push({ ...lists, name: nameOf(lists) })
    else kept.push(...keptLists(lists))
  }
  return { tensors, attributes, kept, unused }
}

type Judgement = Pick<Kept, 'reason' | 'detail'> | Pick<LearnedTensor, 'as' | 'moments' | 'reader'>

function raise(error: ReinitError): never {
  throw error
}

function judge(
  model: Model,
  tensor: Tensor,
  reads: readonly Read[],
  isParameter: boolean,
  direct: () => readonly string[],
): Judgement | ReinitError {
  const { dataType, elementCount } = tensor
  const stays = (reason: Kept['reason'], detail: string) => ({ reason, detail })
  const by = readers(reads.length > 0 ? reads.map((r) => r.node.opType) : direct())
  if (UNKNOWN.test(dataType) && elementCount >= RUN)
    return new ReinitError('conflict', `Tensor ${JSON.stringify(tensor.name)} holds ${dataType} values, which can't be redrawn.`)
  const isFloat = isFloatType(dataType)
  const isCode = !isFloat && isCodes(dataType, reads, isParameter)
  if (/^U?INT/.test(dataType) && !isCode && elementCount >= RUN && reads.some((r) => r.as === 'weighs'))
    return new ReinitError('conflict', `Tensor ${JSON.stringify(tensor.name)} holds ${dataType} weights, ${by}, which can't be redrawn.`)
  if (!isFloat && !isCode) return stays(dataType === 'STRING' ? 'labels' : 'steers', by)
  const only = (as: Read['as']) => reads.length > 0 && reads.every((r) => r.as === as)
  if (only('steers')) return stays('steers', by)
  const isZero = only('zero_point')
  if (elementCount < RUN && !isParameter && !reads.some((r) => r.as === 'weighs'))
    return stays(isZero ? 'zero_point' : only('scale') ? 'scale' : 'setting', by)
  if (tensor.elements.kind === 'unwritable')
    return new ReinitError('conflict', `Tensor ${JSON.stringify(tensor.name)} can't be redrawn: ${tensor.elements.reason}.`)
  const { moments, count } = looked(model, tensor)
  if (count <= (isParameter ? 1 : MASK_VALUES) && !reads.some((r) => r.as === 'weighs' || r.as === 'unknown'))
    return stays(isZero ? 'zero_point' : 'mask', `${count === 1 ? 'one value' : `${count} different values`}, ${by}`)
  return { as: isFloat ? 'floats' : 'codes', moments, reader: reads[0]?.node ?? null }
}

/** Types of numbers that nothing here draws. */
const UNKNOWN = /^(COMPLEX|FLOAT8E8M0)/

/** Integers that stand for values: those that weigh data, and narrow ones that are no indices. */
function isCodes(dataType: string, reads: readonly Read[], isParameter: boolean): boolean {
  if (codeTypes[dataType] === undefined) return false
  if (isParameter || reads.some((r) => r.as === 'weighs')) return true
  return dataType !== 'INT32' && reads.some((r) => r.as !== 'steers')
}

function readers(opTypes: readonly string[]): string {
  const ops = [...new Set(opTypes)]
  return ops.length === 0 ? 'an output as it is' : `read by ${ops.slice(0, 4).join(', ')}${ops.length > 4 ? ', …' : ''}`
}

const CHUNK = 1 << 16

/** Moments of the finite values, and how many different ones there are, as far as it matters. */
function looked(model: Model, tensor: Tensor): { readonly moments: Moments; readonly count: number } {
  const different = new Set<number>()
  const all = measure()
  const add = (values: Float32Array | Float64Array) => {
    for (let i = 0; i < values.length && different.size <= MASK_VALUES; i++) different.add(values[i] as number)
    const finite = values.every(Number.isFinite) ? values : values.filter(Number.isFinite)
    all.add(finite)
  }
  const read = isFloatType(tensor.dataType)
    ? (start: number, end: number) => readValues(model, tensor, start, end)
    : codesAsValues(model, tensor)
  for (let at = 0; at < tensor.elementCount; at += CHUNK) add(read(at, Math.min(tensor.elementCount, at + CHUNK)))
  const moments = all.finish()
  return { moments: Number.isNaN(moments.mean) ? { mean: 0, std: 0, min: 0, max: 0 } : moments, count: different.size }
}

function codesAsValues(model: Model, tensor: Tensor): (start: number, end: number) => Float64Array {
  const { bits, least, values } = typeOf(tensor.dataType)
  const row = tensor.elementCount
  const read = codeReader(tensor, { bits, signed: least < 0 && values === null, row, paddedRow: row }, (file) => model.open(file))
  return (start, end) => Float64Array.from(read(start, end), (code) => values?.[code] ?? code)
}

const keptTensor = (tensor: Tensor, reason: Kept['reason'], detail: string): Kept => ({
  name: tensor.name,
  scope: tensor.graph.scope,
  what: 'tensor',
  dataType: tensor.dataType,
  reason,
  detail,
  elementCount: tensor.elementCount,
  byteLength: byteLengthOf(tensor),
  at: tensor.at,
})

function byteLengthOf(tensor: Tensor): number {
  if (tensor.elements.kind !== 'stored') return 0
  if (bits.get(tensor.dataType) === 0) return tensor.elements.ranges.reduce((n, r) => n + r.end - r.start, 0)
  const { byteLength, count } = storedUnits(tensor)
  return byteLength * count
}
const bits = new Map(Object.values(dataTypes))

const nameOf = ({ node, key, attribute }: AttributeLists) => `${node?.name || node?.outputs[0] || key}.${attribute.name}`

function holdsLearned({ key, attribute, floats, tensors }: AttributeLists): boolean {
  if (isSetting(key, attribute.name)) return false
  const count = floats.length + tensors.reduce((n, t) => n + (isFloatType(t.dataType) ? t.elementCount : 0), 0)
  return count >= RUN || (count > 1 && isTraditional(key)) || (count > 0 && isLearned(key, attribute.name))
}

/** Trees' structure, vocabularies, classes; of operators that ONNX does not define what is long. Others have settings there: pads, axes. */
function keptLists(lists: AttributeLists): Kept[] {
  const { graph, key, attribute, floats, tensors, frame } = lists
  const { ints = [], strings = [] } = attribute
  const kept = { name: nameOf(lists), scope: graph.scope, what: 'attribute', detail: `attribute of ${key}` } as const
  const list = (dataType: string, elementCount: number, byteLength: number, reason: Kept['reason'], at = frame.start): Kept[] =>
    elementCount > 0 && (keepsTables(key) || (elementCount >= RUN && !key.startsWith('ai.onnx:')))
      ? [{ ...kept, dataType, reason, elementCount, byteLength, at }]
      : []
  return [
    ...list('INT64', ints.length, 8 * ints.length, 'structure'),
    ...list('STRING', strings.length, Buffer.byteLength(strings.join('')), isStructure(attribute.name) ? 'structure' : 'labels'),
    ...(isSetting(key, attribute.name) ? list('FLOAT', floats.length, 4 * floats.length, 'setting') : []),
    ...tensors.flatMap((t) => list(t.dataType, t.elementCount, byteLengthOf(t), t.dataType === 'STRING' ? 'labels' : 'structure', t.at)),
  ]
}

/** Words of a fixed list: BRANCH_LEQ, LEAF. */
const isStructure = (attribute: string) => attribute.endsWith('_modes')

/** What of an attribute can't be redrawn; null: nothing. */
function obstacleIn(lists: AttributeLists): ReinitError | null {
  const { node, key, attribute, isSecond } = lists
  const what = node ? `Node ${JSON.stringify(node.name || (node.outputs[0] ?? ''))}` : 'A function'
  // of graphs in the first nothing is read
  if (isSecond)
    return new ReinitError(
      'conflict',
      `${what} (${key}) has two attributes ${JSON.stringify(attribute.name)}: which one counts is not defined.`,
    )
  if (isEngine(key))
    return new ReinitError(
      'conflict',
      `${what} (${key}) holds a compiled model, weights included, which can't be redrawn: scramble the model that it was compiled from.`,
    )
  const texts = [attribute.s ?? '', ...(attribute.strings ?? [])]
  if (!keepsTables(key) && texts.some(isBlob))
    return new ReinitError(
      'conflict',
      `${what} (${key}) has bytes that are no text in attribute ${JSON.stringify(attribute.name)}: those may hold what was learned, and can't be redrawn.`,
    )
  const longest = texts.reduce((most, { length }) => Math.max(most, length), 0)
  if (longest > MAX_TEXT)
    return new ReinitError(
      'conflict',
      `${what} (${key}) has ${longest} characters in attribute ${JSON.stringify(attribute.name)}, more than ${MAX_TEXT}: that may hold what was learned, and can't be redrawn.`,
    )
  return null
}
