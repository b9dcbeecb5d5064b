/** How a metadata value lists class names, in the spellings that exporters use: JSON or Python, a list or a dictionary by index, or lines. */
export interface LabelText {
  readonly count: number
  write(this: void, labels: readonly string[]): string
}

const quotedPython = (text: string) =>
  text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`
/** A Python string in either quotes. */
const STRING = String.raw`(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`
const pythonItems = new RegExp(STRING, 'gs')
const pythonList = new RegExp(String.raw`^\s*\[\s*${STRING}(?:\s*,\s*${STRING})*\s*,?\s*\]\s*$`, 's')
const pythonDict = new RegExp(String.raw`^\s*\{\s*\d+\s*:\s*${STRING}(?:\s*,\s*\d+\s*:\s*${STRING})*\s*,?\s*\}\s*$`, 's')
const isNaming = /class|label|name|categor/i

/** null: no list of names. */
export function labelText(key: string, value: string): LabelText | null {
  if (!isNaming.test(key)) return null
  const json = parsed(value)
  if (Array.isArray(json) && json.every((v) => typeof v === 'string'))
    return { count: json.length, write: (labels) => JSON.stringify(labels) }
  if (json !== null && typeof json === 'object' && !Array.isArray(json)) {
    const keys = Object.keys(json)
    const isIndexed = keys.every((k, i) => k === String(i)) && Object.values(json).every((v) => typeof v === 'string')
    return isIndexed ? { count: keys.length, write: (labels) => JSON.stringify(Object.fromEntries(labels.entries())) } : null
  }
  const items = value.match(pythonItems)?.length ?? 0
  if (pythonDict.test(value)) return { count: items, write: (labels) => `{${labels.map((l, i) => `${i}: ${quotedPython(l)}`).join(', ')}}` }
  if (pythonList.test(value)) return { count: items, write: (labels) => `[${labels.map(quotedPython).join(', ')}]` }
  for (const separator of ['\n', ', ', ',', ';']) {
    const parts = value.trim().split(separator)
    if (parts.length > 1) return { count: parts.length, write: (labels) => labels.join(separator) }
  }
  return null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
