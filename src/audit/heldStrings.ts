import { Window } from '../bytes/source.js'
import { Cursor } from '../bytes/wire.js'
import type { Model } from '../types.js'

/** What a field of text is: what people and tools write about a model; the name of something in the graph; what the graph says. */
export type TextKind = 'about' | 'name' | 'says'
type Message = keyof typeof messages
type Field = TextKind | Message

/** Fields of each message that hold text, or messages that do, by number. Source: onnx.proto. */
const messages = {
  Model: { 2: 'about', 3: 'about', 4: 'about', 6: 'about', 7: 'Graph', 8: 'Opset', 14: 'Metadata', 20: 'Training', 25: 'Function' },
  Opset: { 1: 'says' },
  Graph: {
    1: 'Node',
    2: 'name',
    5: 'Tensor',
    10: 'about',
    11: 'ValueInfo',
    12: 'ValueInfo',
    13: 'ValueInfo',
    14: 'Annotation',
    15: 'Sparse',
    16: 'Metadata',
  },
  Node: { 1: 'name', 2: 'name', 3: 'name', 4: 'says', 5: 'Attribute', 6: 'about', 7: 'says', 8: 'says', 9: 'Metadata' },
  Attribute: {
    1: 'says',
    4: 'says',
    5: 'Tensor',
    6: 'Graph',
    9: 'says',
    10: 'Tensor',
    11: 'Graph',
    13: 'about',
    14: 'Type',
    15: 'Type',
    21: 'says',
    22: 'Sparse',
    23: 'Sparse',
  },
  Tensor: { 6: 'says', 8: 'name', 12: 'about', 13: 'External', 16: 'Metadata' },
  Sparse: { 1: 'Tensor', 2: 'Tensor' },
  External: { 1: 'says', 2: 'says' },
  Function: {
    1: 'name',
    4: 'name',
    5: 'name',
    6: 'says',
    7: 'Node',
    8: 'about',
    9: 'Opset',
    10: 'name',
    11: 'Attribute',
    12: 'ValueInfo',
    13: 'says',
    14: 'Metadata',
  },
  ValueInfo: { 1: 'name', 2: 'Type', 3: 'about', 4: 'Metadata' },
  Type: { 1: 'TensorType', 4: 'Sequence', 5: 'Map', 6: 'says', 8: 'TensorType', 9: 'Sequence' },
  TensorType: { 2: 'Shape' },
  Sequence: { 1: 'Type' },
  Map: { 2: 'Type' },
  Shape: { 1: 'Dimension' },
  Dimension: { 2: 'name', 3: 'says' },
  Annotation: { 1: 'name', 2: 'Named' },
  Named: { 1: 'says', 2: 'name' },
  Training: { 1: 'Graph', 2: 'Graph', 3: 'Binding', 4: 'Binding' },
  Binding: { 1: 'name', 2: 'name' },
  Metadata: { 1: 'about', 2: 'about' },
} as const satisfies Readonly<Record<string, Readonly<Record<number, string>>>>

/** Hands out every field of text of a model: its kind and where its bytes are. */
export function eachText(model: Model, on: (kind: TextKind, start: number, end: number) => void): void {
  const walk = (message: Message, c: Cursor): void => {
    const fields: Readonly<Record<number, string | undefined>> = messages[message]
    while (c.next()) {
      const field = fields[c.field] as Field | undefined
      if (field === undefined || c.wireType !== 2) continue
      if (field === 'about' || field === 'name' || field === 'says') on(field, c.start, c.end)
      else walk(field, c.message())
    }
  }
  walk('Model', new Cursor(new Window(model.source), { parent: null, lengthStart: 0, start: 0, end: model.byteLength }))
}
