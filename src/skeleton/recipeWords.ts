import { codeTypes } from '../init/codeTypes.js'
import { dataTypes } from '../onnx/values/dataTypes.js'
import { Window } from '../bytes/source.js'
import { Cursor } from '../bytes/wire.js'
import { readEntry } from '../onnx/read/readTensor.js'
import { type ScannedField, scanFields } from '../onnx/edit/scanFields.js'
import { choices } from '../reports.js'
import type { Model } from '../types.js'
import { matrixInitializers, METADATA_PROPS, plainInitializers, SKELETON_KEY } from './skeletonRecipe.js'

/** The metadata entries that make a model a skeleton: one, if it is right. */
export function recipeEntries(model: Model): ScannedField[] {
  if (!model.metadata.has(SKELETON_KEY)) return []
  const window = new Window(model.source)
  return scanFields(model, { parent: null, lengthStart: 0, start: 0, end: model.byteLength }).filter(
    ({ number, body }) => number === METADATA_PROPS && body && readEntry(new Cursor(window, body))[0] === SKELETON_KEY,
  )
}

/** Keys of every object of a recipe (skeletonRecipe.ts). */
const KEYS =
  'version tool sha256 byteLength seed groups tensors stepsOf codes steps scalesOf zeroPoints name scope stream init matrices fan layout stacked role widths type dims blocks packing zero least greatest padding of factor scales members tensor dataType'
/** Values that are words. */
const VALUES = ['in', 'out', 'spatial', 'batch', 'plain', 'nbits', 'bytes', 'floats', ...choices.roles]
const words: ReadonlySet<string> = new Set([
  ...KEYS.split(' '),
  ...VALUES,
  ...Object.keys(codeTypes),
  ...Object.values(dataTypes).map(([name]) => name),
])
/** What wrote it; a stream; a hash. */
const OWN = /^(onnx-reinit [\d.]+|[0-9a-f]{16}|[0-9a-f]{64})$/
const QUOTE = 0x22

/**
 * Whether bytes [start, end) of a model lie in its recipe and say nothing there: in a word that any recipe may have, or in the name of a
 * tensor, which stands in the graph too. Of a model that is no skeleton, none do.
 */
export function saidByRecipe(model: Model): (start: number, end: number) => boolean {
  const [entry] = recipeEntries(model)
  if (!entry) return () => false
  let recipe: Buffer | null = null
  let names: ReadonlySet<string> | null = null
  return (start, end) => {
    if (start < entry.start || end > entry.end) return false
    recipe ??= Buffer.from(new Window(model.source).slice(entry.start, entry.end))
    const [from, to] = [start - entry.start, end - entry.start]
    const key = recipe.indexOf(SKELETON_KEY)
    if (from >= key && to <= key + SKELETON_KEY.length) return true
    const close = recipe.indexOf(QUOTE, from)
    if (to > close) return false
    const word = recipe.toString('utf8', recipe.lastIndexOf(QUOTE, from) + 1, close)
    const [initializer = ''] = word.split(':')
    if (words.has(word) || OWN.test(word) || plainInitializers.has(initializer) || matrixInitializers.has(initializer)) return true
    names ??= new Set(model.tensors.flatMap((t) => [t.name, t.graph.scope]))
    return names.has(word)
  }
}
