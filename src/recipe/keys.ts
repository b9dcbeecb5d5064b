import { nonlinearities } from '../init/gains.js'
import { initializers } from '../init/initializers.js'
import { choices } from '../reports.js'
import type { ValueType } from './valueTypes.js'

/** A key of a recipe: reading, the JSON Schema and the commented recipe go by these tables. */
export interface Key {
  readonly type: ValueType
  /** The only values; of `gain` and `text`, those that are no numbers. */
  readonly choices?: readonly string[]
  readonly description: string
  /** A value as YAML, for the commented recipe. */
  readonly example: string
}
export type Keys = Readonly<Record<string, Key>>

/** What holds for the whole job. `checks` and `rules` come beside them. */
export const settingKeys = {
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
} as const satisfies Keys

export const checkKeys = {
  verify: { type: 'switch', description: 'bytes, values and statistics are proven', example: 'true' },
  run: { type: 'switch', description: 'the result is run in onnxruntime', example: 'true' },
  strict: { type: 'switch', description: 'anything skipped, in conflict or not run is exit status 1', example: 'false' },
} as const satisfies Keys

const modes = [...new Set(Object.values(initializers).flatMap(({ parameters }) => parameters['mode']?.choices ?? []))]

/** One rule: a selection, and what it becomes. */
export const ruleKeys = {
  layers: {
    type: 'list',
    description: 'layer paths, tensor or node names, globs, re:EXPRESSION: one or a list',
    example: "[encoder.layer.0, 'blocks.*.attn', 're:proj$']",
  },
  head: { type: 'switch', description: "the weighted layers that produce the model's outputs", example: 'true' },
  all: { type: 'switch', description: 'every parameter', example: 'true' },
  opTypes: { type: 'list', description: 'only parameters of these operators; alone it narrows all', example: '[Conv, Gemm]' },
  roles: { type: 'list', choices: choices.roles, description: 'only parameters in these roles', example: '[weight, recurrent]' },
  exclude: { type: 'list', description: 'what is taken away, last, named as in layers', example: "'**.norm*'" },
  init: {
    type: 'initializer',
    description: 'NAME, NAME:key=value,… or a map of name and parameters',
    example: '{ name: trunc_normal, parameters: { std: 0.02 } }',
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
  optional: { type: 'switch', description: 'where this rule matches nothing it is passed over; otherwise that is an error', example: 'true' },
} as const satisfies Keys

/** Of which a rule needs one, at least. */
export const selectingKeys = ['layers', 'head', 'all', 'opTypes'] as const
