/** Cc: control characters; Cf: formats, bidirectional ones among them; Zl, Zp: line and paragraph separators; Cs: lone surrogates. */
const invisible = () => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
/** Most names, for which the expression above, a millisecond to make, is not needed. */
const PLAIN = /^[ -~]*$/

/** A name of a file can't move the cursor, break a line or turn the reading direction: such characters become \x1b, \u202e. */
export function escapeControls(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(invisible(), (character) => {
    const code = character.codePointAt(0) as number
    const hex = code.toString(16)
    return code < 256 ? `\\x${hex.padStart(2, '0')}` : code < 65536 ? `\\u${hex}` : `\\u{${hex}}`
  })
}
