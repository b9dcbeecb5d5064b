import { basename, join } from 'node:path'
import { sourceFile } from '../bytes/sourceFile.js'
import { splice } from '../bytes/splice.js'
import type { Model, Plan } from '../types.js'
import { addOutputs } from './edit/addOutputs.js'
import { plainName } from './external/plainName.js'

/**
 * The plan of a copy of a model in which values of its main graph are outputs too, to be looked at in a run: writePlan stages it in `folder`
 * with the model's data files linked (or copied, from another disk), it runs where it is staged, and is discarded.
 *
 *     const copy = await writePlan(probedCopy(model, names, folder), model)
 *     try {
 *       const probe = await probeModel({ path: copy.modelPath, byteLength, inputs }, names, options)
 *     } finally {
 *       copy.discard()
 *     }
 *
 * @throws RangeError as addOutputs does, ReinitError `io` where a file is no longer what was read.
 */
export function probedCopy(model: Model, names: Iterable<string>, folder: string): Plan {
  const source = sourceFile(model.path, model.byteLength)
  const patches = splice(addOutputs(model, names))
  const byteLength = patches.reduce((sum, p) => sum + p.byteLength - (p.end - p.start), source.byteLength)
  const name = basename(model.path)
  const data = new Map([...model.externalFiles.values()].map(({ location, path }) => [plainName(location), path]))
  return {
    fills: [],
    files: [{ path: join(folder, name), name, source, byteLength, patches }],
    companions: [...data].map(([location, path]) => ({ name: location, path })),
    output: join(folder, name),
    overwrite: false,
    inPlace: false,
  }
}
