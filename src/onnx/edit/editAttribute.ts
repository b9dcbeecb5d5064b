import { signedVarints } from '../../bytes/wire.js'
import { invalid } from '../../errors.js'
import type { FramedPatch, Model, Node } from '../../types.js'
import { field, varintField } from './encodeFields.js'
import { replaceField, type ScannedField, scanFields } from './scanFields.js'
import { text } from './valueShapes.js'

/** NodeProto.attribute; AttributeProto's name, ints, strings. */
const ATTRIBUTE = 5
const [NAME, INT, INTS, STRINGS] = [1, 3, 8, 9]

/** A node's attribute gets another integer, or another list of integers or strings, in the place of the old one. */
export function editAttribute(
  model: Model,
  node: Node,
  name: string,
  value: number | readonly number[] | readonly string[],
): FramedPatch[] {
  const values: readonly (number | string)[] = typeof value === 'number' ? [value] : value
  const number = typeof value === 'number' ? INT : typeof values[0] === 'string' ? STRINGS : INTS
  const [first, ...others] = fieldsOf(model, node, name).filter((f) => f.number === number)
  // another of that name can be the one that was read
  if (!first) throw invalid(`The node at byte ${node.frame.start} has more than one attribute ${JSON.stringify(name)}.`)
  const bytes = Buffer.concat(values.map((v) => (typeof v === 'string' ? field(number, v) : varintField(number, v))))
  return [replaceField(first, bytes), ...others.map((f) => replaceField(f, new Uint8Array(0)))]
}

/** The integers of an attribute, for the operators of other domains whose lists are long. */
export const attributeInts = (model: Model, node: Node, name: string): number[] =>
  fieldsOf(model, node, name)
    .filter((f) => f.number === INTS)
    .flatMap((f) => signedVarints(Uint8Array.from(model.source.read(f.start, f.end))) ?? [])

function fieldsOf(model: Model, node: Node, name: string): ScannedField[] {
  for (const { number, body } of scanFields(model, node.frame)) {
    if (number !== ATTRIBUTE || !body) continue
    const fields = scanFields(model, body)
    if (fields.some((f) => f.number === NAME && text(model, f) === name)) return fields
  }
  return []
}
