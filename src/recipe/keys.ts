import { nonlinearities } from '../init/gains.js'
import { initializers } from '../init/initializers.js'
import { choices } from '../reports.js'

/** What valueTypes.ts reads. */
export type ValueType =
  | 'switch'
  | 'number'
  | 'count'
  | 'choice'
  | 'gain'
  | 'text'
  | 'list'
  | 'indices'
  | 'seed'
  | 'parameters'
  | 'initializer'
  | 'map'
  | 'maps'

/** A key of a recipe: reading, the JSON Schema and the commented recipe go by these tables. */
export interface Key {
  readonly type: ValueType
  readonly description: string
  /** The only values; of `gain`, those that are no numbers. */
  readonly choices?: readonly string[]
  /** Of maps: their keys, those that they need, and those of which they need some. */
  readonly keys?: Keys
  readonly required?: readonly string[]
  readonly someOf?: readonly string[]
  /** A value as YAML, for the commented recipe. */
  readonly example?: string
}
export type Keys = Readonly<Record<string, Key>>

const modes = [...new Set(Object.values(initializers).flatMap(({ parameters }) => parameters['mode']?.choices ?? []))]

const selectionKeys = {
  layers: {
    type: 'list',
    description: 'layer paths, tensor or node names, globs, re:EXPRESSION: one or a list',
    example: "[encoder, 'blocks.*.attn']",
  },
  head: { type: 'switch', description: "the weighted layers that produce the model's outputs", example: 'true' },
  all: { type: 'switch', description: 'every parameter', example: 'true' },
  opTypes: { type: 'list', description: 'only parameters of these operators; alone it narrows all', example: '[Conv, Gemm]' },
  roles: { type: 'list', choices: choices.roles, description: 'only parameters in these roles', example: '[weight, recurrent]' },
  exclude: { type: 'list', description: 'what is taken away, last, named as in layers', example: "'**.norm*'" },
} as const satisfies Keys

/** One rule: a selection, and what it becomes. */
export const ruleKeys = {
  ...selectionKeys,
  init: {
    type: 'initializer',
    keys: {
      name: { type: 'text', description: 'the initializer' },
      parameters: { type: 'parameters', description: 'its parameters' },
    },
    required: ['name'],
    description: 'NAME, NAME:key=value,… or a map of name and parameters',
    example: 'trunc_normal:std=0.02',
  },
  gain: { type: 'gain', choices: nonlinearities, description: 'factor of the deviation: a number, or a nonlinearity', example: 'tanh' },
  mode: { type: 'choice', choices: modes, description: 'which fan divides', example: 'fan_out' },
  nonlinearity: {
    type: 'choice',
    choices: nonlinearities,
    description: "whose gain it is, as in torch.nn.init.kaiming_*; He's default is relu",
    example: 'leaky_relu',
  },
  negativeSlope: { type: 'number', description: "leaky_relu's slope", example: '0.2' },
  bias: { type: 'gain', choices: choices.bias, description: 'biases of the selected layers', example: choices.bias[0] },
  optional: {
    type: 'switch',
    description: 'where this rule matches nothing it is passed over; otherwise that is an error',
    example: 'true',
  },
} as const satisfies Keys

/** Of which a rule needs one, at least. */
export const selectingKeys = ['layers', 'head', 'all', 'opTypes'] as const

const checkKeys = {
  verify: { type: 'switch', description: 'bytes, values and statistics are proven', example: 'true' },
  run: { type: 'switch', description: 'the result is run in onnxruntime', example: 'true' },
  strict: { type: 'switch', description: 'anything skipped, in conflict or not run is exit status 1', example: 'false' },
} as const satisfies Keys

/** A recipe, from its root. */
export const recipe = {
  type: 'map',
  description: 'A recipe of onnx-reinit: which parameters of a model become what',
  keys: {
    $schema: { type: 'text', description: 'the JSON Schema that editors go by' },
    seed: {
      type: 'seed',
      description: '0 to 2^64-1, in quotes above 2^53: the same seed gives the same bytes, always and everywhere',
      example: '0',
    },
    rng: { type: 'choice', choices: choices.rng, description: 'the random stream', example: choices.rng[0] },
    fan: { type: 'choice', choices: choices.fan, description: 'what fan_in and fan_out count', example: choices.fan[0] },
    shared: {
      type: 'choice',
      choices: choices.shared,
      description: 'tensors that an unselected layer uses too',
      example: choices.shared[0],
    },
    numClasses: { type: 'count', description: 'the selected head gets this many classes, and what follows it', example: '10' },
    labels: { type: 'list', description: 'names of the new classes, where the model holds those of the old ones', example: '[cat, dog]' },
    keepClasses: {
      type: 'indices',
      description: 'the first new classes are copies of these old ones, counted from 0',
      example: '[0, 3, 7]',
    },
    featureExtractor: {
      type: 'map',
      keys: selectionKeys,
      someOf: selectingKeys,
      description: 'in place of rules: the head that this selects is cut off, and what enters it is the output',
      example: '{ head: true }',
    },
    checks: { type: 'map', keys: checkKeys, description: 'what is proven of the result' },
    rules: {
      type: 'maps',
      keys: ruleKeys,
      required: ['init'],
      someOf: selectingKeys,
      description: 'rules in order: the last one that matches a parameter wins whole, keys do not merge',
    },
  },
  someOf: ['rules', 'featureExtractor'],
} as const satisfies Key
