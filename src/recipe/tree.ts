import { readFileSync, statSync } from 'node:fs'
import type { Document, Node } from 'yaml'
import { ioError } from '../bytes/ioError.js'
import { usage } from '../errors.js'

/** YAML or JSON as it is written: every value knows its line. */
export type Tree = { readonly line: number } & (
  | {
      readonly kind: 'scalar'
      readonly value: string | number | boolean | null /** As written, without quotes. */
      readonly source: string
    }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, { readonly line: number; readonly value: Tree }> }
)

/** Thousands of rules; what is larger is another kind of file. */
const MOST_BYTES = 1 << 20
/** Aliases of aliases grow without end. */
const MOST_VALUES = 100_000

/**
 * A YAML or JSON file. JSON is YAML, so that both have lines.
 * @throws ReinitError `io` where it can't be read, `usage` with its line where it is malformed.
 */
export async function readTree(path: string): Promise<Tree> {
  const text = readText(path)
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } = (await import('yaml')).default
  const lines = new LineCounter()
  const lineOf = (offset: number | undefined) => lines.linePos(offset ?? 0).line
  let count = 0
  const plain = (node: unknown, document: Document, line: number): Tree => {
    if (++count > MOST_VALUES) throw refuse(path, line, `more than ${MOST_VALUES} values, aliases included.`)
    if (isAlias(node)) return plain(node.resolve(document), document, lineOf(node.range?.[0]))
    const at = lineOf((node as Node | null)?.range?.[0]) || line
    if (isSeq(node)) return { kind: 'list', line: at, items: node.items.map((item) => plain(item, document, at)) }
    if (isMap(node))
      return {
        kind: 'map',
        line: at,
        entries: new Map(
          node.items.map(({ key, value }) => {
            const keyLine = lineOf((key as Node | null)?.range?.[0])
            if (!isScalar(key)) throw refuse(path, keyLine, 'a key must be a word.')
            return [String(key.value), { line: keyLine, value: plain(value, document, keyLine) }] as const
          }),
        ),
      }
    const value = isScalar(node) ? node.value : null
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value))
      throw refuse(path, at, 'this value is neither text, number, true, false nor null.')
    return { kind: 'scalar', line: at, value: value as string | number | boolean | null, source: (isScalar(node) && node.source) || '' }
  }
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    const [problem] = [...document.errors, ...document.warnings]
    if (problem) throw refuse(path, lineOf(problem.pos[0]), problem.message.replace(/\s+/g, ' ').replace(/\.?$/, '.'))
    return plain(document.contents, document, 1)
  } catch (error) {
    throw error instanceof RangeError ? refuse(path, 1, 'it is nested too deeply.') : error
  }
}

function readText(path: string): string {
  try {
    const { size } = statSync(path)
    if (size > MOST_BYTES) throw usage(`${path} has ${size} bytes, a recipe has at most ${MOST_BYTES}: is it another kind of file?`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw ioError(error, `The recipe ${path} can't be read`)
  }
}

/** An entry of a map; undefined where it has none, or is none. */
export const entryOf = (tree: Tree | undefined, key: string) => (tree?.kind === 'map' ? tree.entries.get(key) : undefined)

export const refuse = (path: string, line: number, message: string) => usage(`${path}:${line}: ${message}`)
