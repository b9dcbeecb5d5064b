import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { usage } from '../errors.js'
import { statIfThere } from './statIfThere.js'

/** The default output: beside the input, its name with `ending` in place of `.onnx`, and .onnx. */
export const outputBeside = (path: string, ending: string): string =>
  join(dirname(path), `${basename(path).replace(/\.onnx$/i, '')}${ending}.onnx`)

/** As many as Linux follows. */
const MAX_LINKS = 40

/**
 * The regular file that a path means, or would be when it is made, in the real path of its folder. Links are followed, also one that
 * points at nothing yet.
 * @throws ReinitError `usage` for a folder, a device, or a place in a folder that does not exist.
 */
export function outputPath(output: string): string {
  if (output === '' || /[/\\]$/.test(output))
    throw usage(`The output ${JSON.stringify(output)} is a folder: give the name of a file with -o.`)
  let path = resolve(output)
  for (let links = 0; statIfThere(lstatSync, path)?.isSymbolicLink(); links++) {
    if (links === MAX_LINKS) throw usage(`The output ${output} is a link that goes in circles: give another name with -o.`)
    path = resolve(dirname(path), readlinkSync(path))
  }
  const stat = statIfThere(statSync, path)
  if (stat?.isDirectory()) throw usage(`The output ${output} is a folder: give the name of a file with -o.`)
  if (stat && !stat.isFile()) throw usage(`The output ${output} is not a regular file: give another name with -o, or -o - for a stream.`)
  const folder = dirname(path)
  if (!statIfThere(statSync, folder)?.isDirectory())
    throw usage(`The folder ${folder} of the output does not exist: make it, or give another with -o.`)
  return join(realpathSync(folder), basename(path))
}

/**
 * Refuses files in a folder that can't be made there: names that exist (unless they may be replaced), that are links or folders, or whose
 * own folder is a link to somewhere else.
 * @throws ReinitError `usage`
 */
export function refuseTaken(folder: string, names: readonly string[], overwrite: boolean): void {
  const inside = new Set<string>()
  for (const name of names) {
    const path = join(folder, name)
    const stat = statIfThere(lstatSync, path)
    if (stat && !stat.isFile()) throw usage(`${path} exists and is not a regular file: give another name or folder with -o.`)
    if (stat && !overwrite) throw usage(`${path} exists: give --overwrite, or another name or folder with -o.`)
    let parent = dirname(path)
    if (inside.has(parent)) continue
    inside.add(parent)
    while (!statIfThere(lstatSync, parent)) parent = dirname(parent)
    const isInside =
      statIfThere(statSync, parent)?.isDirectory() && (realpathSync(parent) + sep).startsWith(folder === sep ? sep : folder + sep)
    if (!isInside) throw usage(`${path} can't be made: ${parent} is not a folder of its own. Give another folder with -o.`)
  }
}
