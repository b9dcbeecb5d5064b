import { realpathSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { ioError } from '../../bytes/ioError.js'
import { realPaths } from '../../bytes/realPaths.js'
import { statIfThere } from '../../bytes/statIfThere.js'
import { invalid } from '../../errors.js'
import type { ExternalFile } from '../../types.js'

/**
 * What resolves an ONNX `location` of a model. Refused: absolute paths, URLs, backslashes, NUL, `..`, and files whose real path is neither
 * below the model's folder nor below the folder of the model's real path (onnxruntime's rule; the Hugging Face cache passes).
 */
export function externalFile(modelPath: string): (location: string) => ExternalFile {
  const realOf = realPaths()
  let folders: readonly string[] | null = null
  const resolved = (location: string): ExternalFile => {
    const shown = JSON.stringify(location)
    if (/^([a-z][a-z0-9+.-]*:|\/)|[\\\0]/i.test(location) || location.split('/').includes('..'))
      throw invalid(`External data location ${shown} is not a plain path below the model's folder: refused.`)
    const path = join(dirname(modelPath), location)
    const stat = statIfThere(statSync, path)
    if (!stat) throw invalid(`External data file ${shown} is missing beside the model.`)
    const real = realOf(path)
    folders ??= [realpathSync(dirname(modelPath)), dirname(realpathSync(modelPath))]
    if (!folders.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
      throw invalid(`External data file ${shown} is a link that leaves the model's folder: refused.`)
    if (!stat.isFile()) throw invalid(`External data location ${shown} is not a file.`)
    return { location, path, byteLength: stat.size }
  }
  return (location) => {
    try {
      return resolved(location)
    } catch (error) {
      throw ioError(error, `External data file ${JSON.stringify(location)} can't be read`)
    }
  }
}
