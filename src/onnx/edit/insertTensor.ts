import type { Frame, FramedPatch, Graph, Model, PlannedFill, Tensor, TensorChange } from '../../types.js'
import { dataTypes } from '../values/dataTypes.js'
import { concat, field, fieldHeader, varintField } from './encodeFields.js'
import type { Piece } from './rewriteTensor.js'
import { replaceField, scanFields } from './scanFields.js'
import { valueInfo } from './valueShapes.js'

/** Initializers had to be inputs of the graph too, before this version. */
const FIRST_IR_WITHOUT_INPUTS = 4
/** GraphProto.node and FunctionProto.node; GraphProto.initializer; GraphProto.input. */
const [GRAPH_NODE, FUNCTION_NODE, INITIALIZER, INPUT] = [1, 7, 5, 11]
const TENSOR_ATTRIBUTE = 4

/** A tensor of a fill's own in the graph of the one that it is a copy of, and the inputs that take it renamed. */
export function insertTensor(
  model: Model,
  { weight }: PlannedFill,
  { from, uses }: Extract<TensorChange, { kind: 'insert' }>,
  values: Piece,
): FramedPatch[] {
  const { name } = weight.tensor
  return [...newTensor(model, weight.tensor, from, values), ...uses.map(({ node, input }) => renameInput(model, node.frame, input, name))]
}

/** Behind the tensor that it is a copy of; a function has no initializers, there it is a Constant node before all others. */
function newTensor(model: Model, tensor: Tensor, from: Tensor, values: Piece): FramedPatch[] {
  const { graph } = from
  const header = fieldHeader(9, values.byteLength)
  const before = concat(...tensor.dims.map((d) => varintField(1, d)), varintField(2, codeOf(tensor)), field(8, tensor.name), header)
  const own = before.length + values.byteLength
  if (isInFunction(graph)) {
    const { parent } = (graph.nodes[0] as Graph['nodes'][number]).frame
    const number = graph.parent === null ? FUNCTION_NODE : GRAPH_NODE
    const named = concat(field(1, 'value'), varintField(20, TENSOR_ATTRIBUTE))
    const attribute = named.length + fieldHeader(5, own).length + own
    const node = concat(field(2, tensor.name), field(4, 'Constant'))
    const whole = node.length + fieldHeader(5, attribute).length + attribute
    const start = concat(fieldHeader(number, whole), node, fieldHeader(5, attribute), named, fieldHeader(5, own), before)
    const frame = parent as Frame
    return inserted(frame.start, frame, start, values)
  }
  const frame = (from.owner === 'initializer' ? from.frame.parent : graph.nodes[0]?.frame.parent) as Frame
  const at = from.owner === 'initializer' ? from.frame.end : frame.end
  const added = inserted(at, frame, concat(fieldHeader(INITIALIZER, own), before), values)
  if (model.irVersion >= FIRST_IR_WITHOUT_INPUTS || graph.parent !== null) return added
  const bytes = field(INPUT, valueInfo(tensor.name, codeOf(tensor), tensor.dims))
  return [...added, { start: at, end: at, byteLength: bytes.length, content: { kind: 'bytes', bytes }, frame }]
}

export const isInFunction = (graph: Graph): boolean => graph.scope.startsWith('function:')

const inserted = (at: number, frame: Frame, bytes: Uint8Array, values: Piece): FramedPatch[] => [
  { start: at, end: at, byteLength: bytes.length, content: { kind: 'bytes', bytes }, frame },
  { start: at, end: at, ...values, frame },
]

const codeOf = ({ dataType }: Tensor) => Number(Object.entries(dataTypes).find(([, [name]]) => name === dataType)?.[0])

/** NodeProto.input, the repeated field 1. */
function renameInput(model: Model, frame: Frame, input: number, name: string): FramedPatch {
  const found = scanFields(model, frame).filter((f) => f.number === 1)[input]
  if (!found) throw new RangeError(`node at byte ${frame.start} has no input ${input}`)
  return replaceField(found, field(1, name))
}
