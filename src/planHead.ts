import { MAX_MESSAGE_BYTES } from './bytes/splice.js'
import { ReinitError, usage } from './errors.js'
import { dataTypes, isFloatType } from './onnx/dataTypes.js'
import { attributeInts, editAttribute } from './onnx/editAttribute.js'
import { field } from './onnx/encodeFields.js'
import { readInts } from './onnx/readInts.js'
import { elementReader, storedUnits } from './onnx/readValues.js'
import { replaceField, scanFields } from './onnx/scanFields.js'
import { setDim, text } from './onnx/valueShapes.js'
import { findHead } from './head/findHead.js'
import type { Head, Labelled, Resized } from './head/head.js'
import { labelText } from './head/labelText.js'
import type { FramedPatch, Model, Node, PlannedFill, Resize, Skipped, Tensor, TensorEdit, Weight, WeightUse } from './types.js'

export interface HeadOptions {
  readonly numClasses: number
  /** Names of the new classes, in their order. */
  readonly labels?: readonly string[]
  /** Old classes that the first new ones are copies of. */
  readonly keepClasses?: readonly number[]
}

/** What a head with another number of classes takes, beside the values. */
export interface PlannedHead {
  readonly head: Head
  readonly classes: number
  /** Tensors of another size; `kept`: [new, old] class. */
  readonly resizes: ReadonlyMap<Tensor, Resize>
  /** The parameters that are redrawn since they get another size. */
  readonly weights: readonly Weight[]
  readonly edits: readonly TensorEdit[]
  readonly patches: readonly FramedPatch[]
  readonly notes: readonly string[]
}

/** Of 2^31 − 1 values a tensor has no more than protobuf can hold. */
const MAX_CLASSES = 2 ** 31 - 1

/**
 * Another number of classes for the selected head: which tensors get which size, and every constant, declaration and label that follows.
 * @throws ReinitError `usage` where the numbers or labels don't fit, or the selection is no head; `conflict` as `findHead` does.
 */
export function planHead(model: Model, weights: readonly Weight[], selected: ReadonlySet<Weight>, options: HeadOptions): PlannedHead {
  const { numClasses: classes, keepClasses = [], labels } = options
  if (!Number.isInteger(classes) || classes < 1 || classes > MAX_CLASSES)
    throw usage(`--num-classes ${classes}: give a whole number from 1 to ${MAX_CLASSES}.`)
  const head = findHead(model, selected)
  const quantized = head.resized.find(({ tensor }) => !isFloatType(tensor.dataType))
  if (quantized && keepClasses.length > 0)
    throw usage(
      `--keep-classes: ${JSON.stringify(quantized.tensor.name)} is quantized, and its new values get new scales: old ones would not stay as they are.`,
    )
  if (classes < head.atLeast) throw usage(`--num-classes ${classes}: what follows the head takes ${head.atLeast} classes or more.`)
  refuseKept(keepClasses, head.classes, classes)
  refuseSize(model, head, classes)
  const kept = keepClasses.map((from, to) => [to, from] as const)
  const named = labelEdits(model, head, classes, labels)
  return {
    head,
    classes,
    resizes: new Map(head.resized.map(({ tensor, axis }) => [tensor, { axis, size: scaled(tensor.dims[axis] ?? 1, head, classes), kept }])),
    weights: head.resized.map((r) => weights.find((w) => w.tensor === r.tensor) ?? neutralWeight(r)).filter((w) => !isStep(w)),
    edits: [...integerEdits(model, head, classes), ...named.edits],
    patches: [
      ...attributePatches(model, head, classes),
      ...head.declared.flatMap(({ value, axis, size }) => setDim(model, value, axis, (size / head.classes) * classes)),
      ...named.patches,
    ],
    notes: named.notes,
  }
}

/** Scales and zero points follow what they are of. */
const isStep = ({ role }: Weight) => role === 'quant_scale' || role === 'quant_zero_point'

/** Rules that go by the old values of the whole tensor. */
const old: ReadonlySet<string> = new Set(['match', 'shuffle', 'from'])

/**
 * The fills and edits of what gets another size. `tensors`: each new one, and the one that it was.
 * @throws ReinitError `usage` where a tensor of another size would keep its values.
 */
