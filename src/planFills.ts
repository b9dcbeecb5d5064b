import { ReinitError, usage } from './errors.js'
import { initializers } from './init/initializers.js'
import { makeFill } from './init/makeFill.js'
import { parseSeed } from './init/parseSeed.js'
import { resolveInitializer } from './init/resolveInitializer.js'
import { roles } from './init/roles.js'
import { Generator } from './init/torch/generator.js'
import { matchPattern } from './names/matchPattern.js'
import { isFloatType } from './onnx/dataTypes.js'
import { oldValuesOf } from './onnx/oldValuesOf.js'
import { isReadable, readValues } from './onnx/readValues.js'
import { forkWeight } from './ops/forkWeight.js'
import type { ReinitOptions } from './reports.js'
import type { Fan, FillTarget, InitializerSpec, Model, PlannedFill, Rng, Skipped, Tensor, Weight, WeightUse } from './types.js'

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
  const everyRole = initializers[initializer.name]?.everyRole ?? false
  const bias = options.bias === undefined ? (everyRole ? initializer : ZEROS) : biasRule(options.bias)
  const specOf = (use: WeightUse) => (use.role === 'bias' ? bias : everyRole ? initializer : (roles[use.role] ?? initializer))
  const layers = selectedLayers(selected, options)
  const fills: PlannedFill[] = []
  const kept: Skipped[] = []
  const notes: string[] = []
  const settings = { model, seed, rng: options.rng ?? 'philox', fans: layerFans(selected), branches: [...selected].filter(isLast).length }
  for (const weight of inModuleOrder(selected)) {
    const { tensor, role } = weight
    if (role === 'quant_scale' || role === 'quant_zero_point') continue
    const keep = (reason: string, detail: string) => kept.push({ name: tensor.name, reason, detail, elementCount: tensor.elementCount })
    const decides = decidingUse(weight)
    const spec = specOf(decides)
    if (spec === null) keep('bias-kept', 'a bias, and --bias keep was given')
    else if (weight.quantization !== null || !isFloatType(tensor.dataType)) keep('quantized', `${tensor.dataType} values with a scale`)
    else if (tensor.elements.kind !== 'stored') keep('unwritable', tensor.elements.reason)
    else {
      const fan = weight.fan ?? (roles[role] ? (settings.fans.get(weight.layer) ?? null) : lastAxisFan(tensor))
      if (weight.fan === null && !roles[role] && spec === initializer)
        notes.push(`${tensor.name} has no fans of its own: its last axis stands for both`)
      const fill = planFill(weight, fan, spec, settings, decides)
      if (options.shared === 'fork' && layers && otherUser(weight, layers) !== undefined && !holdsAlready(model, tensor, fill)) {
        const forked = forkWeight(model, weight, layers)
        const use = decidingUse(forked.weight)
        fills.push({ ...planFill(forked.weight, forked.weight.fan ?? fan, specOf(use) ?? spec, settings, use), change: forked.change })
        notes.push(`${tensor.name} is used by ${otherUser(weight, layers)} too: ${use.layer} gets a copy, ${forked.weight.tensor.name}`)
        continue
      }
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
function biasRule(bias: NonNullable<ReinitOptions['bias']>): InitializerSpec | null {
  if (bias === 'keep') return null
  if (bias === 'zeros') return ZEROS
  if (bias === 'torch') return resolveInitializer('torch_default')
  if (!Number.isFinite(bias)) throw usage(`--bias ${bias}: give zeros, keep, torch or a finite number.`)
  return { name: 'constant', parameters: { value: bias } }
}

/** The layers that the selection means, of a shared tensor those that it names; null: all of them. */
function selectedLayers(selected: ReadonlySet<Weight>, { layers = [], head = false }: ReinitOptions): ReadonlySet<string> | null {
  if (layers.length === 0 && !head) return null
  return new Set(
    [...selected].flatMap((w) => {
      const named = w.uses.length > 1 ? w.uses.filter((u) => (head && u.head) || layers.some((p) => matchesUse(w, u, p))) : []
      return named.length > 0 ? named.map((u) => u.layer) : [w.layer]
    }),
  )
}

/** Whether a pattern names this use's layer or node; a tensor's name means none of its uses before the others. */
const matchesUse = (w: Weight, use: WeightUse, pattern: string) =>
  matchPattern([{ ...w, tensor: { ...w.tensor, name: '' }, uses: [use], layer: use.layer }], pattern).length > 0

/** A layer outside the selection, or a node, that uses the tensor too. */
const otherUser = ({ uses, readers }: Pick<Weight, 'uses' | 'readers'>, layers: ReadonlySet<string>): string | undefined =>
  uses.find((u) => !layers.has(u.layer))?.layer ?? readers[0]?.name ?? readers[0]?.opType

const decidingUse = (w: Weight): WeightUse => w.uses.find((u) => u.role === w.role && u.layer === w.layer) ?? w.uses[0]

function lastAxisFan({ dims }: Tensor): Fan {
  const size = dims.at(-1) ?? 1
  return { fanIn: size, fanOut: size }
}

/** What fills of one job have in common. */
interface Settings {
  readonly model: Model
  readonly seed: bigint
  readonly rng: Rng
  /** By layer: of its matrix or kernel, which torch's biases go by. */
  readonly fans: ReadonlyMap<string, Fan>
  /** Residual branches whose last layer is among the selection. */
  readonly branches: number
}

const ZEROS: InitializerSpec = { name: 'zeros', parameters: {} }
const isLast = (w: Weight) => w.uses.some((u) => u.endsBranch ?? false)

function layerFans(selected: ReadonlySet<Weight>): ReadonlyMap<string, Fan> {
  const fans = new Map<string, Fan>()
  for (const { layer, fan, role } of selected) if (fan && role !== 'embedding' && !fans.has(layer)) fans.set(layer, fan)
  return fans
}

/** A layer after the other, weights before biases: the order in which a training script draws them. */
function inModuleOrder(selected: ReadonlySet<Weight>): Weight[] {
  const layers = new Map<string, Weight[]>()
  for (const w of selected) layers.set(w.layer, [...(layers.get(w.layer) ?? []), w])
  return [...layers.values()].flatMap((list) => list.sort((a, b) => Number(a.role === 'bias') - Number(b.role === 'bias')))
}

function planFill(weight: Weight, fan: Fan | null, spec: InitializerSpec, settings: Settings, use: WeightUse): PlannedFill {
  const { tensor, role, layout, activation } = weight
  const { model, seed, rng, branches } = settings
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
    residualBranches: isLast(weight) ? branches : null,
    scope: tensor.graph.scope,
    name: tensor.name,
  }
  const context = { values: oldValuesOf(model, spec, tensor) }
  const { initializer, gain, distribution, why } = makeFill(
    spec,
    target,
    seed,
    rng === 'torch' ? { ...context, generator: new Generator(seed) } : context,
  )
  return { weight, target, initializer, gain, distribution, seed: String(seed), rng, why }
}

/** A tensor that layers outside the selection use too, or that selected uses want to be different things, unless its values stay as they are. */
function refuseShared(
  model: Model,
  { tensor, layer, uses, readers }: Weight,
  fill: PlannedFill,
  layers: ReadonlySet<string> | null,
  specOf: (use: WeightUse) => InitializerSpec | null,
): void {
  const other = layers && otherUser({ uses, readers }, layers)
  const wanted = uses.find((u) => !sameSpec(specOf(u), specOf(uses[0] as WeightUse)))
  if (other === null || other === undefined ? !wanted : holdsAlready(model, tensor, fill)) return
  if (holdsAlready(model, tensor, fill)) return
  const name = JSON.stringify(tensor.name)
  if (other !== null && other !== undefined)
    throw new ReinitError(
      'conflict',
      `Tensor ${name} of ${JSON.stringify(layer)} is also used by ${JSON.stringify(other)}, which is not selected: select both, or give --shared rewrite to change it for both, --shared fork to give the selected one its own.`,
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
