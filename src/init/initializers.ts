import type { InitializerSpec } from '../types.js'
import { auto } from './auto.js'
import { flaxDefault, kerasDefault, torchDefault } from './defaults.js'
import type { Rule } from './rules.js'
import * as rules from './rules.js'

/** One parameter of an initializer: what --init NAME:key=value, the help, the README's table and the recipe's schema know of it. */
export interface Parameter {
  /** gain: a number, or a nonlinearity's name (calculate_gain). */
  readonly type: 'number' | 'string' | 'boolean' | 'choice' | 'gain'
  /** null: must be given, or, where `optional`, follows from others. */
  readonly default: number | string | boolean | null
  readonly optional?: true
  readonly choices?: readonly string[]
  readonly integer?: true
  readonly minimum?: number
  readonly maximum?: number
  readonly description: string
}

/** A rule that fills a weight. `presets`: further names that stand for this initializer with parameters of their own. */
export interface Initializer {
  readonly aliases: readonly string[]
  readonly presets?: Readonly<Record<string, InitializerSpec['parameters']>>
  readonly summary: string
  readonly parameters: Readonly<Record<string, Parameter>>
  /** It has a rule for biases, norms and slopes too. */
  readonly everyRole?: true
  /** What is drawn for a tensor, or the initializer that it comes down to there (auto, *_default). */
  readonly rule: Rule
}

const gain = (value: number, why: string): Parameter => ({
  type: 'gain',
  default: value,
  minimum: 0,
  description: `factor of the deviation: a number, or a nonlinearity's (calculate_gain); ${why}`,
})
const truncated: Parameter = {
  type: 'boolean',
  default: false,
  description: 'cut at ±2σ and rescaled, as Keras and JAX draw what has this name; torch draws the plain normal',
}
const mode = (...choices: string[]): Parameter => ({ type: 'choice', choices, default: 'fan_in', description: 'which fan divides' })
const number = (value: number, description: string, range: Partial<Parameter> = {}): Parameter => ({
  type: 'number',
  default: value,
  description,
  ...range,
})
const std = number(1, 'standard deviation', { minimum: 0 })

const he: Initializer['parameters'] = {
  mode: mode('fan_in', 'fan_out', 'fan_avg'),
  gain: {
    type: 'gain',
    default: null,
    optional: true,
    minimum: 0,
    description: "factor of the deviation; the nonlinearity's unless given",
  },
  nonlinearity: { type: 'string', default: 'relu', description: 'whose gain it is (√2 for relu)' },
  negative_slope: { type: 'number', default: 0.01, description: "leaky_relu's slope; given alone it means leaky_relu" },
}
const twoMeanings = 'plain, as torch draws it; truncated=true is what Keras and JAX call by this name'