export function resizeFills(
  model: Model,
  { resizes, weights }: PlannedHead,
  tensors: ReadonlyMap<Tensor, Tensor>,
  { fills, kept }: { readonly fills: readonly PlannedFill[]; readonly kept: readonly Skipped[] },
): { readonly fills: readonly PlannedFill[]; readonly edits: readonly TensorEdit[] } {
  const written = new Set(fills.map((f) => f.weight.tensor))
  const edits: TensorEdit[] = []
  for (const [after, tensor] of tensors) {
    if (written.has(after)) continue
    const drawn = weights.find((w) => w.tensor === tensor)
    const name = JSON.stringify(tensor.name)
    const sizes = `${after.elementCount} values for ${tensor.elementCount}`
    if (drawn)
      throw usage(
        `${name} gets ${sizes} and must be drawn: ${kept.find((k) => k.name === tensor.name)?.detail ?? 'it would keep its own'}.`,
      )
    const { count } = storedUnits(after)
    edits.push({ tensor, after, dims: after.dims, values: Uint8Array.from(elementReader(after, (file) => model.open(file))(0, count)) })
  }
  const resized = fills.map((fill): PlannedFill => {
    const from = tensors.get(fill.weight.tensor)
    if (!from) return fill
    const { axis, kept: pairs } = resizes.get(from) as Resize
    if (old.has(fill.initializer.name))
      throw usage(
        `${fill.initializer.name} needs as many values as before, but ${JSON.stringify(from.name)} gets ${fill.weight.tensor.elementCount} for ${from.elementCount}.`,
      )
    return { ...fill, change: { kind: 'resize', from, axis, kept: pairs } }
  })
  return { fills: resized, edits }
}

function refuseKept(kept: readonly number[], before: number, after: number): void {
  const wrong = kept.find((k) => !Number.isInteger(k) || k < 0 || k >= before)
  if (wrong !== undefined) throw usage(`--keep-classes ${wrong}: the head has the classes 0 to ${before - 1}.`)
  if (new Set(kept).size < kept.length) throw usage(`--keep-classes names a class twice.`)
  if (kept.length > after) throw usage(`--keep-classes names ${kept.length} classes, but --num-classes is ${after}.`)
}

/** What is in the model itself ends at protobuf's limit. */
function refuseSize(model: Model, head: Head, classes: number): void {
  const bytesOf = ({ elementCount, dataType }: Tensor) => (elementCount * (bits.get(dataType) ?? 32)) / 8
  const grown = head.resized.reduce(
    (sum, { tensor }) => sum + (tensor.external ? 0 : (bytesOf(tensor) / head.classes) * (classes - head.classes)),
    0,
  )
  const total = model.byteLength + grown
  if (total > MAX_MESSAGE_BYTES)
    throw usage(
      `With ${classes} classes the model would have ${total} bytes, and protobuf ends at ${MAX_MESSAGE_BYTES}: save its weights as external data first.`,
    )
}
const bits = new Map(Object.values(dataTypes))

/** A constant behind the head that is no known parameter: its new values are the operator's neutral ones. */
function neutralWeight({ tensor, neutral, node }: Resized): Weight {
  const role = neutral === 'ones' ? 'scale' : neutral === 'slope' ? 'slope' : 'shift'
  const layer = node.name || `${node.opType}_${node.index}`
  const input = node.inputs.indexOf(tensor.name)
  const operator = { node, opType: node.opType, domain: node.domain, input, groups: 1, stacked: 1 }
  const use: WeightUse = { ...operator, role, layout: [], fan: null, layer, activation: null, quantization: null }
  return { tensor, uses: [use], readers: [], head: false, role, layer, fan: null, layout: [], activation: null, quantization: null }
}

const scaled = (size: number, head: Head, classes: number) => (size / head.classes) * classes

/** Shapes that are stored tensors: all their entries at once. */
function integerEdits(model: Model, head: Head, classes: number): TensorEdit[] {
  return [...new Set(head.counted.flatMap((c) => c.tensor ?? []))].map((tensor) => {
    const values = [...(readInts(model, tensor) ?? [])]
    for (const { tensor: of, index, size } of head.counted) if (of === tensor) values[index] = scaled(size, head, classes)
    return { tensor, dims: tensor.dims, values: integers(tensor, values) }
  })
}

function integers({ name, dataType }: Tensor, values: readonly number[]): Uint8Array {
  if (dataType === 'INT64') return bytesOf(BigInt64Array.from(values.map(BigInt)))
  if (dataType === 'INT32') return bytesOf(Int32Array.from(values))
  throw new ReinitError(
    'conflict',
    `Tensor ${JSON.stringify(name)} (${dataType}) holds the number of classes, and only INT32 and INT64 can.`,
  )
}

/** Little-endian, whatever the machine is. */
function bytesOf(values: BigInt64Array | Int32Array): Uint8Array {
  const bytes = Buffer.alloc(values.byteLength)
  values.forEach((v: bigint | number, i: number) => {
    if (typeof v === 'bigint') bytes.writeBigInt64LE(v, i * 8)
    else bytes.writeInt32LE(v, i * 4)
  })
  return bytes
}

