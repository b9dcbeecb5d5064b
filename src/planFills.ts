import { ReinitError, usage } from './errors.js'
import { initializers } from './init/initializers.js'
import { makeFill } from './init/makeFill.js'
import { parseSeed } from './init/parseSeed.js'
import { resolveInitializer } from './init/resolveInitializer.js'
import { roles } from './init/roles.js'
import { Generator } from './init/torch/generator.js'
import { attentionParts } from './names/attentionParts.js'
import { matchPattern } from './names/matchPattern.js'
import { moduleOrder } from './names/moduleOrder.js'
import { isFloatType } from './onnx/values/dataTypes.js'
import { fillNotes } from './onnx/fillNotes.js'
import { fillForms } from './onnx/likeFill.js'
import { oldValuesOf } from './onnx/oldValuesOf.js'
import { torchOrder } from './onnx/torchOrder.js'
import { quantizedFills } from './onnx/quantized/quantizedFills.js'
import { isReadable } from './onnx/values/readValues.js'
import { changedTensor } from './onnx/read/storedTensor.js'
import { forkWeight } from './ops/forkWeight.js'
import { type ResolvedRule, within } from './recipe/resolveRules.js'
import type { ReinitOptions } from './reports.js'
import type { Fan, FillTarget, InitializerSpec, Model, PlannedFill, Rng, Skipped, Tensor, Weight, WeightUse } from './types.js'

/** What every selected parameter becomes, and what is left as it is. */
export interface Fills {
  readonly fills: readonly PlannedFill[]
  /** Selected, but left as they are. */
  readonly kept: readonly Skipped[]
  readonly notes: readonly string[]
  readonly seed: string
}

/** What a rule selects. */
export interface Selection {
  readonly rule: ResolvedRule
  readonly weights: ReadonlySet<Weight>
}

/**
 * Turns what the rules select into fills: of a weight's rules the last one decides, and gives weights its initializer, other roles what
 * `init/roles` says. `selected`: of all rules together, in file order.
 * @throws ReinitError `usage` for parameters that don't fit, `conflict` for tensors that other layers use too.
 */
export function planFills(
  model: Model,
  weights: readonly Weight[],
  selected: ReadonlySet<Weight>,
  selections: readonly Selection[],
  options: ReinitOptions,
): Fills {
  const seed = parseSeed(options.seed ?? 0)
  // the last that selects a weight, where that is not the first
  const deciding = new Map<Weight, Selection>()
  for (const s of selections.slice(1)) for (const w of s.weights) deciding.set(w, s)
  const specs = new Map(selections.map(({ rule }) => [rule, specsOf(rule)]))
  const layers = selectedLayers(selected, selections)
  const fills: PlannedFill[] = []
  const quantized: PlannedFill[] = []
  const kept: Skipped[] = []
  const notes: string[] = []
  const small = fillForms()
  const settings: Settings = {
    model,
    seed,
    rng: options.rng ?? 'philox',
    fans: layerFans(selected),
    branches: [...selected].filter(isLast).length,
    attention: attentionParts(weights),
  }
  for (const weight of moduleOrder(selected)) {
    const { tensor, role } = weight
    if (role === 'quant_scale' || role === 'quant_zero_point') continue
    const keep = (reason: string, detail: string) => kept.push({ name: tensor.name, reason, detail, elementCount: tensor.elementCount })
    const decides = decidingUse(weight)
    const { rule } = deciding.get(weight) ?? (selections[0] as Selection)
    const specOf = specs.get(rule) as SpecOf
    const spec = specOf(decides)
    if (spec === null) keep('bias-kept', 'a bias, and --bias keep was given')
    else if (weight.quantization === null && !isFloatType(tensor.dataType)) keep('quantized', `${tensor.dataType} values without a scale`)
    else if (tensor.elements.kind !== 'stored') keep('unwritable', tensor.elements.reason)
    else if (weight.quantization !== null && weight.quantization.fixed !== null) keep('quantized', weight.quantization.fixed)
    else {
      const fan = weight.fan ?? (roles[role] ? (settings.fans.get(weight.layer) ?? null) : lastAxisFan(tensor))
      if (weight.fan === null && !roles[role] && spec === rule.init)
        notes.push(`${tensor.name} has no fans of its own: its last axis stands for both`)
      const fill = within(rule, () => planFill(weight, fan, spec, settings, decides))
      if (options.shared === 'fork' && layers && otherUser(weight, layers) !== undefined && !holdsAlready(model, tensor, fill)) {
        const forked = forkWeight(model, weight, layers)
        const use = decidingUse(forked.weight)
        fills.push({ ...planFill(forked.weight, forked.weight.fan ?? fan, specOf(use) ?? spec, settings, use), change: forked.change })
        notes.push(`${tensor.name} is used by ${otherUser(weight, layers)} too: ${use.layer} gets a copy, ${forked.weight.tensor.name}`)
        continue
      }
      if (options.shared !== 'rewrite') refuseShared(model, weight, fill, layers, specOf)
      if (weight.quantization !== null) quantized.push(fill)
      // what torch draws both ways is known by its target
      fills.push(weight.quantization !== null || fill.rng === 'torch' ? fill : small(fill))
    }
  }
  const parts = quantizedFills(
    model,
    weights,
    quantized,
    selections.some(({ rule }) => rule.fresh),
  )
  const all = fills.flatMap((f) => (f.weight.quantization === null ? [f] : (parts.fills.get(f) ?? [])))
  const left = [...kept, ...parts.kept, ...keptScales(selected, all)]
  return {
    fills: settings.rng === 'torch' ? torchOrder(all) : all,
    kept: left,
    notes: [...notes, ...fillNotes(fills), ...parts.notes],
    seed: String(seed),
  }
}

