import { usage } from '../errors.js'
import { attributeInts, editAttribute } from '../onnx/edit/editAttribute.js'
import { field } from '../onnx/edit/encodeFields.js'
import { readInts } from '../onnx/read/readInts.js'
import { replaceField, scanFields } from '../onnx/edit/scanFields.js'
import { text } from '../onnx/edit/valueShapes.js'
import type { FramedPatch, Model, Node, Tensor, TensorEdit } from '../types.js'
import type { Head, Labelled } from './head.js'
import { integerBytes } from './integerBytes.js'
import { labelText } from './labelText.js'

/** What new names take, where the model holds the old ones. */
export interface Named {
  readonly edits: TensorEdit[]
  readonly patches: FramedPatch[]
  readonly notes: string[]
}

/** Every list of class names: labels in operators, tensors and the model's metadata. Numbers from 0 on go on by themselves. */
export function labelEdits(
  model: Model,
  { labels: lists, classes: before }: Head,
  classes: number,
  labels: readonly string[] | undefined,
): Named {
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
  return { tensor, dims, values: integerBytes(tensor, numbers(old ?? [], classes, names, `Tensor ${JSON.stringify(tensor.name)}`)) }
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
