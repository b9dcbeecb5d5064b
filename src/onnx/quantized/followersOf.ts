import { measure } from '../../init/measure.js'
import type {
  Distribution,
  Model,
  PlannedDraw,
  PlannedFill,
  QuantizedGroup,
  Quantization,
  ScaleSource,
  Tensor,
  Weight,
} from '../../types.js'
import { storedCodes } from './codesOf.js'
import { dequantizedReader, product, readNumbers } from './steps.js'
import type { Users } from './users.js'

/** A bias in steps of scales that change. */
export interface Follower {
  readonly weight: Weight
  /** What becomes of it: as drawn, or with the values that it has, in the new steps. */
  fills(this: void, group: QuantizedGroup, draw: PlannedDraw | undefined): PlannedFill[]
}

/** A bias' scale is its factors' product up to roundings: float32's, or those of a model that keeps its scales in a half type. */
const SAME = 0.01

/** The biases that have to follow when these scales change; a text says why one can't. */
export function followersOf(model: Model, users: Users, scales: readonly Tensor[]): readonly Follower[] | string {
  const found: Follower[] = []
  for (const weight of users.inStepsOf(scales)) {
    const follower = followerOf(model, users, weight)
    if (typeof follower === 'string') return `its bias ${JSON.stringify(weight.tensor.name)} can't follow: ${follower}`
    if (follower !== null) found.push(follower)
  }
  return found
}

/** null: its own scale is another than the product, and stays. */
function followerOf(model: Model, users: Users, weight: Weight): Follower | string | null {
  const { tensor, readers } = weight
  const quantization = weight.quantization as Quantization
  const { scales, products, factor, fixed } = quantization
  if (fixed !== null) return fixed
  const unreadable = [tensor, ...products].find((t) => t.elements.kind !== 'stored')
  if (unreadable) return `${JSON.stringify(unreadable.name)} is not stored`
  const open = (file: string) => model.open(file)
  const steps = product(
    products.map((p) => readNumbers(p, open)),
    factor,
  )
  if (steps.length > 1 && steps.length !== tensor.elementCount) return `it has ${tensor.elementCount} values for ${steps.length} scales`
  if (scales.some((s) => !isProduct(readNumbers(s, open), steps))) return null
  if (readers[0]) return `it is read by ${JSON.stringify(readers[0].name || readers[0].opType)} too`
  const shared = scales.map((s) => users.sharing(s, [weight])).find((r) => r !== null)
  if (shared) return shared
  const codes = storedCodes(model, weight)
  if (typeof codes === 'string') return codes
  const old = dequantizedReader(tensor, quantization, open)(0, tensor.elementCount)
  const isZero = old.every((v) => v === 0)
  return {
    weight,
    fills: (group, draw) => {
      const of = products.map((p) => (group.scales.includes(p) ? group : p))
      const scale: ScaleSource = { kind: 'product', of, factor, dataType: scales[0]?.dataType ?? null }
      const base = draw ?? keptDraw(weight, old, group)
      const integers: PlannedFill = { ...base, part: { kind: 'integers', codes, scale, values: draw ? 'drawn' : 'old' } }
      const own = scales.map(
        (s): PlannedFill => ({ ...base, weight: users.weights.get(s) as Weight, part: { kind: 'scales', scale, of: tensor.name } }),
      )
      return isZero && !draw ? own : [integers, ...own]
    },
  }
}

function isProduct(own: Float64Array, steps: Float64Array): boolean {
  const at = (list: Float64Array, i: number) => list[list.length === 1 ? 0 : i] as number
  const length = Math.max(own.length, steps.length)
  if (own.length !== length && steps.length !== length) return false
  return Array.from({ length }, (_, i) => Math.abs(at(own, i) / at(steps, i) - 1)).every((error) => error <= SAME)
}

/** The draw of a bias that keeps its values: none is made of it. */
function keptDraw(weight: Weight, old: Float64Array, { members }: QuantizedGroup): PlannedDraw {
  const { tensor, role, uses } = weight
  const moments = measure()
  moments.add(old)
  const distribution: Distribution = { family: 'structured', ...moments.finish() }
  const [{ draw }] = members as [QuantizedGroup['members'][number]]
  return {
    ...draw,
    weight,
    target: {
      dims: tensor.dims,
      elementCount: tensor.elementCount,
      dataType: 'FLOAT',
      fan: null,
      layout: [],
      groups: 1,
      stacked: 1,
      role,
      opType: uses[0].opType,
      activation: null,
      scope: tensor.graph.scope,
      name: tensor.name,
    },
    initializer: { name: 'kept', parameters: {} },
    gain: null,
    distribution,
    why: 'its values are kept in the new steps of its matrix',
  }
}