/** Scales follow their weight, and stay where it does. */
function keptScales(selected: ReadonlySet<Weight>, fills: readonly PlannedFill[]): Skipped[] {
  const scales = [...selected].filter((w) => w.role === 'quant_scale')
  if (scales.length === 0) return []
  const written = new Set(fills.map((f) => f.weight.tensor))
  const detail = 'the scale of integers that stay, or are all zero now'
  return scales.flatMap(({ tensor }) =>
    written.has(tensor) ? [] : [{ name: tensor.name, reason: 'quantized', detail, elementCount: tensor.elementCount }],
  )
}

/** What a use becomes; null: it stays as it is. */
type SpecOf = (use: WeightUse) => InitializerSpec | null

function specsOf({ init, bias, fresh }: ResolvedRule): SpecOf {
  const everyRole = fresh ?? initializers[init.name]?.everyRole ?? false
  const biases = bias === undefined ? init : biasRule(bias)
  return ({ role }) => (role === 'bias' ? biases : everyRole ? init : (roles[role] ?? init))
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
function selectedLayers(selected: ReadonlySet<Weight>, selections: readonly Selection[]): ReadonlySet<string> | null {
  const names = ({ rule: { layers = [], head = false } }: Selection) => layers.length > 0 || head
  if (selections.some((selection) => selection.weights.size > 0 && !names(selection))) return null
  return new Set(
    [...selected].flatMap((w) => {
      const named = w.uses.length > 1 ? w.uses.filter((u) => selections.some((selection) => namesUse(selection, w, u))) : []
      return named.length > 0 ? named.map((u) => u.layer) : [w.layer]
    }),
  )
}

const namesUse = ({ rule: { layers = [], head = false }, weights }: Selection, w: Weight, use: WeightUse) =>
  weights.has(w) && ((head && use.head) || layers.some((pattern) => matchesUse(w, use, pattern)))

/** Whether a pattern names this use's layer or node; a tensor's name means none of its uses before the others. */
const matchesUse = (w: Weight, use: WeightUse, pattern: string) =>
  matchPattern([{ ...w, tensor: changedTensor(w.tensor, { name: '' }), uses: [use], layer: use.layer }], pattern).length > 0

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
  readonly attention: ReturnType<typeof attentionParts>
}

const ZEROS: InitializerSpec = { name: 'zeros', parameters: {} }
const isLast = (w: Weight) => w.uses.some((u) => u.endsBranch ?? false)

function layerFans(selected: ReadonlySet<Weight>): ReadonlyMap<string, Fan> {
  const fans = new Map<string, Fan>()
  for (const { layer, fan, role } of selected) if (fan && role !== 'embedding' && !fans.has(layer)) fans.set(layer, fan)
  return fans
}

function planFill(weight: Weight, fan: Fan | null, spec: InitializerSpec, settings: Settings, use: WeightUse): PlannedFill {
  const { tensor, role, layout, activation } = weight
  const { model, seed, rng, branches } = settings
  const part = settings.attention.get(weight)
  const dims = weight.quantization?.dims ?? tensor.dims
  const target: FillTarget = {
    dims,
    elementCount: weight.quantization ? dims.reduce((n, d) => n * d, 1) : tensor.elementCount,
    dataType: isFloatType(tensor.dataType) ? tensor.dataType : 'FLOAT',
    fan,
    layout: tensor.denseDims ? [] : layout.slice(0, dims.length),
    groups: use.groups,
    stacked: use.matrices ? 1 : use.stacked,
    ...(use.matrices && { matrices: use.matrices }),
    role,
    opType: use.opType,
    activation,
    ...(part && { attention: part }),
    residualBranches: isLast(weight) ? branches : null,
    scope: tensor.graph.scope,
    name: tensor.name,
  }
  const context = { values: oldValuesOf(model, spec, tensor, weight.quantization) }
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
function holdsAlready(
  model: Model,
  tensor: Tensor,
  { distribution, target: { elementCount }, weight: { quantization } }: PlannedFill,
): boolean {
  const isKnown = quantization ? quantization.fixed === null && tensor.elements.kind === 'stored' : isReadable(tensor)
  if (distribution.family !== 'constant' || !isKnown) return false
  const read = oldValuesOf(model, ZEROS, tensor, quantization)
  for (let at = 0; at < elementCount; at += CHUNK)
    for (const value of read(at, Math.min(elementCount, at + CHUNK))) if (value !== distribution.mean) return false
  return true
}
