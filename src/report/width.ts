const ASCII = /^[ -~]*$/
const COMBINING = /\p{M}/u
/** Characters that a terminal draws two columns wide: East Asian wide and fullwidth, and pictographs. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** Columns that a text takes on a terminal. */
export function width(text: string): number {
  if (ASCII.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += WIDE.test(character) ? 2 : COMBINING.test(character) ? 0 : 1
  return columns
}

/** The text in at most `columns`, its middle left out. */
export function shorten(text: string, columns: number, ellipsis: string): string {
  if (width(text) <= columns) return text
  const room = Math.max(0, columns - width(ellipsis))
  const characters = Array.from(text)
  const head = take(characters, Math.floor(room / 2))
  const tail = take(characters.reverse(), room - width(head.join('')))
  return head.join('') + ellipsis + tail.reverse().join('')
}

function take(characters: readonly string[], columns: number): string[] {
  let end = 0
  for (let used = 0; end < characters.length; end++) {
    used += width(characters[end] as string)
    if (used > columns) break
  }
  return characters.slice(0, end)
}
