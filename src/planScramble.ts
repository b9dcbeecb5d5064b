import { codeTypes } from './init/codeTypes.js'
import { makeFill } from './init/makeFill.js'
import { measure } from './init/measure.js'
import { stream } from './init/philox.js'
import { codecs, isFloatType } from './onnx/values/dataTypes.js'
import { CHUNK_ELEMENTS } from './onnx/drawValues.js'
import { elementReader, storedUnits } from './onnx/values/readValues.js'
import { drawAttribute } from './scramble/drawAttribute.js'
import { freeTarget } from './scramble/freeTarget.js'
import { ownRange } from './scramble/ownRange.js'
import type {
  Codes,
  FillTarget,
  FloatType,
  FramedPatch,
  InitializerSpec,
  Learned,
  LearnedTensor,
  Model,
  PlannedDraw,
  PlannedFill,
  Quantization,
  Tensor,
  TensorEdit,
  Values,
  Weight,
  WeightUse,
} from './types.js'

/** What becomes of learned values outside weight slots. */
export interface PlannedScramble {
  readonly fills: readonly PlannedFill[]
  readonly edits: readonly TensorEdit[]
  readonly patches: readonly FramedPatch[]
}

const WHY = 'its own mean, deviation and range, moved and rounded'

/** Fresh values for what was learned outside weight slots, each within its own range, without its extremes and moments. */
export function planScramble(model: Model, { tensors, attributes }: Learned, seed: bigint): PlannedScramble {
  return {
    fills: tensors.map((t) => (t.as === 'floats' ? floatFill(t, seed) : codeFill(t, seed))),
    edits: attributes.flatMap((a) =>
      a.tensors.flatMap((t) => (isFloatType(t.dataType) ? [{ tensor: t, dims: t.dims, values: redrawn(model, t, seed) }] : [])),
    ),
    patches: attributes.flatMap((a) => drawAttribute(model, a, seed)),
  }
}

const specOf = ({ tensor, moments }: LearnedTensor, dataType: FloatType, seed: bigint): InitializerSpec =>
  ownRange(moments, dataType, stream(seed, tensor.graph.scope, tensor.name, 'range'))

function floatFill(learned: LearnedTensor, seed: bigint): PlannedFill {
  const dataType = learned.tensor.dataType as FloatType
  return drawOf(weightOf(learned, null), targetOf(learned.tensor, dataType), specOf(learned, dataType, seed), seed)
}

/** Integers and floats of few bits as they are, in steps of 1. */
function codeFill(learned: LearnedTensor, seed: bigint): PlannedFill {
  const { tensor, moments } = learned
  const { dataType, dims } = tensor
  const quantization: Quantization = {
    scales: [],
    zeroPoints: [],
    codeType: dataType,
    dims,
    blocks: dims,
    packing: 'plain',
    zero: 0,
    products: [],
    factor: 1,
    limits: null,
    reads: [],
    fixed: null,
  }
  const type = codeTypes[dataType]
  const isInteger = type?.values === null
  const ends = isInteger ? { least: moments.min, greatest: moments.max } : { least: type?.least ?? 0, greatest: type?.greatest ?? 0 }
  const codes: Codes = { quantization, zero: 0, ...ends }
  const draw = drawOf(weightOf(learned, quantization), targetOf(tensor, 'FLOAT'), specOf(learned, 'FLOAT', seed), seed)
  return { ...draw, part: { kind: 'integers', codes, scale: { kind: 'product', of: [], factor: 1, dataType: null }, values: 'drawn' } }
}

function drawOf(weight: Weight, target: FillTarget, spec: InitializerSpec, seed: bigint): PlannedDraw {
  const { initializer, gain, distribution } = makeFill(spec, target, seed)
  return { weight, target, initializer, gain, distribution, seed: String(seed), rng: 'philox', why: WHY }
}

const targetOf = ({ dims, elementCount, graph, name }: Tensor, dataType: FloatType): FillTarget =>
  freeTarget({ dims, elementCount, dataType, scope: graph.scope, name })

/** A parameter of no known slot. */
function weightOf({ tensor, reader }: LearnedTensor, quantization: Quantization | null): Weight {
  const layer = reader ? reader.name || `${reader.opType}_${reader.index}` : 'output'
  const node = reader ?? (tensor.graph.nodes[0] as NonNullable<LearnedTensor['reader']>)
  const operator = { node, opType: reader?.opType ?? '', domain: reader?.domain ?? '', input: -1, groups: 1, stacked: 1 }
  const use: WeightUse = { ...operator, role: 'position', layout: [], fan: null, layer, activation: null, quantization }
  return { tensor, uses: [use], readers: [], head: false, role: 'position', layer, fan: null, layout: [], activation: null, quantization }
}

/** New bytes of a tensor that is no stored constant of a graph, which is small: it lies in an attribute. */
function redrawn(model: Model, tensor: Tensor, seed: bigint): Uint8Array {
  const dataType = tensor.dataType as FloatType
  const codec = codecs[dataType]
  const { count } = storedUnits(tensor)
  const all = measure()
  all.add(finite(codec.decode(Uint8Array.from(elementReader(tensor, (file) => model.open(file))(0, count)))))
  const spec = ownRange(all.finish(), dataType, stream(seed, tensor.graph.scope, tensor.name, 'range'))
  const { filler } = makeFill(spec, targetOf(tensor, dataType), seed)
  const values = codec.newValues(count)
  for (let at = 0; at < count; at += CHUNK_ELEMENTS)
    if (filler.access === 'random') filler.fill(values.subarray(at, at + CHUNK_ELEMENTS), at)
  return Uint8Array.from(codec.encode(values))
}

const finite = (values: Values): Values => values.filter(Number.isFinite)
