import { codeTypes } from './init/codeTypes.js'
import { makeFill } from './init/makeFill.js'
import { storedUnits } from './onnx/values/readValues.js'
import { valuePatches } from './onnx/valuePatches.js'
import { drawText } from './skeleton/drawText.js'
import { wholeElements } from './skeleton/readDraw.js'
import {
  MAX_FACTORS,
  MAX_SCALES,
  MAX_WHOLE_ELEMENTS,
  type SkeletonCodes,
  type SkeletonDraw,
  type SkeletonGroup,
  type SkeletonRecipe,
  type SkeletonTensor,
} from './skeleton/skeletonRecipe.js'
import type { Codes, Model, PlannedDraw, PlannedFill, QuantizedGroup, QuantizedPart, Tensor } from './types.js'

/** Which values a skeleton leaves out, and the recipe for them. */
export interface PlannedSkeleton {
  /** In the order of the file, as the recipe's tensors. */
  readonly leftOut: readonly PlannedFill[]
  /** Fills whose values stand in the skeleton, drawn, and why. */
  readonly drawn: readonly { readonly fill: PlannedFill; readonly reason: string; readonly byteLength: number }[]
  readonly recipe: Pick<SkeletonRecipe, 'groups' | 'tensors'>
}

/** Below this many bytes a tensor's entry would be as long as its values. */
const LEAST_BYTES = 128

export interface SkeletonOptions {
  /** Tensors that it has not. */
  readonly removed: readonly Tensor[]
  /** Names of tensors are others in it, and the recipe tells none. */
  readonly isRenamed: boolean
  /** Below it values stay, drawn. */
  readonly leastBytes?: number | undefined
}

