import { isScaleType, scaleCount } from '../../init/quantize.js'
import type { Model, PlannedDraw, PlannedFill, QuantizedGroup, ScaleSource, Skipped, Tensor, Weight } from '../../types.js'
import { followersOf } from './followersOf.js'
import { calibrationNotes } from './calibrationNotes.js'
import { type Chosen, codesFor, storedCodes } from './codesOf.js'
import { sharesScales } from './keptClasses.js'
import { unfitSteps } from './keptSteps.js'
import { Users } from './users.js'

/** What draws of quantized weights become. */
export interface QuantizedFills {
  /** By the draw that they go with: integers, then scales, zero points and biases that follow. All of a group are with its first draw. */
  readonly fills: ReadonlyMap<PlannedDraw, readonly PlannedFill[]>
  /** Left as they are, and why. */
  readonly kept: readonly Skipped[]
  readonly notes: readonly string[]
}

/**
 * Turns draws of quantized weights into what is written for them. New values get scales of their own, so a scale that anything else reads
 * too forbids a change; weights that share one are quantized together. A bias in steps of a scale that changes keeps its value. `isFresh`:
 * zero points that differ by block go to the middle, since they tell of the old values.
 */
export function quantizedFills(model: Model, weights: readonly Weight[], draws: readonly PlannedDraw[], isFresh = false): QuantizedFills {
  const users = new Users(weights)
  const fills = new Map<PlannedDraw, PlannedFill[]>()
  const kept: Skipped[] = []
  const keep = ({ weight: { tensor } }: PlannedDraw, detail: string) =>
    kept.push({ name: tensor.name, reason: 'quantized', detail, elementCount: tensor.elementCount })
  const fit = draws.filter((draw) => {
    const reason = unfit(draw)
    if (reason !== null) keep(draw, reason)
    return reason === null
  })
  const zeros = new Set(fit.filter(isZero).map((d) => d.weight))
  const drawOf = new Map(fit.map((d) => [d.weight, d]))
  const followed = new Set<Weight>()
  for (const members of groups(fit.filter((d) => !isSteady(d)))) {
    const chosen = members.map((draw) => codesFor(model, draw, movable(users, draw.weight), isFresh))
    const scales = [...new Set(members.flatMap((d) => d.weight.quantization?.scales ?? []))]
    const followers = followersOf(model, users, scales)
    const text = chosen.find((c) => typeof c === 'string')
    const reason = text ?? unfitScales(users, members, scales, zeros) ?? (typeof followers === 'string' ? followers : null)
    if (reason !== null || typeof followers === 'string') {
      for (const draw of members) keep(draw, reason ?? '')
      continue
    }
    const group: QuantizedGroup = { members: members.map((draw, i) => ({ draw, codes: (chosen[i] as Chosen).codes })), scales }
    fills.set(members[0] as PlannedDraw, groupFills(users, group, chosen as Chosen[]))
    for (const draw of members.slice(1)) fills.set(draw, [])
    for (const follower of followers) followed.add(follower.weight)
    fills.get(members[0] as PlannedDraw)?.push(...followers.flatMap((f) => f.fills(group, drawOf.get(f.weight))))
  }
  for (const draw of fit)
    if (!fills.has(draw) && isSteady(draw)) fills.set(draw, followed.has(draw.weight) ? [] : steadyFills(model, draw, keep))
  return { fills, kept, notes: calibrationNotes([...fills.values()].flat()) }
}

/** Constant zero has a code under any scale; an int32 bias has the scale of its matrix; a scale that kept classes have in common stays. */
const isZero = ({ distribution }: PlannedDraw) => distribution.family === 'constant' && distribution.mean === 0
const isSteady = (draw: PlannedDraw) => {
  const { quantization: q } = draw.weight
  return isZero(draw) || q?.codeType === 'INT32' || (q !== null && sharesScales(q))
}

function unfit({ weight: { tensor, quantization, readers }, rng }: PlannedDraw): string | null {
  if (quantization === null) return `${tensor.dataType} values that nothing gives a scale`
  if (quantization.fixed !== null) return quantization.fixed
  if (tensor.elements.kind !== 'stored') return tensor.elements.reason
  if (quantization.packing === 'floats')
    return rng === 'torch' ? "the graph rounds its values, and PyTorch's sequence can't be drawn twice" : null
  const [reader] = readers
  return reader ? `its integers are read by ${JSON.stringify(reader.name || reader.opType)} too` : null
}

