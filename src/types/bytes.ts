// Bytes of files.

/** Bytes [start, end) of one file; `file` is '' for the model itself, else relative to its folder, as ONNX `location` is. */
export interface ByteRange {
  readonly file: string
  readonly start: number
  readonly end: number
}

/** Something that bytes are read from; `read` returns exactly end − start bytes (a view that the next read may overwrite). */
export interface ByteSource {
  readonly byteLength: number
  read(start: number, end: number): Uint8Array
}

/** A length-delimited message on the wire: body [start, end), its length varint [lengthStart, start). A splice fixes these. */
export interface Frame {
  readonly parent: Frame | null
  readonly lengthStart: number
  readonly start: number
  readonly end: number
}
