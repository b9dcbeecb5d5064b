import type { Model, Plan } from '../../types.js'

/** What a plan with compact data files leaves out, in words; none where there are no such files. */
export function compactNote({ externalFiles }: Model, { files }: Plan): string[] {
  const data = files.slice(0, -1)
  if (data.length === 0) return []
  const sizes = new Map([...externalFiles.values()].map((f) => [f.path, f.byteLength]))
  const [before, after] = [sum(sizes.values()), sum(data.map((f) => f.byteLength))]
  return [`data files: ${shown(after)} bytes for ${shown(before)}, without what no tensor uses`]
}

const sum = (list: Iterable<number>) => [...list].reduce((n, value) => n + value, 0)
const shown = (bytes: number) => bytes.toLocaleString('en-US')
