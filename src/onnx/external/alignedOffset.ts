/** From this size on a tensor starts at a page, so that it can be mapped (onnx.proto asks for it); smaller ones at a cache line. */
const PAGE_BYTES = 4096
const LINE_BYTES = 64
/** Windows maps files at multiples of this: an exporter that aligns, aligns to no more. */
const MAX_ALIGNMENT_BYTES = 65536

/** Where `byteLength` new bytes of a data file may start, from `offset` on. */
export const alignedOffset = (offset: number, byteLength: number): number =>
  roundUp(offset, byteLength >= PAGE_BYTES ? PAGE_BYTES : LINE_BYTES)

/** The power of two that an offset is a multiple of. */
export function alignmentOf(offset: number): number {
  let unit = MAX_ALIGNMENT_BYTES
  while (offset % unit !== 0) unit /= 2
  return unit
}

export const roundUp = (offset: number, unit: number): number => Math.ceil(offset / unit) * unit
