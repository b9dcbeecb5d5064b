/**
 * The value of a dimension that exporters name by its formula, such as "past_sequence_length + 1" or "2*s0": integers, other dimensions,
 * + - * // and brackets. null where the name is no formula over dimensions that the model has ("batch-size" is a name, unless it has both).
 * @param {string} name
 * @param {(part: string) => boolean} isDimension
 * @param {(part: string) => number} sizeOf
 * @returns {number | null}
 */
export function evaluateDimension(name, isDimension, sizeOf) {
  const tokens = name.match(/[A-Za-z_][\w.]*|\d+|\/\/|[-+*()]|\S/g) ?? []
  if (tokens.length < 3 || !tokens.every((t) => /^(\d+|\/\/|[-+*()])$/.test(t) || isDimension(t))) return null
  let at = 0
  /** @returns {number} */
  const factor = () => {
    const token = tokens[at++] ?? ''
    if (token === '(') {
      const value = sum()
      return tokens[at++] === ')' ? value : Number.NaN
    }
    if (/^\d+$/.test(token)) return Number(token)
    return isDimension(token) ? sizeOf(token) : Number.NaN
  }
  const product = () => {
    let value = factor()
    while (tokens[at] === '*' || tokens[at] === '//') value = tokens[at++] === '*' ? value * factor() : Math.floor(value / factor())
    return value
  }
  /** @returns {number} */
  const sum = () => {
    let value = product()
    while (tokens[at] === '+' || tokens[at] === '-') value = tokens[at++] === '+' ? value + product() : value - product()
    return value
  }
  const value = sum()
  return at === tokens.length && Number.isSafeInteger(value) && value >= 0 ? value : null
}
