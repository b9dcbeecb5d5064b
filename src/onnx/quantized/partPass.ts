import type { Fill } from '../../init/fill.js'
import { extremesOf, neededScale, quantize, scaleAs, scaleCount, scaleIndices, type Steps, widen } from '../../init/quantize.js'
import type {
  Codes,
  Model,
  PlannedDraw,
  PlannedFill,
  QuantizedGroup,
  QuantizedPart,
  ScaleSource,
  Tensor,
  TensorChange,
  Values,
} from '../../types.js'
import { codecs, isFloatType } from '../values/dataTypes.js'
import { CHUNK_ELEMENTS, drawValues } from '../drawValues.js'
import { keptCodes, keptScales, keptZeros } from './keptClasses.js'
import { packer } from './packing.js'
import { dequantizedReader, packingOf, product, readNumbers, readZeros, typeOf, zeroPacking } from './steps.js'

/** A stretch of a quantized tensor: its values and the codes they become, good until the next. */
export interface QuantizedChunk {
  readonly start: number
  /** As drawn, also for what keeps its codes. */
  readonly drawn: Values
  readonly values: Values
  readonly codes: Int32Array
  /** Of the scales, one a value. */
  readonly indices: Uint32Array
  readonly saturated: number
}

/** What parts of quantized weights become, in one pass over the plan. */
export interface PartPass {
  /** All of a tensor's new units as raw_data has them, in order, in chunks that are good until the next. */
  units(this: void, fill: PlannedFill, part: QuantizedPart): Iterable<Uint8Array>
  /** New codes of integers, with the steps that they are in. */
  steps(this: void, part: IntegerPart): Steps
  chunks(this: void, fill: PlannedFill, part: IntegerPart, steps: Steps): Iterable<QuantizedChunk>
}
export type IntegerPart = Extract<QuantizedPart, { kind: 'integers' }>

/**
 * `make` gives the draws of the pass. A group's scales are found in a pass of their own over its draws; those that can't be drawn again at
 * will stay in memory until another group's turn, for which its parts stand together in the plan.
 */
