import type { FillTarget, InitializerSpec } from '../types.js'
import { constantOfRole, forgetGate } from './defaults.js'
import { calculateGain, DEFAULT_SLOPE, isSecondMoment } from './gains.js'
import type { Chosen, Parameters, Rule } from './rules.js'

/** Activations with the gain of another. prelu starts at torch's slope 0.25. */
const kin: Readonly<Record<string, readonly [string, number?]>> = {
  relu6: ['relu'],
  thresholded_relu: ['relu'],
  leaky_relu: ['leaky_relu', DEFAULT_SLOPE],
  prelu: ['leaky_relu', 0.25],
  celu: ['elu'],
  swish: ['silu'],
  quick_gelu: ['gelu'],
  gelu_tanh: ['gelu'],
}
/** relu-like: their gain makes up for the half that they cut away. */
const rectifiers: ReadonlySet<string> = new Set(['relu', 'leaky_relu'])

/** Standard deviation of learned positions: BERT's, GPT-2's, ViT's. */
const POSITION_STD = 0.02

/** The initializer that a careful person would take for the tensor: a role's constant, or by what follows the weight in the graph. */
export const auto: Rule = (p, target) => {
  const { role, opType } = target
  const fixed = constantOfRole[role]
  if (role === 'bias' && opType.endsWith('LSTM')) return forgetGate(target)
  if (fixed !== undefined) return { kind: 'constant', value: fixed }
  if (role === 'recurrent')
    return choose('orthogonal', { gain: 1, per: 'matrix' }, 'recurrent: an orthogonal matrix a gate keeps the state from growing or fading')
  if (role === 'embedding') {
    const features = target.dims.at(-1) ?? 1
    return choose(
      'normal',
      { mean: 0, std: 1 / Math.sqrt(features) },
      `embedding of ${features} features: rows of length 1, so that it can be tied to the output layer`,
    )
  }
  if (role === 'position')
    return choose('normal', { mean: 0, std: POSITION_STD }, `learned positions: N(0, ${POSITION_STD}²) as BERT and GPT-2`)
  return scaled(byActivation(target), p, target)
}

function byActivation({ activation, opType }: FillTarget): Chosen {
  if (activation === null) return choose('xavier_normal', XAVIER, 'no activation follows: Xavier')
  const [name, slope] = (Object.hasOwn(kin, activation) && kin[activation]) || [activation]
  if (name === 'selu') return choose('lecun_normal', { truncated: false }, 'selu follows: variance 1/fan_in (Klambauer et al. 2017)')
  const gain = calculateGain(name, slope)
  if (gain !== null && rectifiers.has(name))
    return choose('he_normal', { ...HE, gain }, `${activation} follows: He with its gain ${short(gain)}`)
  if (gain !== null && isSecondMoment(name))
    return choose('he_normal', { ...HE, gain }, `${activation} follows: He with 1/√E[f(z)²] = ${short(gain)}, as torch has no gain for it`)
  return choose(
    'xavier_normal',
    XAVIER,
    opType === 'LSTM' || opType === 'GRU' || opType === 'RNN' ? 'gates follow: Xavier' : `${activation} follows: Xavier`,
  )
}

const XAVIER = { gain: 1, truncated: false }
const HE = { mode: 'fan_in', truncated: false }

/** The last layer of a residual branch, as `residual` says (GPT-2's 1/√N; Goyal et al. 2017 and Zhang et al. 2019 start it at zero). */
function scaled(chosen: Chosen, p: Parameters, { residualBranches: branches }: FillTarget): Chosen {
  if (p.residual === 'keep' || branches === undefined || branches === null) return chosen
  if (p.residual === 'zero') return choose('zeros', {}, `last of a residual branch: zero, so that the branch starts as the identity`)
  const { name, parameters } = chosen.initializer
  const because = `${chosen.why}; last of one of ${branches} residual branches: ÷ √${branches}`
  return name === 'lecun_normal'
    ? choose('he_normal', { ...HE, gain: 1 / Math.sqrt(branches) }, because)
    : choose(name, { ...parameters, gain: (parameters.gain as number) / Math.sqrt(branches) }, because)
}

const choose = (name: string, parameters: InitializerSpec['parameters'], why: string): Chosen => ({
  kind: 'chosen',
  initializer: { name, parameters },
  why,
})
const short = (value: number) => Number(value.toPrecision(4))
