import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ioError } from '../bytes/ioError.js'
import { usage } from '../errors.js'
import { commentedRecipe } from '../recipe/commentedRecipe.js'
import type { Command } from './command.js'
import { generalFlags } from './flags.js'
import { print } from './io.js'

export const initCommand: Command = {
  name: 'init',
  usage: '<file>',
  summary: 'write a commented recipe',
  operands: { noun: 'file', names: ['file'] },
  groups: [{ heading: 'Output', flags: [{ name: 'overwrite', summary: 'replace a file that exists' }, ...generalFlags] }],
  examples: [['init recipe.yaml', 'then edit it: onnx-reinit model.onnx --config recipe.yaml']],
  exits: [
    ['0', 'done'],
    ['1', 'the file can not be written'],
    ['2', 'usage: the file exists, or is no .yaml'],
  ],
  async run({ operands: [path = ''], given }, io) {
    if (path !== '-' && !/\.ya?ml$/i.test(path)) throw usage(`${path}: a commented recipe is YAML: give a name that ends in .yaml.`)
    const text = commentedRecipe(schemaFor(path))
    if (path === '-') {
      await print(io.stdout, [text])
      return 0
    }
    if (existsSync(path) && !given.has('overwrite')) throw usage(`${path} exists: give --overwrite or another name.`)
    try {
      writeFileSync(path, text)
    } catch (error) {
      throw ioError(error, `The recipe ${path} can't be written`)
    }
    await print(io.stdout, [`wrote ${path}: edit it, then onnx-reinit model.onnx --config ${path}\n`])
    return 0
  },
}

/** How an editor finds the schema that this package brings: from the recipe where it is installed beside, else from the root; null: it is not there. */
function schemaFor(path: string): string | null {
  const folder = path === '-' ? resolve() : dirname(resolve(path))
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const schema = join(at, 'recipe.schema.json')
    if (!existsSync(schema)) continue
    const beside = relative(folder, schema).split(sep).join('/')
    return /^(\.\.\/)*node_modules\//.test(beside) ? beside : pathToFileURL(schema).href
  }
  return null
}
