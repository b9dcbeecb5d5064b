import type { ReinitOptions } from '../src/reports.js'
import { mutate } from './mutate.js'
import { type Random, random } from './random.js'
import { seeds } from './seeds.js'
import { parse } from './wireTree.js'

/** What one number stands for: a model with the files beside it, and a job. */
export interface Input {
  readonly model: Uint8Array
  readonly files: Readonly<Record<string, Uint8Array>>
  readonly options: ReinitOptions
  /** Below the model's folder. */
  readonly output: string
}

const trees = seeds.map(({ model }) => parse(model, 'Model'))

/** The input of a number, always the same. */
export function inputOf(index: number): Input {
  const r = random(index)
  const which = r.below(seeds.length)
  const { files } = seeds[which] as (typeof seeds)[number]
  const model = mutate(trees[which] as (typeof trees)[number], trees, r)
  const cut = r.one(40) ? Object.entries(files).map(([name, bytes]) => [name, bytes.subarray(0, r.below(bytes.length + 1))]) : null
  return {
    model,
    files: cut ? Object.fromEntries(cut) : files,
    options: optionsOf(r),
    output: r.pick(['out.onnx', 'out.onnx', 'o/out.onnx']),
  }
}

const INITIALIZERS = [
  'xavier_normal',
  'he_uniform',
  'xavier_uniform',
  'zeros',
  'auto',
  'orthogonal',
  'trunc_normal:std=0.02',
  'shuffle',
  'identity',
  'dirac',
  'sparse:sparsity=0.5',
  'torch_default',
  'constant:value=3',
  'match',
  'delta_orthogonal',
  'variance_scaling',
]

const SELECTIONS: readonly ReinitOptions[] = [
  { all: true },
  { all: true },
  { all: true },
  { all: true, exclude: ['re:[bs]'] },
  { all: true, roles: ['weight'] },
  { head: true },
  { head: true },
  { layers: ['**'] },
  { layers: ['re:.'] },
  { layers: ['fc'] },
  { opTypes: ['MatMul'] },
]

/** Beside a head: what it becomes. */
const HEADS: readonly ((r: Random) => ReinitOptions)[] = [
  () => ({}),
  (r) => ({ numClasses: 1 + r.below(9) }),
  (r) => ({ numClasses: 3 + r.below(9), keepClasses: [r.below(3), 3] }),
  () => ({ numClasses: 3, labels: ['a', '|b', 'c<'] }),
  () => ({ featureExtractor: true }),
]

function optionsOf(r: Random): ReinitOptions {
  const selection = r.pick(SELECTIONS)
  const head = selection.head ? r.pick(HEADS)(r) : {}
  const drawn: ReinitOptions = {
    init: r.pick(INITIALIZERS),
    ...(r.one(6) ? { bias: r.pick(['keep', 'torch', 1] as const) } : {}),
    rng: r.one(6) ? 'torch' : 'philox',
    shared: r.pick(['rewrite', 'rewrite', 'fork', 'refuse']),
  }
  return {
    ...selection,
    ...head,
    ...(head.featureExtractor ? {} : drawn),
    data: r.pick(['copy', 'copy', 'reference', 'inline']),
    fan: r.pick(['graph', 'torch', 'effective']),
    ...(r.one(6) ? { inPlace: true } : {}),
    run: false,
  }
}
