import type { MaterializeOptions, ReinitOptions, ScrambleOptions } from '../src/reports.js'
import { mutate } from './mutate.js'
import { mutateRecipe, wide } from './mutateRecipe.js'
import { type Random, random } from './random.js'
import { type Seed, seeds, sharedSeeds } from './seeds.js'
import { skeletons } from './skeletons.js'
import { bytesField, type FieldNode, messageField, parse, write } from './wireTree.js'

/** What one number stands for: a model with the files beside it, and a job. */
export type Input = ReinitInput | ShareInput | SkeletonInput
export interface ReinitInput extends Seed {
  readonly job: 'reinit'
  readonly options: ReinitOptions
  /** Below the model's folder. */
  readonly output: string
}
/** To be scrambled, and stripped and drawn anew. */
export interface ShareInput extends Seed {
  readonly job: 'share'
  readonly options: Pick<ScrambleOptions, 'seed' | 'like' | 'rename' | 'data'>
  readonly leastBytes: number
  readonly data: Data
}
/** A skeleton that was tampered with. */
export interface SkeletonInput {
  readonly job: 'skeleton'
  readonly model: Uint8Array
  readonly data: Data
}
type Data = NonNullable<MaterializeOptions['data']>

/** One in so many inputs, as both take several times what the others do: the jobs beside the main one. */
const SHARE = 48
const SKELETON = 16

/** The input of a number, always the same. */
export function inputOf(index: number): Input {
  const r = random(index)
  if (index % SHARE === SHARE - 1) return shareInput(r)
  if (index % SKELETON === 0) return skeletonInput(r)
  return { job: 'reinit', ...mutated(seeds, r), options: optionsOf(r), output: r.pick(['out.onnx', 'out.onnx', 'o/out.onnx']) }
}

const trees = new Map([...seeds, ...sharedSeeds].map((seed) => [seed, parse(seed.model, 'Model')]))
const all = [...trees.values()]

function mutated(from: readonly Seed[], r: Random): Seed {
  const seed = r.pick(from)
  const model = mutate(trees.get(seed) ?? [], all, r)
  const cut = r.one(40) ? Object.entries(seed.files).map(([name, bytes]) => [name, bytes.subarray(0, r.below(bytes.length + 1))]) : null
  return { model, files: cut ? Object.fromEntries(cut) : seed.files }
}

function shareInput(r: Random): ShareInput {
  return {
    job: 'share',
    ...mutated(sharedSeeds, r),
    options: {
      seed: r.pick([0, 7, 2n ** 64n - 1n]),
      like: r.pick(['auto', 'auto', 'moments']),
      rename: r.pick(['none', 'none', 'inner', 'all']),
      data: r.pick(['inline', 'inline', 'copy']),
    },
    leastBytes: r.pick([0, 0, 0, 128]),
    data: dataOf(r),
  }
}

/** Its model, its recipe, or both are others. */
function skeletonInput(r: Random): SkeletonInput {
  const { tree, key, recipe } = r.pick(skeletons)
  const changes = r.pick(['model', 'recipe', 'recipe', 'both'])
  const text = changes === 'model' ? wide(recipe) : mutateRecipe(recipe, r.pick(skeletons).recipe, r)
  const entry = messageField(14, 'Entry', [bytesField(1, key), bytesField(2, text)])
  const fields: readonly FieldNode[] = [...tree, entry]
  return { job: 'skeleton', model: changes === 'recipe' ? write(fields) : mutate(fields, all, r), data: dataOf(r) }
}

const dataOf = (r: Random): Data => r.pick(['inline', 'inline', 'external'])

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
