/** Bytes of the shortest varint of a whole number below 2^53. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

/** A whole number below 2^53 as a varint of `width` bytes, by default the shortest; padding is legal on the wire and changes no value. */
export function encodeVarint(value: number, width = varintLength(value)): Uint8Array {
  const bytes = new Uint8Array(width)
  let rest = value
  for (let i = 0; i < width; i++) {
    bytes[i] = (rest % 128) | (i < width - 1 ? 128 : 0)
    rest = Math.floor(rest / 128)
  }
  return bytes
}
