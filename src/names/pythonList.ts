/** Strings of a Python list literal, `['a', "it's", 'b\'c']`, as exporters write them into metadata; null where it is none. */
export function pythonList(text: string): string[] | null {
  const body = /^\s*\[(.*)\]\s*$/s.exec(text)?.[1]
  if (body === undefined) return null
  const items: string[] = []
  let at = 0
  for (const match of body.matchAll(ITEM)) {
    if (match.index !== at) return null
    at += match[0].length
    items.push(
      (match[1] ?? match[2] ?? '').replace(ESCAPE, (_, hex: string | undefined, c: string) =>
        hex ? String.fromCodePoint(Number.parseInt(hex.slice(1), 16)) : (ESCAPED[c] ?? c),
      ),
    )
  }
  return at === body.length ? items : null
}

const ITEM = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(?:,|$)\s*/gs
const ESCAPE = /\\(?:(x[\da-f]{2}|u[\da-f]{4})|(.))/gis
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