/** Draws that have a scale in common, directly or through others, in their order. */
function groups(draws: readonly PlannedDraw[]): PlannedDraw[][] {
  const byScale = new Map<Tensor, PlannedDraw[]>()
  const found = new Set<PlannedDraw[]>()
  for (const draw of draws) {
    const met = new Set((draw.weight.quantization?.scales ?? []).flatMap((s) => (byScale.has(s) ? [byScale.get(s) as PlannedDraw[]] : [])))
    const group = [...[...met].flat(), draw].sort((a, b) => draws.indexOf(a) - draws.indexOf(b))
    for (const other of met) found.delete(other)
    found.add(group)
    for (const d of group) for (const s of d.weight.quantization?.scales ?? []) byScale.set(s, group)
  }
  return [...found]
}

/** Whether the zero points of a weight may move: its own, and stored. */
function movable(users: Users, weight: Weight): true | string {
  const { zeroPoints = [] } = weight.quantization ?? {}
  if (zeroPoints.length === 0) return 'it has no tensor of zero points'
  return zeroPoints.map((z) => users.sharing(z, [weight])).find((r) => r !== null) ?? true
}

function unfitScales(users: Users, members: readonly PlannedDraw[], scales: readonly Tensor[], zeros: ReadonlySet<Weight>): string | null {
  const [first] = scales
  if (!first) return 'its scale is computed in the graph'
  const weights = members.map((d) => d.weight)
  for (const scale of scales) {
    const name = JSON.stringify(scale.name)
    const shared = users.sharing(scale, [...weights, ...zeros])
    if (shared !== null) return shared
    if (!isScaleType(scale.dataType)) return `its scale ${name} has type ${scale.dataType}`
    if (scale.dataType !== first.dataType || scale.elementCount !== first.elementCount)
      return `its scales ${JSON.stringify(first.name)} and ${name} differ in type or number`
  }
  const other = weights.find((w) => w.quantization && scaleCount(w.quantization) !== first.elementCount)
  return other ? `${JSON.stringify(other.tensor.name)} has the same scales for other blocks` : null
}

function groupFills(users: Users, group: QuantizedGroup, chosen: readonly Chosen[]): PlannedFill[] {
  const scale: ScaleSource = { kind: 'drawn', group }
  const [{ draw: first }] = group.members as [QuantizedGroup['members'][number]]
  const of = group.members.map(({ draw }) => draw.weight.tensor.name).join(', ')
  const weightOf = (tensor: Tensor) => users.weights.get(tensor) as Weight
  return [
    ...group.members.map(
      ({ draw, codes }): PlannedFill =>
        codes.quantization.packing === 'floats' ? draw : { ...draw, part: { kind: 'integers', codes, scale, values: 'drawn' } },
    ),
    ...group.scales.map((tensor): PlannedFill => ({ ...first, weight: weightOf(tensor), part: { kind: 'scales', scale, of } })),
    ...group.members.flatMap(({ draw, codes }, i): PlannedFill[] =>
      chosen[i]?.recentred
        ? codes.quantization.zeroPoints.map((tensor) => ({
            ...draw,
            weight: weightOf(tensor),
            part: { kind: 'zero_points', codes, of: draw.weight.tensor.name },
          }))
        : [],
    ),
  ]
}

/** Integers in steps of the scales that are there. */
function steadyFills(model: Model, draw: PlannedDraw, keep: (draw: PlannedDraw, detail: string) => void): PlannedFill[] {
  const { quantization } = draw.weight
  if (quantization === null) return []
  const isRounded = quantization.packing === 'floats'
  if (isRounded && !sharesScales(quantization)) return [draw]
  const codes = storedCodes(model, draw.weight)
  const reason = typeof codes === 'string' ? codes : unfitSteps(draw, codes, (file) => model.open(file))
  if (typeof codes === 'string' || reason !== null) {
    keep(draw, reason ?? '')
    return []
  }
  if (isRounded) return [draw]
  const { scales, products, factor } = quantization
  const scale: ScaleSource = { kind: 'product', of: scales[0] ? [scales[0]] : products, factor: scales[0] ? 1 : factor, dataType: null }
  return [{ ...draw, part: { kind: 'integers', codes, scale, values: 'drawn' } }]
}
