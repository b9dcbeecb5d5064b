import { ReinitError, usage } from './errors.js'
import { makeFill } from './init/makeFill.js'
import { parseSeed } from './init/parseSeed.js'
import { resolveInitializer } from './init/resolveInitializer.js'
import { roles } from './init/roles.js'
import { isFloatType } from './onnx/dataTypes.js'
import { isReadable, readValues } from './onnx/readValues.js'
import type { ReinitOptions } from './reports.js'
import type { Fan, FillTarget, InitializerSpec, Model, PlannedFill, Skipped, Tensor, Weight, WeightUse } from './types.js'

/** What every selected parameter becomes, and what is left as it is. */
export interface Fills {
  readonly fills: readonly PlannedFill[]
  /** Selected, but left as they are. */
  readonly kept: readonly Skipped[]
  readonly notes: readonly string[]
  readonly seed: string
  /** The rule for weights, every parameter resolved. */
  readonly initializer: InitializerSpec
}

/**
 * Turns a selection and the initializer flags into fills: weights take the initializer, other roles what `init/roles` gives them.
 * @throws ReinitError `usage` for parameters that don't fit, `conflict` for tensors that other layers use too.
 */
export function planFills(model: Model, selected: ReadonlySet<Weight>, options: ReinitOptions): Fills {
  const initializer = resolveInitializer(options.init ?? '', initializerOptions(options))
  const seed = parseSeed(options.seed ?? 0)
  const bias = biasRule(options.bias ?? 'zeros')
  const specOf = (use: WeightUse) => (use.role === 'bias' ? bias : (roles[use.role] ?? initializer))
  const layers = selectedLayers(selected, options)
  const fills: PlannedFill[] = []
  const kept: Skipped[] = []
  const notes: string[] = []
  for (const weight of selected) {
    const { tensor, role } = weight
    if (role === 'quant_scale' || role === 'quant_zero_point') continue
    const keep = (reason: string, detail: string) => kept.push({ name: tensor.name, reason, detail, elementCount: tensor.elementCount })
    const decides = decidingUse(weight)
    const spec = specOf(decides)
    if (spec === null) keep('bias-kept', 'a bias, and --bias keep was given')
    else if (weight.quantization !== null || !isFloatType(tensor.dataType)) keep('quantized', `${tensor.dataType} values with a scale`)
    else if (tensor.elements.kind !== 'stored') keep('unwritable', tensor.elements.reason)
    else {
      const fan = weight.fan ?? (roles[role] || role === 'bias' ? null : lastAxisFan(tensor))
      if (fan !== null && weight.fan === null && spec === initializer)
        notes.push(`${tensor.name} has no fans of its own: its last axis stands for both`)
      const fill = planFill(weight, fan, spec, seed, decides)
      if (options.shared !== 'rewrite') refuseShared(model, weight, fill, layers, specOf)
      fills.push(fill)
    }
  }
  return { fills, kept, notes, seed: String(seed), initializer }
}

function initializerOptions({ gain, mode, nonlinearity, negativeSlope }: ReinitOptions) {
  return {
    ...(gain === undefined ? {} : { gain }),
    ...(mode === undefined ? {} : { mode }),
    ...(nonlinearity === undefined ? {} : { nonlinearity }),
    ...(negativeSlope === undefined ? {} : { negativeSlope }),
  }
}

/** null: biases stay. */
function biasRule(bias: 'zeros' | 'keep' | number): InitializerSpec | null {
  if (bias === 'keep') return null
  if (bias === 'zeros') return { name: 'zeros', parameters: {} }
  if (!Number.isFinite(bias)) throw usage(`--bias ${bias}: give zeros, keep or a finite number.`)
  return { name: 'constant', parameters: { value: bias } }
}

/** The layers that the selection means; null: all of them. */
function selectedLayers(selected: ReadonlySet<Weight>, { layers, head }: ReinitOptions): ReadonlySet<string> | null {
  const isNamed = (layers?.length ?? 0) > 0 || head === true
  return isNamed ? new Set([...selected].map((w) => w.layer)) : null
}

const decidingUse = (w: Weight): WeightUse => w.uses.find((u) => u.role === w.role && u.layer === w.layer) ?? w.uses[0]

function lastAxisFan({ dims }: Tensor): Fan {
  const size = dims.at(-1) ?? 1
  return { fanIn: size, fanOut: size }
}

function planFill(weight: Weight, fan: Fan | null, spec: InitializerSpec, seed: bigint, use: WeightUse): PlannedFill {
  const { tensor, role, layout, activation } = weight
  const target: FillTarget = {
    dims: tensor.dims,
    elementCount: tensor.elementCount,
    dataType: tensor.dataType as FillTarget['dataType'],
    fan,
    layout: tensor.denseDims ? [] : layout,
    groups: use.groups,
    stacked: use.stacked,
    role,
    opType: use.opType,
    activation,
    scope: tensor.graph.scope,
    name: tensor.name,
  }
  const { initializer, gain, distribution, why } = makeFill(spec, target, seed)
  return { weight, target, initializer, gain, distribution, seed: String(seed), why }
}

/** A tensor that layers outside the selection use too, or that selected uses want to be different things, unless its values stay as they are. */
function refuseShared(
  model: Model,
  { tensor, layer, uses, readers }: Weight,
  fill: PlannedFill,
  layers: ReadonlySet<string> | null,
  specOf: (use: WeightUse) => InitializerSpec | null,
): void {
  const other = layers && (uses.find((u) => !layers.has(u.layer))?.layer ?? readers[0]?.name ?? readers[0]?.opType)
  const wanted = uses.find((u) => !sameSpec(specOf(u), specOf(uses[0] as WeightUse)))
  if (other === null || other === undefined ? !wanted : holdsAlready(model, tensor, fill)) return
  if (holdsAlready(model, tensor, fill)) return
  const name = JSON.stringify(tensor.name)
  if (other !== null && other !== undefined)
    throw new ReinitError(
      'conflict',
      `Tensor ${name} of ${JSON.stringify(layer)} is also used by ${JSON.stringify(other)}, which is not selected: select both, or give --shared rewrite to change it for both.`,
    )
  throw new ReinitError(
    'conflict',
    `Tensor ${name} is ${uses[0]?.role} of ${JSON.stringify(uses[0]?.layer)} and ${wanted?.role} of ${JSON.stringify(wanted?.layer)}, which want different values: give --shared rewrite, or --exclude it.`,
  )
}

const sameSpec = (a: InitializerSpec | null, b: InitializerSpec | null) =>
  a === b || (a?.name === b?.name && JSON.stringify(a?.parameters) === JSON.stringify(b?.parameters))

const CHUNK = 1 << 16

/** Whether a constant fill would change nothing. */
function holdsAlready(model: Model, tensor: Tensor, { distribution }: PlannedFill): boolean {
  if (distribution.family !== 'constant' || !isReadable(tensor)) return false
  for (let at = 0; at < tensor.elementCount; at += CHUNK)
    for (const value of readValues(model, tensor, at, Math.min(tensor.elementCount, at + CHUNK)))
      if (value !== distribution.mean) return false
  return true
}