export function partPass(model: Model, make: (draw: PlannedDraw) => Fill): PartPass {
  const open = (file: string) => model.open(file)
  let held: { readonly group: QuantizedGroup; readonly drawn: Map<PlannedDraw, Values>; scales: Float64Array } | null = null

  function scalesOf(source: ScaleSource): Float64Array {
    if (source.kind === 'drawn') return groupScales(source.group)
    const exact = product(
      source.of.map((of) => ('members' in of ? groupScales(of) : readNumbers(of, open))),
      source.factor,
    )
    const { dataType } = source
    return dataType === null ? exact : exact.map((s) => nearestAs(dataType, s))
  }

  function groupScales(group: QuantizedGroup): Float64Array {
    if (held?.group === group) return held.scales
    held = { group, drawn: new Map(), scales: new Float64Array(0) }
    const [stored] = group.scales as [Tensor, ...Tensor[]]
    const needed = new Float64Array(stored.elementCount)
    for (const { draw, codes } of group.members) {
      const extremes = extremesOf(needed.length)
      let start = 0
      for (const values of drawn(draw, group)) {
        widen(extremes, values, indicesOf(codes, start, values.length))
        start += values.length
      }
      const zeros = zerosOf(codes)
      needed.forEach((scale, k) => {
        const zero = zeros[zeros.length === 1 ? 0 : k] as number
        needed[k] = Math.max(scale, neededScale(extremes.least[k] as number, extremes.greatest[k] as number, zero, codes))
      })
    }
    // a scale that is redrawn whole may have no old values
    const old = needed.every((scale) => scale > 0) ? needed : readNumbers(stored, open)
    const fresh = needed.map((scale, k) => (scale > 0 ? (scaleAs(stored.dataType, scale) as number) : usable(old[k] as number)))
    const [{ codes }] = group.members as [QuantizedGroup['members'][number]]
    held.scales = keptScales(codes.quantization, fresh, open)
    return held.scales
  }

  /** The values of a draw; a group's are drawn as often as it takes. */
  function* drawn(draw: PlannedDraw, group: QuantizedGroup | null): Generator<Values> {
    const known = held?.group === group ? held?.drawn.get(draw) : undefined
    if (known) {
      for (let at = 0; at < known.length; at += CHUNK_ELEMENTS) yield known.subarray(at, at + CHUNK_ELEMENTS)
      return
    }
    const { filler } = make(draw)
    if (filler.access === 'random' || group === null) yield* drawValues(filler, draw.target)
    else {
      const all = codecs[draw.target.dataType].newValues(draw.target.elementCount)
      if (filler.access === 'whole') filler.fill(all)
      else filler.next(all)
      held?.drawn.set(draw, all)
      yield* drawn(draw, group)
    }
  }

  const zerosOf = ({ zero, quantization }: Codes) =>
    keptZeros(quantization, zero === null ? readZeros(quantization, quantization.zeroPoints[0], open) : Float64Array.of(zero), open)

  function steps({ codes, scale }: IntegerPart): Steps {
    const scales = keptScales(codes.quantization, scalesOf(scale), open)
    return { type: typeOf(codes.quantization.codeType), limits: codes, scales, zeros: zerosOf(codes) }
  }

  function* chunks(fill: PlannedFill, { codes, scale, values: which }: IntegerPart, by: Steps): Generator<QuantizedChunk> {
    const { tensor } = fill.weight
    const all =
      which === 'old'
        ? oldValues(tensor, codes)
        : scale.kind === 'drawn'
          ? drawn(memberOf(fill, scale.group), scale.group)
          : drawn(fill, null)
    const kept = keptCodes(codes.quantization, open)
    let start = 0
    for (const drawn of all) {
      const values = kept ? kept.values(start, drawn) : drawn
      const indices = indicesOf(codes, start, values.length)
      const out = new Int32Array(values.length)
      const saturated = quantize(by, values, indices, out)
      kept?.codes(start, out)
      yield { start, drawn, values, codes: out, indices, saturated }
      start += values.length
    }
  }

  function* oldValues(tensor: Tensor, { quantization }: Codes): Generator<Values> {
    const read = dequantizedReader(tensor, quantization, open)
    for (let at = 0; at < tensor.elementCount; at += CHUNK_ELEMENTS) yield read(at, Math.min(tensor.elementCount, at + CHUNK_ELEMENTS))
  }

  function* units(fill: PlannedFill, part: QuantizedPart): Generator<Uint8Array> {
    const { tensor } = fill.weight
    if (part.kind === 'integers') {
      const pack = packer(packingOf(tensor, part.codes.quantization), part.codes.quantization.zero)
      for (const { codes } of chunks(fill, part, steps(part))) yield pack(codes)
    } else if (part.kind === 'scales') {
      const scales = scalesOf(part.scale)
      const all = scales.length === 1 ? new Float64Array(tensor.elementCount).fill(scales[0] as number) : scales.slice()
      if (fill.change?.kind === 'resize') restoreNumbers(all, tensor, fill.change)
      yield encodeNumbers(tensor, all)
    } else {
      const { quantization, zero } = part.codes
      const packing = zeroPacking(quantization, tensor)
      const count = packing ? scaleCount(quantization) : tensor.elementCount
      const zeros = zerosOf({ ...part.codes, zero: zero ?? 0 })
      const numbers = zeros.length === 1 ? new Float64Array(count).fill(zeros[0] as number) : zeros
      yield packing ? packer(packing, 0)(Int32Array.from(numbers)) : encodeNumbers(tensor, numbers)
    }
  }
  /** A bias' own scales are rounded products, which the old ones may not be: those of kept classes stay. */
  function restoreNumbers(numbers: Float64Array, { dims }: Tensor, { from, axis, kept }: Extract<TensorChange, { kind: 'resize' }>): void {
    if (kept.length === 0) return
    const old = readNumbers(from, open)
    const inner = dims.slice(axis + 1).reduce((n, d) => n * d, 1)
    const rows = (size: number | undefined, outer: number, index: number) => (outer * (size ?? 1) + index) * inner
    for (let outer = 0; rows(dims[axis], outer, 0) < numbers.length; outer++)
      for (const [to, was] of kept) {
        const at = rows(from.dims[axis], outer, was)
        numbers.set(old.subarray(at, at + inner), rows(dims[axis], outer, to))
      }
  }

  return { units, steps, chunks }
}

/** The draw that a fill of a group's integers is made of. */
const memberOf = (fill: PlannedFill, { members }: QuantizedGroup): PlannedDraw =>
  members.find(({ draw }) => draw.weight === fill.weight)?.draw ?? fill

function indicesOf({ quantization }: Codes, start: number, length: number): Uint32Array {
  const indices = new Uint32Array(length)
  scaleIndices(quantization, start, indices)
  return indices
}

/** A block of zeros keeps its scale, where that is one. */
const usable = (scale: number) => (Number.isFinite(scale) && scale > 0 ? scale : 1)

/** The nearest number of a scale's type. */
const nearestAs = (dataType: string, scale: number) =>
  isFloatType(dataType)
    ? (codecs[dataType].decode(codecs[dataType].encode(Float64Array.of(scale)))[0] as number)
    : (scaleAs(dataType, scale) ?? scale)

/** Numbers as a tensor of scales or zero points stores them. */
function encodeNumbers({ dataType }: Tensor, numbers: Float64Array): Uint8Array {
  if (isFloatType(dataType)) return codecs[dataType].encode(dataType === 'DOUBLE' ? numbers : Float32Array.from(numbers))
  if (dataType === 'FLOAT8E8M0') return Uint8Array.from(numbers, (s) => Math.log2(s) + 127)
  const { bits, least } = typeOf(dataType)
  return packer({ bits, signed: least < 0, row: numbers.length, paddedRow: numbers.length }, 0)(Int32Array.from(numbers))
}