/** A skeleton by the fills of its model. */
export function planSkeleton(model: Model, fills: readonly PlannedFill[], options: SkeletonOptions): PlannedSkeleton {
  const { removed, isRenamed, leastBytes = LEAST_BYTES } = options
  const gone = new Set(removed)
  const numbers = new Map(model.tensors.filter((t) => !gone.has(t)).map((t, i) => [t, i]))
  const redrawn = new Set(fills.map((f) => f.weight.tensor))
  const groups: SkeletonGroup[] = []
  const groupNumbers = new Map<QuantizedGroup, number | null>()

  const replayed = (draw: PlannedDraw) => replayedDraw(draw, isRenamed)

  /** Of a tensor that the skeleton holds as the input does. */
  const numberOf = (tensor: Tensor): number | null => (redrawn.has(tensor) ? null : (numbers.get(tensor) ?? null))

  function codesOf({ quantization, zero, least, greatest }: Codes): SkeletonCodes | null {
    // zero points may be floats, between two codes or beyond all; what limits codes may be no code
    if (![zero ?? 0, least, greatest].every((code) => isCode(quantization.codeType, code))) return null
    const [zeros] = zero === null ? quantization.zeroPoints : []
    const zeroPoints = zeros && numberOf(zeros)
    if (zeroPoints === null) return null
    const { codeType: type, dims, blocks, packing, zero: padding } = quantization
    const rest = { ...(zeroPoints !== undefined && { zeroPoints }), ...(padding !== 0 && { padding }) }
    return { type, dims, blocks, packing, zero, least, greatest, ...rest }
  }

  /** Its number among the recipe's groups; null: it can't be one. */
  function groupOf(group: QuantizedGroup): number | null {
    const known = groupNumbers.get(group)
    if (known !== undefined) return known
    const [stored] = group.scales
    const scales = stored && numbers.get(stored)
    const members = group.members.flatMap(({ draw, codes }) => {
      const [text, written] = [replayed(draw), codesOf(codes)]
      const { dataType } = draw.target
      const tensor = numbers.get(draw.weight.tensor)
      return text && written && tensor !== undefined ? [{ ...text, tensor, codes: written, ...(dataType !== 'FLOAT' && { dataType }) }] : []
    })
    const isWhole =
      scales !== undefined &&
      stored &&
      stored.elementCount <= MAX_SCALES &&
      members.length === group.members.length &&
      wholeElements(group.members) <= MAX_WHOLE_ELEMENTS
    const number = isWhole ? groups.push({ scales, members }) - 1 : null
    groupNumbers.set(group, number)
    return number
  }

  function partOf(fill: PlannedFill, part: QuantizedPart): SkeletonTensor | null {
    if (part.kind === 'zero_points') {
      const codes = part.codes.zero === null ? null : codesOf(part.codes)
      return codes && { zeroPoints: codes }
    }
    if (part.scale.kind === 'drawn') {
      const number = groupOf(part.scale.group)
      return number === null ? null : part.kind === 'scales' ? { scalesOf: number } : { stepsOf: number }
    }
    if (part.kind === 'scales' || part.values !== 'drawn') return null
    const { of, factor, dataType } = part.scale
    const [text, codes] = [replayed(fill), codesOf(part.codes)]
    const steps = of.map((t) => ('members' in t ? null : numberOf(t)))
    return text && codes && dataType === null && steps.length <= MAX_FACTORS && steps.every((n) => n !== null)
      ? { ...text, codes, steps: { of: steps, factor } }
      : null
  }

  function entryOf(fill: PlannedFill): SkeletonTensor | string {
    const { tensor } = fill.weight
    if (fill.change || tensor.elements.kind !== 'stored') return 'its message is written anew'
    if (tensor.elements.field.startsWith('value_')) return 'its values tell its length'
    const [range] = tensor.elements.ranges
    if (tensor.elements.ranges.length !== 1 || !range || range.start < tensor.frame.start || range.start > tensor.frame.end)
      return 'its values are stored in pieces'
    if (byteLengthOf(tensor) < Math.max(1, leastBytes)) return `fewer than ${leastBytes} bytes`
    const entry = fill.part ? partOf(fill, fill.part) : replayed(fill)
    if (entry === null) return 'no stream alone gives its values'
    return tensor.elements.varints ? { ...entry, byteLength: writtenLength(model, fill) } : entry
  }

  const inFileOrder = [...fills].sort((a, b) => a.weight.tensor.at - b.weight.tensor.at)
  const entries = inFileOrder.map((fill) => ({ fill, entry: entryOf(fill) }))
  return {
    leftOut: entries.flatMap(({ fill, entry }) => (typeof entry === 'string' ? [] : [fill])),
    drawn: entries.flatMap(({ fill, entry: reason }) =>
      typeof reason === 'string' ? [{ fill, reason, byteLength: byteLengthOf(fill.weight.tensor) }] : [],
    ),
    recipe: { groups, tensors: entries.flatMap(({ entry }) => (typeof entry === 'string' ? [] : [entry])) },
  }
}

/** Of floats of few bits the codes that may be used end at values, which may be no whole numbers. */
function isCode(codeType: string, code: number): boolean {
  const type = codeTypes[codeType]
  return type !== undefined && code >= type.least && code <= type.greatest && (type.values !== null || Number.isInteger(code))
}

function byteLengthOf(tensor: Tensor): number {
  const { byteLength, count } = storedUnits(tensor)
  return byteLength * count
}

const writtenLength = (model: Model, fill: PlannedFill) => valuePatches(model, [fill]).reduce((sum, { patch }) => sum + patch.byteLength, 0)

/** A draw that takes as little memory as the skeleton's reader allows. */
function replayedDraw(draw: PlannedDraw, isRenamed: boolean): SkeletonDraw | null {
  const { initializer, target, seed } = draw
  const text = drawText(draw, isRenamed)
  const isSmall = target.elementCount <= MAX_WHOLE_ELEMENTS
  return text && (isSmall || makeFill(initializer, target, BigInt(seed)).filler.access === 'random') ? text : null
}