/** Every initializer, by its name. */
export const initializers: Readonly<Record<string, Initializer>> = {
  xavier_uniform: {
    aliases: ['glorot_uniform', 'keras.glorot_uniform'],
    summary: 'U(−a, a), a = gain·√(6/(fan_in+fan_out))',
    parameters: { gain: gain(1, '1 unless given') },
    rule: rules.xavier('uniform'),
  },
  xavier_normal: {
    aliases: ['glorot_normal'],
    presets: { 'keras.glorot_normal': { truncated: true } },
    summary: `N(0, s²), s = gain·√(2/(fan_in+fan_out)); ${twoMeanings}`,
    parameters: { gain: gain(1, '1 unless given'), truncated },
    rule: rules.xavier('normal'),
  },
  he_uniform: {
    aliases: ['kaiming_uniform', 'keras.he_uniform'],
    summary: 'U(−a, a), a = √3·gain/√fan',
    parameters: he,
    rule: rules.he('uniform'),
  },
  he_normal: {
    aliases: ['kaiming_normal'],
    presets: { 'keras.he_normal': { truncated: true } },
    summary: `N(0, s²), s = gain/√fan; ${twoMeanings}`,
    parameters: { ...he, truncated },
    rule: rules.he('normal'),
  },
  lecun_uniform: {
    aliases: ['keras.lecun_uniform'],
    summary: 'U(−a, a), a = √(3/fan_in)',
    parameters: {},
    rule: rules.lecun('uniform'),
  },
  lecun_normal: {
    aliases: [],
    presets: { 'keras.lecun_normal': { truncated: true } },
    summary: `N(0, 1/fan_in); ${twoMeanings}`,
    parameters: { truncated },
    rule: rules.lecun('normal'),
  },
  variance_scaling: {
    aliases: ['keras.variance_scaling'],
    summary: 'variance scale/n, n = fan_in, fan_out, fan_avg or fan_geo_avg (√(fan_in·fan_out)), as Keras and JAX have it',
    parameters: {
      scale: number(1, 'factor of the variance', { minimum: 0 }),
      mode: mode('fan_in', 'fan_out', 'fan_avg', 'fan_geo_avg'),
      distribution: {
        type: 'choice',
        choices: ['truncated_normal', 'normal', 'uniform'],
        default: 'truncated_normal',
        description: 'truncated_normal is cut at ±2σ and rescaled',
      },
    },
    rule: rules.varianceScaling,
  },
  uniform: {
    aliases: [],
    summary: 'U(a, b)',
    parameters: { a: number(0, 'lower bound'), b: number(1, 'upper bound') },
    rule: rules.uniform,
  },
  normal: {
    aliases: [],
    summary: 'N(mean, std²)',
    parameters: { mean: number(0, 'mean'), std },
    rule: rules.normal,
  },
  trunc_normal: {
    aliases: ['truncated_normal'],
    summary: 'N(mean, std²) cut at a and b, which are values (torch, timm)',
    parameters: { mean: number(0, "the uncut normal's mean"), std, a: number(-2, 'lowest value'), b: number(2, 'highest value') },
    rule: rules.truncNormal,
  },
  trunc_normal_tf: {
    aliases: [],
    summary: 'N(mean, std²) cut at mean + a·std and mean + b·std (timm, TensorFlow, JAX)',
    parameters: {
      mean: number(0, "the uncut normal's mean"),
      std,
      a: number(-2, 'lower bound in standard deviations'),
      b: number(2, 'upper bound in standard deviations'),
    },
    rule: rules.truncNormalTf,
  },
  constant: {
    aliases: [],
    summary: 'one value',
    parameters: { value: { type: 'number', default: null, description: 'the value' } },
    rule: rules.constant,
  },
  zeros: { aliases: [], summary: '0', parameters: {}, rule: () => ({ kind: 'constant', value: 0 }) },
  ones: { aliases: [], summary: '1', parameters: {}, rule: () => ({ kind: 'constant', value: 1 }) },
  eye: {
    aliases: ['identity', 'keras.identity'],
    summary: 'the identity, in each matrix (its rows are outputs)',
    parameters: { gain: gain(1, '1 unless given') },
    rule: rules.eye,
  },
  dirac: {
    aliases: [],
    summary: "a convolution's identity: channel d to channel d at the kernel's centre k//2",
    parameters: { groups: number(0, "groups of output channels; 0: the layer's own (torch: 1)", { minimum: 0, integer: true }) },
    rule: rules.dirac,
  },
  orthogonal: {
    aliases: [],
    presets: { 'keras.orthogonal': { per: 'tensor' } },
    summary: 'gain·Q of a normal matrix, rows = outputs, columns = the rest; one a gate or packed projection',
    parameters: {
      gain: gain(1, '1 unless given'),
      per: {
        type: 'choice',
        choices: ['matrix', 'tensor'],
        default: 'matrix',
        description: 'tensor: gates and packed projections make one matrix',
      },
    },
    rule: rules.orthogonal,
  },
  delta_orthogonal: {
    aliases: [],
    summary: "orthogonal at a convolution kernel's centre (k−1)//2, zero elsewhere",
    parameters: { gain: gain(1, '1 unless given') },
    rule: rules.deltaOrthogonal,
  },
  sparse: {
    aliases: [],
    summary: 'N(0, std²) with ⌈sparsity·rows⌉ zeros in each column (rows are outputs)',
    parameters: {
      sparsity: { type: 'number', default: null, minimum: 0, maximum: 1, description: 'share of zeros in a column' },
      std: number(0.01, 'standard deviation of the others', { minimum: 0 }),
    },
    rule: rules.sparse,
  },
  torch_default: {
    aliases: [],
    summary: "what PyTorch's modules reset to: Linear and Conv U(±1/√fan_in), RNNs U(±1/√hidden), Embedding N(0,1), norms 1 and 0",
    everyRole: true,
    parameters: {
      module: {
        type: 'choice',
        choices: ['auto', 'multihead_attention', 'bilinear'],
        default: 'auto',
        description: 'the module, where operator and name do not tell it',
      },
      padding_idx: number(-1, "an Embedding's row that is zeroed after the draw; -1: none", { minimum: -1, integer: true }),
    },
    rule: torchDefault,
  },
  keras_default: {
    aliases: [],
    summary: "what Keras' layers start with: glorot_uniform kernels, orthogonal recurrent kernels, LSTM forget bias 1, embeddings U(±0.05)",
    everyRole: true,
    parameters: {},
    rule: kerasDefault,
  },
  flax_default: {
    aliases: [],
    summary: "what Flax's layers start with: lecun_normal kernels, cut at ±2σ, orthogonal recurrent kernels, embeddings N(0, 1/features)",
    everyRole: true,
    parameters: {},
    rule: flaxDefault,
  },
  auto: {
    aliases: [],
    summary:
      'by role and what follows in the graph: He with its gain for relu and its kin, Xavier for tanh, sigmoid or nothing, orthogonal recurrent',
    everyRole: true,
    parameters: {
      residual: {
        type: 'choice',
        choices: ['keep', 'scale', 'zero'],
        default: 'keep',
        description: 'the last layer of a residual branch: as any other, its gain ÷ √(branches in the model), or zeros',
      },
    },
    rule: auto,
  },
  match: {
    aliases: [],
    summary: "the tensor's own mean and standard deviation, drawn afresh",
    parameters: {
      distribution: { type: 'choice', choices: ['normal', 'uniform'], default: 'normal', description: 'its shape' },
    },
    rule: rules.match,
  },
  shuffle: {
    aliases: [],
    summary: 'the values that are there, in another order (sanity checks of saliency maps)',
    parameters: {},
    rule: () => ({ kind: 'shuffle' }),
  },
  from: {
    aliases: [],
    everyRole: true,
    summary: 'the tensor of the same name and shape of another model (rewinding)',
    parameters: { file: { type: 'string', default: null, description: 'the other model' } },
    rule: () => ({ kind: 'copy' }),
  },
}
