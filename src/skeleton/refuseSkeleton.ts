import { usage } from '../errors.js'
import type { Model } from '../types.js'
import { SKELETON_KEY } from './skeletonRecipe.js'

/** @throws ReinitError `usage`: of a skeleton hardly anything could be changed, and what it becomes would no longer have its hash. */
export function refuseSkeleton({ metadata, path }: Model): void {
  if (metadata.has(SKELETON_KEY))
    throw usage(`${path} is a skeleton, which holds no values: onnx-reinit materialize ${path} makes a model of it.`)
}
