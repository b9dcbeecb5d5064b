import { readFileSync } from 'node:fs'
import { ReinitError, usage } from '../errors.js'
import { nonlinearities } from '../init/gains.js'
import { initializers } from '../init/initializers.js'
import { choices, type ReinitOptions } from '../reports.js'
import { type Flag, type FlagGroup, isNumber, numberOf, outputFlag, overwriteFlag, pairsOf, reportFlags, selectionFlags } from './flags.js'

/** The four that everybody knows have a flag each, under every name that they go by. */
const named = Object.entries(initializers).filter(([name]) => /^(xavier|he)_/.test(name))
const flagOf = (name: string) => name.replaceAll('_', '-')

const namedFlags: readonly Flag<ReinitOptions>[] = named.flatMap(([init, { aliases, summary }]) => {
  const option = () => ({ init })
  const others = aliases.filter((alias) => !alias.includes('.'))
  const also = others.map((alias) => `--${flagOf(alias)}`).join(', ')
  return [
    { name: flagOf(init), summary: `${summary.split(';')[0]} (also ${also})`, option },
    ...others.map((alias) => ({ name: flagOf(alias), summary: `--${flagOf(init)}`, hidden: true as const, option })),
  ]
})

/** Flags of which one, once, says the initializer. */
export const initializerFlags: ReadonlySet<string> = new Set(['init', ...namedFlags.map((flag) => flag.name)])

const modes = [...new Set(Object.values(initializers).flatMap(({ parameters }) => parameters['mode']?.choices ?? []))]

/** What a rule says besides its selection. */
const ruleFlags: readonly Flag<ReinitOptions>[] = [
  ...namedFlags,
  {
    name: 'init',
    value: 'NAME[:key=value,…]',
    suggests: Object.keys(initializers),
    summary: 'NAME[:key=value,…], any initializer of the list below; the first key may be left out',
    option: ([init = '']) => ({ init }),
  },
  {
    name: 'gain',
    value: 'N',
    suggests: nonlinearities,
    summary: 'factor of the deviation: a number, or a nonlinearity (tanh means calculate_gain("tanh"))',
    option: ([text = '']) => ({ gain: isNumber(text) ? Number(text) : text }),
  },
  {
    name: 'mode',
    value: 'MODE',
    suggests: modes,
    summary: `which fan divides: ${modes.join(', ')}`,
    option: ([mode = '']) => ({ mode }),
  },
  {
    name: 'nonlinearity',
    value: 'NAME',
    suggests: nonlinearities,
    summary: "as in torch.nn.init.kaiming_*; He's default is relu",
    option: ([nonlinearity = '']) => ({ nonlinearity }),
  },
  {
    name: 'negative-slope',
    value: 'A',
    summary: "leaky_relu's slope",
    option: ([text], flag) => ({ negativeSlope: numberOf(text, flag) }),
  },
  {
    name: 'bias',
    value: 'RULE',
    suggests: choices.bias,
    fallback: choices.bias[0],
    summary: `biases of the selected layers: ${[...choices.bias, 'a number'].join(', ')}`,
    option: ([text = ''], flag) => ({ bias: biasOf(text, flag) }),
  },
]

/** Given beside --config, these make a rule of their own, the last one. */
export const ruleFlagNames: ReadonlySet<string> = new Set([...selectionFlags, ...ruleFlags].map((flag) => flag.name))