function attributePatches(model: Model, head: Head, classes: number): FramedPatch[] {
  const counted = head.counted.filter((c) => c.tensor === null)
  const keys = new Map(counted.map((c) => [`${c.node.index} ${c.attribute}`, c]))
  return [...keys.values()].flatMap(({ node, attribute }) => {
    const { i, ints = [] } = node.attributes.get(attribute) ?? {}
    if (ints.length === 0 && i !== undefined) return editAttribute(model, node, attribute, scaled(i, head, classes))
    const values = [...ints]
    for (const c of counted) if (c.node === node && c.attribute === attribute) values[c.index] = scaled(c.size, head, classes)
    return editAttribute(model, node, attribute, values)
  })
}

interface Named {
  readonly edits: TensorEdit[]
  readonly patches: FramedPatch[]
  readonly notes: string[]
}

/** Every list of class names: labels in operators, tensors and the model's metadata. Numbers from 0 on go on by themselves. */
function labelEdits(model: Model, { labels: lists, classes: before }: Head, classes: number, labels: readonly string[] | undefined): Named {
  if (labels && labels.length !== classes) throw usage(`--labels has ${labels.length} names for ${classes} classes: give one a line.`)
  const found: Named = { edits: [], patches: [], notes: [] }
  const names = (where: string): readonly string[] => {
    if (labels) return labels
    throw usage(`${where} lists the names of the ${before} classes: give --labels FILE with ${classes} names, one a line.`)
  }
  for (const list of lists) {
    if (list.tensor) found.edits.push(labelTensor(model, list.tensor, before, classes, names))
    else found.patches.push(...labelAttributes(model, list, before, classes, names))
  }
  for (const { key, value, entry } of metadataOf(model)) {
    const list = labelText(key, value)
    if (!list || list.count !== before || before < 2) continue
    const bytes = field(2, list.write(names(`The model's metadata ${JSON.stringify(key)}`)))
    found.patches.push(...entry.map((f) => replaceField(f, bytes)))
  }
  if (labels && found.edits.length + found.patches.length === 0)
    found.notes.push('the model holds no names of classes: --labels was not needed')
  return found
}

type Names = (where: string) => readonly string[]

function labelTensor(model: Model, tensor: Tensor, before: number, classes: number, names: Names): TensorEdit {
  const axis = tensor.dims.indexOf(before)
  if (tensor.elementCount !== before)
    throw usage(`Tensor ${JSON.stringify(tensor.name)} [${tensor.dims}] lists more than the names of ${before} classes.`)
  const dims = tensor.dims.map((d, i) => (i === axis ? classes : d))
  if (tensor.dataType === 'STRING') return { tensor, dims, values: names(`Tensor ${JSON.stringify(tensor.name)}`) }
  const old = readInts(model, tensor)
  return { tensor, dims, values: integers(tensor, numbers(old ?? [], classes, names, `Tensor ${JSON.stringify(tensor.name)}`)) }
}

function labelAttributes(model: Model, { node, attributes }: Labelled, before: number, classes: number, names: Names): FramedPatch[] {
  const where = `${node.opType} ${JSON.stringify(node.name || (node.outputs[0] ?? ''))}`
  return attributes.flatMap((name) => {
    const attribute = node.attributes.get(name)
    if (!attribute) return []
    const isText = (attribute.strings?.length ?? 0) > 0
    const old = isText ? [] : attributeInts(model, node, name)
    const count = isText ? (attribute.strings?.length ?? 0) : old.length
    if (count === 0) return []
    if (count !== before) throw usage(`${where} names ${count} classes, the head has ${before}.`)
    return editAttribute(model, node as Node, name, isText ? names(where) : numbers(old, classes, names, where))
  })
}

/** Labels that are numbers: 0, 1, 2, … go on, others are asked for. */
function numbers(old: readonly number[], classes: number, names: Names, where: string): number[] {
  const given = old.every((v, i) => v === i) ? Array.from({ length: classes }, (_, i) => i) : names(where).map(Number)
  const wrong = given.find((v) => !Number.isSafeInteger(v))
  if (wrong !== undefined) throw usage(`${where} names classes by whole numbers: --labels must give such, one a line.`)
  return given
}

/** ModelProto.metadata_props, and where each value stands. */
function metadataOf(model: Model) {
  const own = scanFields(model, { parent: null, lengthStart: 0, start: 0, end: model.byteLength })
  return own.flatMap(({ number, body }) => {
    if (number !== 14 || !body) return []
    const entry = scanFields(model, body)
    const [key, value] = [1, 2].map((n) => entry.find((f) => f.number === n))
    return key && value ? [{ key: text(model, key), value: text(model, value), entry: [value] }] : []
  })
}
