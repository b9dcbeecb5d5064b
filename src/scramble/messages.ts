// What is done with each field of ONNX's messages, by field number (onnx.proto). A number that is not here is no field of ONNX: it goes.

/** What a text names; see planNames. */
export type NameKind = 'value' | 'node' | 'graph' | 'function' | 'dim' | 'domain' | 'operator' | 'attribute_tensor'

export type FieldRule =
  | 'keep'
  /** It goes; the word is for the report. */
  | { readonly drop: Dropped }
  | { readonly name: NameKind }
  | { readonly message: string }

export type Dropped =
  | 'doc strings'
  | 'metadata entries'
  | 'producer fields'
  | 'domain'
  | 'model version'
  | 'denotations'
  | 'training info'
  | 'device configurations'
  | 'unused tensors'
  | 'prepacked copies'
  | 'superseded values'
  | 'unknown fields'

const keep = 'keep'
const doc: FieldRule = { drop: 'doc strings' }
const metadata: FieldRule = { drop: 'metadata entries' }
const message = (name: string): FieldRule => ({ message: name })
const name = (kind: NameKind): FieldRule => ({ name: kind })

export const messages: Readonly<Record<string, Readonly<Record<number, FieldRule>>>> = {
  Model: {
    1: keep,
    2: { drop: 'producer fields' },
    3: { drop: 'producer fields' },
    4: { drop: 'domain' },
    5: { drop: 'model version' },
    6: doc,
    7: message('Graph'),
    8: message('OperatorSet'),
    14: metadata,
    20: { drop: 'training info' },
    25: message('Function'),
    26: { drop: 'device configurations' },
  },
  OperatorSet: { 1: name('domain'), 2: keep },
  Graph: {
    1: message('Node'),
    2: name('graph'),
    5: message('Tensor'),
    10: doc,
    11: message('ValueInfo'),
    12: message('ValueInfo'),
    13: message('ValueInfo'),
    14: message('Annotation'),
    15: message('Sparse'),
    16: metadata,
  },
  Node: {
    1: name('value'),
    2: name('value'),
    3: name('node'),
    4: name('operator'),
    5: message('Attribute'),
    6: doc,
    7: name('domain'),
    8: keep,
    9: metadata,
    10: { drop: 'device configurations' },
  },
  Attribute: {
    1: keep,
    2: keep,
    3: keep,
    4: keep,
    5: message('AttributeTensor'),
    6: message('Graph'),
    7: keep,
    8: keep,
    9: keep,
    10: message('AttributeTensor'),
    11: message('Graph'),
    13: doc,
    14: message('Type'),
    15: message('Type'),
    20: keep,
    21: keep,
    22: message('AttributeSparse'),
    23: message('AttributeSparse'),
  },
  Tensor: tensor('value'),
  AttributeTensor: tensor('attribute_tensor'),
  Sparse: { 1: message('Tensor'), 2: message('AttributeTensor'), 3: keep },
  AttributeSparse: { 1: message('AttributeTensor'), 2: message('AttributeTensor'), 3: keep },
  ValueInfo: { 1: name('value'), 2: message('Type'), 3: doc, 4: metadata },
  Type: {
    1: message('TensorType'),
    4: message('Wrapped'),
    5: { message: 'MapType' },
    6: { drop: 'denotations' },
    7: keep,
    8: message('TensorType'),
    9: message('Wrapped'),
  },
  TensorType: { 1: keep, 2: message('Shape') },
  Wrapped: { 1: message('Type') },
  MapType: { 1: keep, 2: message('Type') },
  Shape: { 1: message('Dimension') },
  Dimension: { 1: keep, 2: name('dim'), 3: { drop: 'denotations' } },
  Annotation: { 1: name('value'), 2: message('AnnotationEntry') },
  AnnotationEntry: { 1: keep, 2: name('value') },
  Function: {
    1: name('function'),
    4: name('value'),
    5: name('value'),
    6: keep,
    7: message('Node'),
    8: doc,
    9: message('OperatorSet'),
    10: name('domain'),
    11: message('Attribute'),
    12: message('ValueInfo'),
    13: keep,
    14: metadata,
  },
}

function tensor(kind: NameKind): Readonly<Record<number, FieldRule>> {
  const values = Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14].map((number) => [number, keep] as const))
  return { ...values, 8: name(kind), 12: doc, 16: metadata }
}

/** Keys of the model's metadata that change how a runtime runs it: onnxruntime's session options. */
export const neededMetadata: ReadonlySet<string> = new Set(['ort_config'])

/** Keys of external_data that are looked after where data is placed. Others are copies of the old values in a kernel's own order. */
export const neededEntries: ReadonlySet<string> = new Set(['location', 'offset', 'length', 'checksum'])