export const groups: readonly FlagGroup<ReinitOptions>[] = [
  { heading: 'Selection (what is re-initialized; nothing by default)', flags: selectionFlags },
  { heading: 'Initializer (one)', flags: ruleFlags },
  {
    heading: 'Settings',
    flags: [
      { name: 'config', short: 'c', value: 'FILE', summary: 'a recipe of rules, YAML or JSON ("onnx-reinit init FILE" writes one)' },
      {
        name: 'seed',
        value: 'N',
        fallback: '0',
        summary: '0 to 2^64-1: the same seed, the same bytes',
        option: ([seed = '']) => ({ seed }),
      },
      {
        name: 'rng',
        value: 'STREAM',
        choices: choices.rng,
        fallback: choices.rng[0],
        summary: 'random stream',
        option: ([rng]) => ({ rng: choiceOf(choices.rng, rng) }),
      },
      {
        name: 'fan',
        value: 'KIND',
        choices: choices.fan,
        fallback: choices.fan[0],
        summary: 'what fan_in and fan_out count',
        option: ([kind]) => ({ fan: choiceOf(choices.fan, kind) }),
      },
      {
        name: 'shared',
        value: 'RULE',
        choices: choices.shared,
        fallback: choices.shared[0],
        summary: 'tensors that an unselected layer uses too',
        option: ([shared]) => ({ shared: choiceOf(choices.shared, shared) }),
      },
    ],
  },
  {
    heading: 'Head',
    flags: [
      {
        name: 'num-classes',
        value: 'N',
        summary: 'the selected head gets this many classes, and what follows it',
        option: ([text = ''], flag) => ({ numClasses: sizeOf(text, `${flag} `) }),
      },
      {
        name: 'labels',
        value: 'FILE',
        summary: "names of the new classes, one a line, where the model holds the old ones'",
        option: ([path = '']) => ({ labels: linesOf(path) }),
      },
      {
        name: 'keep-classes',
        value: 'I,…',
        summary: 'the first new classes are copies of these old ones (0 is the first), the others are drawn',
        option: ([text = ''], flag) => ({ keepClasses: text.split(',').map((part) => indexOf(part, flag)) }),
      },
      {
        name: 'feature-extractor',
        summary: 'cuts the selected head off, without an initializer: what enters it is the output',
        option: () => ({ featureExtractor: true }),
      },
    ],
  },
  {
    heading: 'Output',
    flags: [
      outputFlag('<stem>.reinit.onnx beside the input', 'the model that is written; - is stdout'),
      { name: 'in-place', summary: 'replace the input', option: () => ({ inPlace: true }) },
      overwriteFlag,
      {
        name: 'data',
        value: 'HOW',
        choices: choices.data,
        fallback: choices.data[0],
        summary: 'external data',
        option: ([data]) => ({ data: choiceOf(choices.data, data) }),
      },
      {
        name: 'compact',
        summary: 'copies of data files hold only what tensors use, without the bytes of those that got new space',
        option: () => ({ compact: true }),
      },
      { name: 'dry-run', summary: 'the plan; nothing is written', option: () => ({ dryRun: true }) },
    ],
  },
  {
    heading: 'Checks (on by default)',
    flags: [
      { name: 'no-verify', summary: "don't prove bytes, values and statistics", option: () => ({ verify: false }) },
      { name: 'no-run', summary: "don't run the result in onnxruntime", option: () => ({ run: false }) },
      { name: 'run', summary: 'run even a model over a third of free memory', option: () => ({ run: true, force: true }) },
      { name: 'compare', summary: 'run the input as well', option: () => ({ compare: true }) },
      {
        name: 'run-timeout',
        value: 'SECONDS',
        fallback: '120',
        summary: 'seconds for the run',
        option: ([text], flag) => ({ timeout: positive(text, flag) }),
      },
      {
        name: 'dim',
        value: 'NAME=N',
        repeats: true,
        summary: 'NAME=N, size of a named dimension in the run (1 unless given); may be repeated',
        option: (values, flag) => ({
          dims: Object.fromEntries(Object.entries(pairsOf(values, flag, 'last')).map(([name, n]) => [name, sizeOf(n, `${flag} ${name}=`)])),
        }),
      },
      {
        name: 'input',
        value: 'NAME=HOW',
        repeats: true,
        summary: 'NAME=HOW, an input of the run: FILE.npy, zeros, ones or random; may be repeated',
        option: (values, flag) => ({ inputs: pairsOf(values, flag, 'first') }),
      },
      { name: 'strict', summary: 'anything skipped, in conflict or not run is status 1', option: () => ({ strict: true }) },
    ],
  },
  { heading: 'Report', flags: reportFlags },
]

/** A value that the parser has found among the choices, in their type. */
const choiceOf = <T extends string>(list: readonly T[], text: string | undefined) => list.find((choice) => choice === text) as T

function biasOf(text: string, flag: string): NonNullable<ReinitOptions['bias']> {
  const rule = choices.bias.find((choice) => choice === text)
  if (rule === undefined && !isNumber(text))
    throw usage(`${flag} ${JSON.stringify(text)} is neither ${choices.bias.join(', ')} nor a number.`)
  return rule ?? Number(text)
}

function positive(text: string | undefined, flag: string): number {
  const value = numberOf(text, flag)
  if (value <= 0) throw usage(`${flag} ${text} is not above 0.`)
  return value
}

function sizeOf(text: string, what: string): number {
  if (!/^[1-9]\d*$/.test(text) || !Number.isSafeInteger(Number(text))) throw usage(`${what}${text} is not a whole number from 1.`)
  return Number(text)
}

function indexOf(text: string, flag: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw usage(`${flag} ${JSON.stringify(text)} is not a whole number from 0.`)
  return Number(text)
}

/** The lines of a text file, without the empty one behind the last line break. */
function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\r?\n$/, '')
      .split(/\r?\n/)
  } catch (error) {
    throw new ReinitError('io', `${path} can't be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`)
  }
}
