import { MAX_MESSAGE_BYTES } from './bytes/splice.js'
import { usage } from './errors.js'
import { dataTypes } from './onnx/values/dataTypes.js'
import { editAttribute } from './onnx/edit/editAttribute.js'
import { readInts } from './onnx/read/readInts.js'
import { changedFill } from './onnx/likeFill.js'
import { elementReader, storedUnits } from './onnx/values/readValues.js'
import { setDim } from './onnx/edit/valueShapes.js'
import { findHead } from './head/findHead.js'
import type { Head, Resized } from './head/head.js'
import { integerBytes } from './head/integerBytes.js'
import { labelEdits } from './head/labelEdits.js'
import type { Forked } from './ops/forkWeight.js'
import type { FramedPatch, Model, PlannedFill, Resize, Skipped, Tensor, TensorEdit, Weight, WeightUse } from './types.js'

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
  if (classes < head.atLeast) throw usage(`--num-classes ${classes}: what follows the head takes ${head.atLeast} classes or more.`)
  refuseKept(keepClasses, head.classes, classes)
  refuseSize(model, head, classes)
  const named = labelEdits(model, head, classes, labels)
  return {
    head,
    classes,
    resizes: new Map(head.resized.map(({ tensor, axis }) => [tensor, resizeOf(tensor.dims[axis] ?? 1, axis, head.classes, options)])),
    weights: head.resized.map((r) => weights.find((w) => w.tensor === r.tensor) ?? neutralWeight(r)).filter((w) => !isStep(w)),
    edits: [...integerEdits(model, head, classes), ...named.edits],
    patches: [
      ...attributePatches(model, head, classes),
      ...head.declared.flatMap(({ value, axis, size }) => setDim(model, value, axis, (size / head.classes) * classes)),
      ...named.patches,
    ],
    notes: [...keptNote(keepClasses), ...named.notes],
  }
}

/** An axis of `before` entries, of which a class has one or several, one after the other. */
function resizeOf(before: number, axis: number, oldClasses: number, { numClasses, keepClasses = [] }: HeadOptions): Resize {
  const each = before / oldClasses
  const kept = keepClasses.flatMap((from, to) => Array.from({ length: each }, (_, i) => [to * each + i, from * each + i] as const))
  return { axis, size: each * numClasses, kept }
}

/** Scales and zero points follow what they are of. */
const isStep = ({ role }: Weight) => role === 'quant_scale' || role === 'quant_zero_point'

/** Rules that go by the old values of the whole tensor. */
const old: ReadonlySet<string> = new Set(['match', 'shuffle', 'from'])

/**
 * The fills and edits of what gets another size. `tensors`: each new one, and the one that it was; those of `forks` are new in the model.
 * @throws ReinitError `usage` where a tensor of another size would keep its values.
 */
export function resizeFills(
  model: Model,
  { resizes, weights }: PlannedHead,
  tensors: ReadonlyMap<Tensor, Tensor>,
  { fills, kept }: { readonly fills: readonly PlannedFill[]; readonly kept: readonly Skipped[] },
  forks: readonly Forked[] = [],
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
    const values = Uint8Array.from(elementReader(after, (file) => model.open(file))(0, count))
    // several in a byte come again in their order, which is right for all alike
    if (count < after.elementCount && resizes.get(tensor)?.kept.length && values.subarray(0, -1).some((v) => v !== values[0]))
      throw usage(`--keep-classes: ${name} holds ${tensor.dataType} numbers of classes, several in a byte, which stay as they are.`)
    edits.push({ tensor, after, dims: after.dims, values })
  }
  const resized = fills.map((fill): PlannedFill => {
    const from = tensors.get(fill.weight.tensor)
    if (!from) return fill
    const { axis, kept: pairs } = resizes.get(from) as Resize
    if (old.has(fill.initializer.name))
      throw usage(
        `${fill.initializer.name} needs as many values as before, but ${JSON.stringify(from.name)} gets ${fill.weight.tensor.elementCount} for ${from.elementCount}.`,
      )
    const fork = forks.find((f) => f.weight.tensor === from)
    return changedFill(fill, { change: fork?.change ?? { kind: 'resize', from, axis, kept: pairs } })
  })
  return { fills: resized, edits }
}

/** Kept classes are named up to here. */
const NAMED = 8

function keptNote(kept: readonly number[]): string[] {
  if (kept.length === 0) return []
  const named = kept.slice(0, NAMED).join(', ') + (kept.length > NAMED ? `, … ${kept.length - NAMED} more` : '')
  return [kept.length === 1 ? `class 0 is the old class ${named}` : `classes 0 to ${kept.length - 1} are the old classes ${named}`]
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
    return { tensor, dims: tensor.dims, values: integerBytes(tensor, values) }
  })
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
