// Skeletons of the seeds, and of models whose integers come in every packing: their models and their recipes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReinitError } from '../src/errors.js'
import { readModel } from '../src/readModel.js'
import { SKELETON_KEY } from '../src/skeleton/skeletonRecipe.js'
import { strip } from '../src/strip.js'
import { quantizedModels } from '../test/quantizedModels.js'
import { lay } from './folder.js'
import { type Seed, sharedSeeds } from './seeds.js'
import { type FieldNode, parse } from './wireTree.js'

/** In two parts: the model without the recipe's entry, and what that holds. */
export interface SkeletonSeed {
  readonly tree: readonly FieldNode[]
  readonly key: string
  readonly recipe: string
}

const quantized = Object.values(quantizedModels).map(({ bytes }): Seed => ({ model: bytes, files: {} }))
const folder = mkdtempSync(join(tmpdir(), 'onnx-reinit-fuzz-'))
const found: SkeletonSeed[] = []
for (const [i, seed] of [...sharedSeeds, ...quantized].entries()) {
  const skeleton = await skeletonOf(seed, i)
  if (skeleton) found.push(skeleton)
}
rmSync(folder, { recursive: true })

export const skeletons: readonly SkeletonSeed[] = found

/** null: it can't be scrambled, or there is nothing to leave out. */
async function skeletonOf({ model, files }: Seed, index: number): Promise<SkeletonSeed | null> {
  const own = join(folder, String(index))
  mkdirSync(own)
  lay(own, { 'm.onnx': model, ...files })
  const output = join(own, 's.onnx')
  try {
    await strip(join(own, 'm.onnx'), { output, leastBytes: 0, audit: false, rename: index % 4 === 3 ? 'all' : 'none' })
  } catch (error) {
    if (error instanceof ReinitError) return null
    throw error
  }
  const skeleton = readModel(output)
  const recipe = skeleton.metadata.get(SKELETON_KEY) ?? ''
  skeleton.close()
  // the last of the model's fields
  const tree = parse(readFileSync(output), 'Model').slice(0, -1)
  return { tree, key: SKELETON_KEY, recipe }
}
